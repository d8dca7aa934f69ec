//! The data API: keys of its own, which read some of the sources and do nothing else.

use uuid::Uuid;

use crate::access::{Account, Credentials, same_secret};
use crate::base::{Error, Kind};
use crate::catalogue::Source;

/// Who reads what by the data API. It holds secrets, and so cannot be printed.
#[derive(Clone, Default)]
pub(crate) struct DataApi {
    /// The keys, none of which is an API key.
    pub(crate) keys: Vec<String>,
    /// The sources that all of the keys read: by uuid, or by name those of the account of plain API keys. A name of another
    /// account is nobody's to give.
    pub(crate) sources: Vec<String>,
}

impl DataApi {
    /// Refuses keys that would not do.
    pub(crate) fn check_keys(&self, credentials: &Credentials) -> Result<(), Error> {
        if self.keys.iter().any(|key| key.trim().is_empty()) {
            return Err(Error::refused("a key of the data API is empty"));
        }
        if self.keys.iter().any(|key| credentials.keys.iter().any(|(_, api_key)| api_key == key)) {
            return Err(Error::refused(
                "a key of the data API is an API key as well, and whoever has it could do anything: take another one",
            ));
        }
        Ok(())
    }

    /// Refuses a request without a key of the data API. Takes the same time whichever key it is.
    pub(crate) fn check(&self, key: Option<&str>) -> Result<(), Error> {
        let refused = |why| Err(Error::new(Kind::Unauthorized, why));
        let Some(key) = key else {
            return refused("the request has no key of the data API: send it in the header x-api-key");
        };
        if self.keys.iter().fold(false, |found, own| found | same_secret(own, key)) {
            return Ok(());
        }
        refused("the key is none of this server's data API, which has keys of its own")
    }

    /// Whether the data API reads a source.
    pub(crate) fn reads(&self, source: &Source) -> bool {
        let is_named = source.account == Account::default_account() && self.sources.contains(&source.name);
        is_named || self.uuids().any(|uuid| uuid == source.uuid)
    }

    /// The uuids among the sources that it reads.
    pub(crate) fn uuids(&self) -> impl Iterator<Item = Uuid> {
        self.sources.iter().filter_map(|source| Uuid::parse_str(source).ok())
    }
}
