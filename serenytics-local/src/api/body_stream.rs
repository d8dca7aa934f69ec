//! Streams of request bodies: their minimum rate, and the rest of a body that a handler does not read.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use bytes::Bytes;
use futures_util::stream::try_unfold;
use futures_util::{Stream, StreamExt};
use tokio::runtime::Handle;

use crate::base::Error;

/// The minimum rate in bytes per second at which clients must send files and read responses.
pub(crate) const MIN_BYTES_PER_SECOND: u64 = 1024;

/// A body stream that fails if the client sends too slowly: it could occupy a connection for days otherwise.
pub(super) struct MinRateBody {
    body: BodyDataStream,
    /// The rate must be reached once in every window of this length.
    window: Duration,
    since: Instant,
    received: u64,
}

impl MinRateBody {
    /// Wraps a body. Each `window` must reach the minimum rate.
    pub(super) fn new(body: Body, window: Duration) -> MinRateBody {
        MinRateBody { body: body.into_data_stream(), window, since: Instant::now(), received: 0 }
    }

    /// Returns the chunks.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, Error>> {
        try_unfold(self, async |mut body_stream| Ok(body_stream.next().await?.map(|chunk| (chunk, body_stream))))
    }

    /// Returns the next chunk; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let slow = || {
            Error::refused(format!(
                "the client sends too slowly: at least {MIN_BYTES_PER_SECOND} bytes per second are required"
            ))
        };
        let left = self.window.saturating_sub(self.since.elapsed());
        let chunk = tokio::time::timeout(left, self.body.next()).await.map_err(|_| slow())?;
        let Some(chunk) = chunk else { return Ok(None) };
        let chunk = chunk.map_err(|error| Error::refused(error.to_string()))?;
        self.received += chunk.len() as u64;
        if self.received >= MIN_BYTES_PER_SECOND * self.window.as_secs().max(1) {
            (self.since, self.received) = (Instant::now(), 0);
        }
        Ok(Some(chunk))
    }
}

/// The maximum number of bytes to drain from an unread body.
const DRAIN_LIMIT: usize = 64 * 1024 * 1024;
/// The maximum time to drain an unread body; the client timeout applies if it is shorter.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);

/// Drains the rest of a body that the handler does not read, within limits. A client whose connection closes while it
/// still sends would never read the response. A client that sends below the minimum rate is not waited for again.
pub(super) fn drain_on_drop(request: Request, received: Arc<AtomicU64>, timeout: Duration) -> Request {
    let begun = Instant::now();
    request.map(|body| Body::from_stream(DrainOnDrop { body: Some(body.into_data_stream()), received, begun, timeout }))
}

struct DrainOnDrop {
    body: Option<BodyDataStream>,
    /// Number of bytes that the handler read.
    received: Arc<AtomicU64>,
    begun: Instant,
    /// The client timeout.
    timeout: Duration,
}

impl DrainOnDrop {
    /// Returns true if the client has had its timeout, and has sent less than the minimum rate.
    fn is_slow(&self) -> bool {
        let waited = self.begun.elapsed();
        waited >= self.timeout && self.received.load(Ordering::Relaxed) < waited.as_secs() * MIN_BYTES_PER_SECOND
    }
}

impl Stream for DrainOnDrop {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let chunk = ready!(body.poll_next_unpin(context));
        match &chunk {
            Some(Ok(bytes)) => {
                self.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            }
            _ => self.body = None,
        }
        Poll::Ready(chunk)
    }
}

impl Drop for DrainOnDrop {
    fn drop(&mut self) {
        let Some(mut body) = self.body.take() else { return };
        if self.is_slow() {
            return;
        }
        let rest = async move {
            let mut size = 0;
            while let Some(Ok(chunk)) = body.next().await {
                size += chunk.len();
                if size > DRAIN_LIMIT {
                    break;
                }
            }
        };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(tokio::time::timeout(self.timeout.min(DRAIN_TIMEOUT), rest));
        }
    }
}
