//! The client: an API key, a server and the connections to it, shared by all its clones.

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
/// Cheap to clone: clones share their connections and caches.
#[derive(Debug, Clone)]
pub struct Client {
    session: Session,
}

impl Client {
    /// Returns a builder for a client of the hosted platform.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Creates a client from the environment.
    ///
    /// The API key is the environment variable `SERENYTICS_API_KEY`, or the script parameter of
    /// that name (the file `params.json` in the working directory, or the variable
    /// `_SERENYTICS_PARAMS`). The server is the URL in `SERENYTICS_API_DOMAIN` (default: the hosted
    /// platform).
    ///
    /// # Errors
    /// Returns an error if there is no key or the URL is invalid.
    pub fn from_env() -> Result<Client, Error> {
        ClientBuilder::environment(&Environment::process())?.build()
    }

    /// Returns the same client with another timeout for whole calls. It also raises the read
    /// timeout to at least this: the server may send nothing for that long.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Client {
        Client { session: self.session.with_timeout(timeout) }
    }

    /// Returns the server's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        self.session.url().as_str()
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }
}

impl Client {
    /// Returns the parameters of the running script.
    ///
    /// They are read from the file `params.json` in the working directory, or from the environment
    /// variable `_SERENYTICS_PARAMS` (base64-encoded JSON); without either, they are an empty
    /// object. The API key is left out: use [`Client::from_env`] for it.
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
    /// Returns an error if the parameters are not a JSON object, or cannot be read as a `T`.
    pub fn script_args<T: DeserializeOwned>() -> Result<T, Error> {
        Environment::process().script_args()
    }
}
