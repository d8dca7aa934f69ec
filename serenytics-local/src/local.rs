//! The engine inside of a program: a free port, a random key, a folder.

use std::path::PathBuf;

use serenytics_core::Client;

use crate::access;
use crate::error::{Context, Error};
use crate::server::Server;

/// An engine that runs inside of this program and stops when it is dropped.
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
    /// Opens a data folder, which is made if it does not exist, on a free port of this machine.
    ///
    /// # Errors
    /// The folder is in use by another engine, or cannot be used.
    pub async fn open(folder: impl Into<PathBuf>) -> Result<Local, Error> {
        let key = access::random();
        let server = Server::builder(folder).api_key(&key).start().await?;
        let client = Client::builder()
            .url(server.url())
            .api_key(&key)
            .build()
            .context("the engine's client could not be set up")?;
        Ok(Local { server, key, client })
    }

    /// The URL of the API.
    #[must_use]
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// The API key, which is another one each time.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.key
    }

    /// A client of this engine.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Stops the engine. The data folder is free when this returns.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Local").field("url", &self.url()).finish_non_exhaustive()
    }
}
