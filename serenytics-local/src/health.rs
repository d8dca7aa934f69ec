//! The health of the server: whether its catalogue and its data folder can be used.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::base::{Context, Error, Uploads};
use crate::catalogue::Catalogue;

/// How long a result is reused: requests need no key, and each check writes to the disk.
const RESULT_TTL: Duration = Duration::from_secs(1);
/// Time limit of a check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// Checks the health of the server.
pub(crate) struct Health {
    catalogue: Catalogue,
    uploads: Arc<Uploads>,
    /// The time and the result of the last check.
    last: Mutex<Option<(Instant, bool)>>,
}

impl Health {
    /// Creates the service.
    pub(crate) fn new(catalogue: Catalogue, uploads: Arc<Uploads>) -> Health {
        Health { catalogue, uploads, last: Mutex::default() }
    }

    /// Returns true if the server is healthy. The reason of a failure goes to the log.
    pub(crate) async fn is_healthy(&self) -> bool {
        let mut last = self.last.lock().await;
        if let Some((asked, is_healthy)) = *last
            && asked.elapsed() < RESULT_TTL
        {
            return is_healthy;
        }
        let result = tokio::time::timeout(CHECK_TIMEOUT, self.check()).await;
        let result = result.unwrap_or_else(|error| Err(Error::failed("the disk does not respond", error)));
        if let Err(error) = &result {
            tracing::error!(errors = ?error.messages(), "the server is not healthy");
        }
        *last = Some((Instant::now(), result.is_ok()));
        result.is_ok()
    }

    /// Reads from the catalogue and writes to the data folder.
    async fn check(&self) -> Result<(), Error> {
        const FAILED: &str = "could not write to the data folder";
        self.catalogue.check().await?;
        let uploads = Arc::clone(&self.uploads);
        tokio::task::spawn_blocking(move || uploads.check()).await.context(FAILED)?.context(FAILED)
    }
}
