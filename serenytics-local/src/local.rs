//! The embedded engine: a server inside a program, on a free port and with a random API key.

use std::path::PathBuf;

use serenytics_core::Client;

use crate::access;
use crate::base::{Context, Error};
use crate::server::Server;

/// The embedded engine. It runs in this process and stops when it is dropped.
///
/// ```no_run
/// # async fn example() -> Result<(), serenytics_local::Error> {
/// let local = serenytics_local::Local::open("data").await?;
/// let client = local.client();
/// local.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub struct Local {
    server: Server,
    key: String,
    client: Client,
}

impl Local {
    /// Opens a data folder, creating it if needed, and serves it on a free port of this machine.
    ///
    /// # Errors
    /// Returns an error if the folder is in use by another engine, or cannot be read or written.
    pub async fn open(folder: impl Into<PathBuf>) -> Result<Local, Error> {
        let key = access::random();
        let server = Server::builder(folder).api_key(&key).start().await?;
        let client = Client::builder()
            .url(server.url())
            .api_key(&key)
            .build()
            .context("could not create the client of the engine")?;
        Ok(Local { server, key, client })
    }

    /// Returns the URL of the API.
    #[must_use]
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// Returns the API key. It is different each time the folder is opened.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.key
    }

    /// Returns a client of this engine.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Stops the engine. The data folder is unlocked when this returns.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Local").field("url", &self.url()).finish_non_exhaustive()
    }
}
