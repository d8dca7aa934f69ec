//! Connections beyond the limit: they wait for a free slot, except for requests of monitoring.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The maximum number of waiting connections. The system queues more.
pub(super) const MAX_WAITING: usize = 256;

/// The starts of requests that are served without a slot.
const MONITORING: [&[u8]; 2] = [b"GET /health", b"GET /metrics"];

/// The time between two looks at the bytes of a connection that has sent a part of a request line.
const PAUSE: Duration = Duration::from_millis(20);

/// The end of waiting.
pub(super) enum Admitted {
    /// The connection has a slot.
    Slot(OwnedSemaphorePermit),
    /// The next request is one of monitoring.
    Monitoring,
    /// The client has disconnected, or has sent nothing in time.
    No,
}

/// Waits until the connection gets a slot or shows that its request is one of monitoring.
pub(super) async fn admitted(stream: &TcpStream, slots: &Arc<Semaphore>, timeout: Duration) -> Admitted {
    let slot = async {
        match Arc::clone(slots).acquire_owned().await {
            Ok(slot) => Admitted::Slot(slot),
            // The semaphore is never closed.
            Err(_) => Admitted::No,
        }
    };
    let monitoring = async {
        match tokio::time::timeout(timeout, is_monitoring(stream)).await {
            Ok(Ok(Some(true))) => Admitted::Monitoring,
            // The client waits for its turn, as long as it likes.
            Ok(Ok(Some(false))) => std::future::pending().await,
            Ok(Ok(None) | Err(_)) | Err(_) => Admitted::No,
        }
    };
    tokio::select! {
        biased;
        slot = slot => slot,
        monitoring = monitoring => monitoring,
    }
}

/// Looks at the first bytes of a request without reading them. Returns `None` if the client has disconnected.
async fn is_monitoring(stream: &TcpStream) -> io::Result<Option<bool>> {
    let mut bytes = [0; 16];
    loop {
        let length = stream.peek(&mut bytes).await?;
        let sent = &bytes[..length];
        if length == 0 {
            return Ok(None);
        }
        if MONITORING.iter().any(|start| sent.starts_with(start)) {
            return Ok(Some(true));
        }
        if !MONITORING.iter().any(|start| start.starts_with(sent)) {
            return Ok(Some(false));
        }
        // The bytes that have been seen would wake this up at once.
        tokio::time::sleep(PAUSE).await;
    }
}
