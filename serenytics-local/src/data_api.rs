//! The data API: separate keys that can read some of the sources, and nothing else.

use uuid::Uuid;

use crate::access::{Account, Credentials, same_secret};
use crate::base::{Error, Kind};
use crate::catalogue::Source;

/// The keys of the data API, and the sources that they can read. There is no `Debug`, because the keys are secrets.
#[derive(Clone, Default)]
pub(crate) struct DataApi {
    /// The keys. None of them is also an API key.
    pub(crate) keys: Vec<String>,
    /// The sources that each key can read: their uuids, or their names in the account of plain API keys. Sources of
    /// other accounts must be identified by uuid.
    pub(crate) sources: Vec<String>,
}

impl DataApi {
    /// Rejects empty keys, and keys that are also API keys.
    pub(crate) fn check_keys(&self, credentials: &Credentials) -> Result<(), Error> {
        if self.keys.iter().any(|key| key.trim().is_empty()) {
            return Err(Error::refused("a key of the data API is empty"));
        }
        if self.keys.iter().any(|key| credentials.keys.iter().any(|(_, api_key)| api_key == key)) {
            return Err(Error::refused(
                "a key of the data API is also an API key, which is not limited to reading: use another key",
            ));
        }
        Ok(())
    }

    /// Rejects a request without a key of the data API. The time does not depend on which key matches.
    pub(crate) fn check(&self, key: Option<&str>) -> Result<(), Error> {
        let refused = |why| Err(Error::new(Kind::Unauthorized, why));
        let Some(key) = key else {
            return refused("the request has no key of the data API: send it in the header x-api-key");
        };
        if self.keys.iter().fold(false, |found, own| found | same_secret(own, key)) {
            return Ok(());
        }
        refused("unknown key of the data API: other API keys are not valid for it")
    }

    /// Returns true if the data API can read a source.
    pub(crate) fn reads(&self, source: &Source) -> bool {
        let is_named = source.account == Account::default_account() && self.sources.contains(&source.name);
        is_named || self.uuids().any(|uuid| uuid == source.uuid)
    }

    /// Returns the uuids in the list of sources.
    pub(crate) fn uuids(&self) -> impl Iterator<Item = Uuid> {
        self.sources.iter().filter_map(|source| Uuid::parse_str(source).ok())
    }
}
