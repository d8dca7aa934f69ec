//! The client: the API key, the server and the connections to it, shared by all its clones.

mod builder;
mod environment;

pub use builder::ClientBuilder;

use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::client::environment::Environment;
use crate::error::Error;
use crate::session::Session;

/// A client of the platform, hosted or embedded.
///
/// Cheap to clone: clones share connections and what was learned of the server.
#[derive(Debug, Clone)]
pub struct Client {
    session: Session,
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

    /// The same client with another deadline for whole calls, for those that take longer. The server may be silent for as long.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Client {
        Client { session: self.session.with_timeout(timeout) }
    }

    /// The server's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        self.session.url().as_str()
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
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
