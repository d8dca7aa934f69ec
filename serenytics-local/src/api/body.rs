//! Request bodies in memory: limits on their size, memory and speed, and their JSON. The content type is ignored.

use std::borrow::Cow;
use std::error::Error as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures_util::stream::try_unfold;
use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;
use serenytics_engine::check_json_numbers;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use crate::base::{Error, Kind, Memory, VALUE_SIZE, VALUES};

/// The maximum size in bytes of a body, except for batches.
pub(super) const SMALL: usize = 4 * 1024 * 1024;

/// The maximum size in bytes of the body of a batch.
pub(super) const LARGE: usize = 64 * 1024 * 1024;

/// Time limit for reading a body: while it holds memory, other requests may have to wait.
const READ_TIMEOUT: Duration = Duration::from_secs(120);

/// A body in memory, with the permits for its memory.
pub(super) struct BufferedBody {
    bytes: Bytes,
    permit: MemoryPermit,
}

/// The permits for the memory of a body and its parsed values. Keep this as long as any part of the body is in memory.
#[derive(Debug, Default)]
pub(super) struct MemoryPermit {
    _permits: Vec<OwnedSemaphorePermit>,
}

impl BufferedBody {
    /// Reads a body of at most `limit` bytes.
    pub(super) async fn read(
        memory: &Memory,
        headers: &HeaderMap,
        body: Body,
        limit: usize,
    ) -> Result<BufferedBody, Error> {
        let declared =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if declared.is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        let body_permit = memory.reserve_body(declared.unwrap_or(limit).div_ceil(1024)).await?;
        let slow = |_| Error::refused(format!("the body did not arrive within {} seconds", READ_TIMEOUT.as_secs()));
        let read = tokio::time::timeout(READ_TIMEOUT, to_bytes(body, limit)).await.map_err(slow)?;
        let bytes = read.map_err(|error| {
            // The size limit is one of the possible causes.
            match error.source().map(ToString::to_string) {
                Some(cause) if cause.contains("length limit") => too_large(limit),
                _ => Error::refused(format!("could not read the body: {error}")),
            }
        })?;
        let values = values(&bytes);
        if values > VALUES {
            return Err(Error::new(
                Kind::TooLarge,
                format!(
                    "the body has {values} JSON values, more than the limit of {VALUES}: split it into several requests"
                ),
            ));
        }
        let mut permits = vec![body_permit];
        // Queries and pushes never wait for the memory of batches.
        if limit > SMALL {
            let busy = |_| Error::new(Kind::Busy, "too many batches are running: try again later");
            let reserved = memory.reserve_values(values * VALUE_SIZE / 1024);
            permits.push(tokio::time::timeout(READ_TIMEOUT, reserved).await.map_err(busy)??);
        }
        Ok(BufferedBody { bytes, permit: MemoryPermit { _permits: permits } })
    }

    /// Returns the permits, for a caller that keeps part of the body.
    pub(super) fn permit(self) -> MemoryPermit {
        self.permit
    }

    /// Returns true if the body is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Parses the body as a JSON object.
    pub(super) fn object<T: DeserializeOwned>(&self) -> Result<T, Error> {
        // serde would read a list as the values of the fields in order.
        if self.bytes.trim_ascii_start().first() == Some(&b'[') {
            return Err(Error::refused("expected a JSON object as the body, found a list"));
        }
        self.json()
    }

    /// Returns the JSON of the body, with `null` for each `NaN`.
    pub(super) fn bytes(&self) -> Bytes {
        match without_nan(&self.bytes) {
            Cow::Borrowed(_) => self.bytes.clone(),
            Cow::Owned(bytes) => bytes.into(),
        }
    }

    /// Checks that parsing the body changes no number in it.
    pub(super) fn check_numbers(&self) -> Result<(), Error> {
        Ok(check_json_numbers(&self.bytes)?)
    }

    /// Parses the body as JSON. A bare `NaN`, as Python writes it, becomes null.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        json(&without_nan(&self.bytes))
    }
}

/// Parses JSON bytes.
pub(super) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::refused(format!("invalid JSON body: {error}")))
}

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
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
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
/// still sends would never read the response.
pub(super) fn drain_on_drop(request: Request, received: Arc<AtomicU64>, timeout: Duration) -> Request {
    let timeout = timeout.min(DRAIN_TIMEOUT);
    request.map(|body| Body::from_stream(DrainOnDrop { body: Some(body.into_data_stream()), received, timeout }))
}

struct DrainOnDrop {
    body: Option<BodyDataStream>,
    /// Number of bytes that the handler read.
    received: Arc<AtomicU64>,
    timeout: Duration,
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
            runtime.spawn(tokio::time::timeout(self.timeout, rest));
        }
    }
}

fn too_large(limit: usize) -> Error {
    let message = format!("the body is larger than {} MiB: split it into several requests", limit / 1024 / 1024);
    Error::new(Kind::TooLarge, message)
}

/// Returns an upper bound of the number of JSON values, by counting commas and opening brackets.
fn values(json: &[u8]) -> usize {
    let mut values = 1;
    let (mut in_string, mut is_escaped) = (false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => values += 1,
            _ => {}
        }
    }
    values
}

/// Replaces each `NaN` outside of strings with `null`.
fn without_nan(json: &[u8]) -> Cow<'_, [u8]> {
    if !json.windows(3).any(|window| window == b"NaN") {
        return Cow::Borrowed(json);
    }
    let mut replaced = Vec::with_capacity(json.len() + 64);
    let mut in_string = false;
    let mut rest = json;
    while let Some((&byte, after)) = rest.split_first() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                // The next byte belongs to the escape, even if it is a quote or a backslash.
                replaced.extend_from_slice(&rest[..rest.len().min(2)]);
                rest = rest.get(2..).unwrap_or_default();
                continue;
            }
            b'N' if !in_string && rest.starts_with(b"NaN") => {
                replaced.extend_from_slice(b"null");
                rest = &rest[3..];
                continue;
            }
            _ => {}
        }
        replaced.push(byte);
        rest = after;
    }
    Cow::Owned(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_nan_becomes_null_and_strings_are_unchanged() {
        let read = |json: &str| String::from_utf8(without_nan(json.as_bytes()).into_owned()).unwrap();
        assert_eq!(read(r#"[NaN,1,{"a":NaN}]"#), r#"[null,1,{"a":null}]"#);
        assert_eq!(read(r#"["NaN", "a\"NaN", NaN]"#), r#"["NaN", "a\"NaN", null]"#);
        assert_eq!(read(r#"["\\", NaN]"#), r#"["\\", null]"#);
        assert_eq!(read("[1]"), "[1]");
        assert_eq!(read(r#"["NaN\"#), r#"["NaN\"#);
    }

    #[test]
    fn values_are_counted_outside_of_strings() {
        assert_eq!(values(br#"[1,{"a,[":"\",,","b":2}]"#), 5);
        assert_eq!(values(br#""\\",[]"#), 3);
        assert_eq!(values(b"\"\\"), 1);
    }
}
