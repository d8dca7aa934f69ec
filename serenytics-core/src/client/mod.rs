//! The client: the API key, the server and the connections to it, shared by all its clones.

mod builder;
mod environment;

pub use builder::ClientBuilder;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;
use serde::de::DeserializeOwned;

use crate::api_key::ApiKey;
use crate::client::environment::Environment;
use crate::error::Error;
use crate::session::Measures;
use crate::transport::Deadline;

/// A client of the platform, hosted or embedded.
///
/// Cheap to clone: clones share connections and what was learned of the server.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    deadlines: Deadlines,
}

struct Shared {
    /// For calls of the API, which follow no redirect.
    http: reqwest::Client,
    /// For files that are somewhere else, which are got without the key.
    downloads: reqwest::Client,
    url: Url,
    api_key: ApiKey,
    key_header: HeaderValue,
    /// The uuids of sources that were found by name.
    uuids: Mutex<HashMap<String, String>>,
    /// The measures of sources, by the source's uuid.
    measures: Mutex<HashMap<String, Arc<Measures>>>,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    pub(crate) connect: Duration,
    pub(crate) read: Duration,
    pub(crate) overall: Duration,
}

impl Client {
    /// A builder, with the hosted platform as its server.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// The client that the surroundings describe.
    ///
    /// The API key is the environment variable `SERENYTICS_API_KEY`, else the parameter of the same name that a running
    /// script finds in the file `params.json` of its working directory or in `_SERENYTICS_PARAMS`. The server is
    /// `SERENYTICS_API_DOMAIN`, a URL, or the hosted platform.
    ///
    /// # Errors
    /// No key, or a URL that is none.
    pub fn from_env() -> Result<Client, Error> {
        ClientBuilder::environment(&Environment::process())?.build()
    }

    pub(crate) fn new(
        [http, downloads]: [reqwest::Client; 2],
        url: Url,
        api_key: ApiKey,
        key_header: HeaderValue,
        deadlines: Deadlines,
    ) -> Client {
        let (uuids, measures) = (Mutex::default(), Mutex::default());
        Client { shared: Arc::new(Shared { http, downloads, url, api_key, key_header, uuids, measures }), deadlines }
    }

    /// A client of the same server over the same connections, whose key is another secret.
    pub(crate) fn with_token(&self, token: ApiKey) -> Client {
        let Shared { http, downloads, url, key_header, .. } = &*self.shared;
        Client::new([http.clone(), downloads.clone()], url.clone(), token, key_header.clone(), self.deadlines)
    }

    /// The same client with another deadline for whole calls, for those that take longer. The server may be silent for as long.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Client {
        let mut client = self.clone();
        client.deadlines.overall = timeout;
        client.deadlines.read = client.deadlines.read.max(timeout);
        client
    }

    /// The server's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        self.shared.url.as_str()
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.shared.http
    }

    pub(crate) fn downloads(&self) -> &reqwest::Client {
        &self.shared.downloads
    }

    pub(crate) fn base(&self) -> &Url {
        &self.shared.url
    }

    pub(crate) fn api_key(&self) -> &ApiKey {
        &self.shared.api_key
    }

    pub(crate) fn key_header(&self) -> &HeaderValue {
        &self.shared.key_header
    }

    /// The deadline of a call that begins now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.deadlines.overall, "`timeout` of the client's builder, or `with_timeout`,")
    }

    /// When a call that has a timeout of its own, named so, has to be over.
    pub(crate) fn deadline_or(&self, own: Option<Duration>, named: &'static str) -> Deadline {
        own.map_or_else(|| self.deadline(), |timeout| Deadline::after(timeout, named))
    }

    pub(crate) fn deadlines(&self) -> Deadlines {
        self.deadlines
    }

    /// The uuids of sources that were found by name.
    pub(crate) fn known_uuids(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.shared.uuids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The measures of sources, by the source's uuid.
    pub(crate) fn known_measures(&self) -> MutexGuard<'_, HashMap<String, Arc<Measures>>> {
        self.shared.measures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// The parameters that the running script was started with: the file `params.json` of the working directory, else the
    /// environment variable `_SERENYTICS_PARAMS`, JSON in base64. Without either it is an empty object. The API key, which may
    /// be among them, is left out: [`Client::from_env`] finds it.
    ///
    /// ```no_run
    /// #[derive(serde::Deserialize)]
    /// struct Parameters {
    ///     country: String,
    ///     days: Option<u32>,
    /// }
    ///
    /// let parameters: Parameters = serenytics_core::Client::script_args()?;
    /// # Ok::<(), serenytics_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Parameters that are no JSON object, or no `T`.
    pub fn script_args<T: DeserializeOwned>() -> Result<T, Error> {
        Environment::process().script_args()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.shared.api_key.redact(self.url().to_owned()))
            .field("api_key", &self.shared.api_key)
            .field("deadlines", &self.deadlines)
            .finish_non_exhaustive()
    }
}
