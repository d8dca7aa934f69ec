//! Bodies that are held in memory: limited, paid for, and read as JSON whatever their declared type.

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
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::Engine;
use crate::error::{Context as _, Error, Kind};

/// How many bytes of bodies the server holds at the same time; requests wait for their turn.
pub(crate) const BODY_MEMORY: usize = 256 * 1024 * 1024;

/// The limit of a body that configures something or asks for something.
pub(super) const SMALL: usize = 4 * 1024 * 1024;

/// The limit of a body of rows.
pub(super) const LARGE: usize = 64 * 1024 * 1024;

/// How many values the JSON of a body has at most.
const VALUES: usize = 5_000_000;

/// How many bytes of memory a value takes beside its text, however short that is.
const VALUE: usize = 100;

/// How many bytes the values of long bodies take at the same time; these wait for their turn. It is paid for after the
/// body, from a store of its own, so that no two requests wait for what the other one has.
pub(crate) const VALUE_MEMORY: usize = VALUES * VALUE;

/// How long a body is waited for: as long as it is paid for, others may have to wait.
const READING: Duration = Duration::from_secs(120);

/// A body in memory, which is paid for until this is dropped.
pub(super) struct Held {
    bytes: Bytes,
    paid: Paid,
}

/// What pays for a body, its values among it, as long as anything of it is in memory.
#[derive(Debug, Default)]
pub(crate) struct Paid {
    _permits: Vec<OwnedSemaphorePermit>,
}

impl Held {
    /// Reads a body of at most `limit` bytes.
    pub(super) async fn read(engine: &Engine, headers: &HeaderMap, body: Body, limit: usize) -> Result<Held, Error> {
        let declared =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if declared.is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        let paid = pay(&engine.body_memory, declared.unwrap_or(limit).div_ceil(1024)).await?;
        let slow = |_| Error::refused(format!("the body took longer than {} seconds", READING.as_secs()));
        let read = tokio::time::timeout(READING, to_bytes(body, limit)).await.map_err(slow)?;
        let bytes = read.map_err(|error| {
            // The limit is one of the causes that the error may have.
            match error.source().map(ToString::to_string) {
                Some(cause) if cause.contains("length limit") => too_large(limit),
                _ => Error::refused(format!("the body could not be read: {error}")),
            }
        })?;
        let values = values(&bytes);
        if values > VALUES {
            return Err(Error::new(
                Kind::TooLarge,
                format!("the body has {values} JSON values and may have {VALUES}: send it in several calls"),
            ));
        }
        let mut permits = vec![paid];
        // Queries and pushes never wait for what batches have.
        if limit > SMALL {
            let busy = |_| Error::new(Kind::Busy, "the server makes as many batches as it may: try again in a moment");
            let paid_values = pay(&engine.value_memory, values * VALUE / 1024);
            permits.push(tokio::time::timeout(READING, paid_values).await.map_err(busy)??);
        }
        Ok(Held { bytes, paid: Paid { _permits: permits } })
    }

    /// What pays for the body, for who holds on to something of it.
    pub(super) fn paid(self) -> Paid {
        self.paid
    }

    /// Whether nothing was sent.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The body as a JSON object.
    pub(super) fn object<T: DeserializeOwned>(&self) -> Result<T, Error> {
        // A list would be read as the values of the fields, one after the other.
        if self.bytes.trim_ascii_start().first() == Some(&b'[') {
            return Err(Error::refused("the body is a JSON list and has to be an object"));
        }
        self.json()
    }

    /// The bytes of the body's JSON, with `null` for each `NaN`.
    pub(super) fn bytes(&self) -> Bytes {
        match without_nan(&self.bytes) {
            Cow::Borrowed(_) => self.bytes.clone(),
            Cow::Owned(bytes) => bytes.into(),
        }
    }

    /// The body as JSON, in which a bare `NaN`, as Python writes it, is null.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        json(&without_nan(&self.bytes))
    }
}

/// Takes KiBs of memory that all bodies share.
async fn pay(memory: &Arc<Semaphore>, kib: usize) -> Result<OwnedSemaphorePermit, Error> {
    let permits = u32::try_from(kib).unwrap_or(u32::MAX);
    Arc::clone(memory).acquire_many_owned(permits).await.context("the engine stops")
}

/// What is read of the bytes of a body's JSON.
pub(super) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes)
        .map_err(|error| Error::refused(format!("the body is not the JSON that belongs here: {error}")))
}

/// How many bytes a client sends of a file, or takes of an answer, in a second at least.
pub(crate) const SLOWEST: u64 = 1024;

/// Reads a body in pieces, as long as they do not come too slowly: a client could hold a connection for days.
pub(super) struct Paced {
    body: BodyDataStream,
    patience: Duration,
    since: Instant,
    received: u64,
}

impl Paced {
    /// The body; its pace is looked at once in `patience`.
    pub(super) fn new(body: Body, patience: Duration) -> Paced {
        Paced { body: body.into_data_stream(), patience, since: Instant::now(), received: 0 }
    }

    /// The pieces.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, Error>> {
        try_unfold(self, async |mut paced| Ok(paced.next().await?.map(|piece| (piece, paced))))
    }

    /// The next piece; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let slow = || Error::refused(format!("less than {SLOWEST} bytes came in a second"));
        let left = self.patience.saturating_sub(self.since.elapsed());
        let piece = tokio::time::timeout(left, self.body.next()).await.map_err(|_| slow())?;
        let Some(piece) = piece else { return Ok(None) };
        let piece = piece.map_err(|error| Error::refused(error.to_string()))?;
        self.received += piece.len() as u64;
        if self.received >= SLOWEST * self.patience.as_secs().max(1) {
            (self.since, self.received) = (Instant::now(), 0);
        }
        Ok(Some(piece))
    }
}

/// How much of a body that nobody reads is taken all the same.
const DRAINED: usize = 64 * 1024 * 1024;
/// How long the rest of a body that nobody reads is waited for, unless clients are waited for less long.
const DRAINING: Duration = Duration::from_secs(20);

/// Takes the rest of bodies that a handler leaves, for some time. A client that sees its connection closed while it
/// still sends would never read the answer that says why.
pub(super) fn drained(request: Request, received: Arc<AtomicU64>, patience: Duration) -> Request {
    let patience = patience.min(DRAINING);
    request.map(|body| Body::from_stream(Drained { body: Some(body.into_data_stream()), received, patience }))
}

struct Drained {
    body: Option<BodyDataStream>,
    /// How many bytes the handler took.
    received: Arc<AtomicU64>,
    patience: Duration,
}

impl Stream for Drained {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let piece = ready!(body.poll_next_unpin(context));
        match &piece {
            Some(Ok(bytes)) => {
                self.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            }
            _ => self.body = None,
        }
        Poll::Ready(piece)
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        let Some(mut body) = self.body.take() else { return };
        let rest = async move {
            let mut size = 0;
            while let Some(Ok(piece)) = body.next().await {
                size += piece.len();
                if size > DRAINED {
                    break;
                }
            }
        };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(tokio::time::timeout(self.patience, rest));
        }
    }
}

fn too_large(limit: usize) -> Error {
    let message = format!("the body is larger than {} MiB: send it in several calls", limit / 1024 / 1024);
    Error::new(Kind::TooLarge, message)
}

/// How many values a JSON text has at most, told by what separates and what opens them.
fn values(json: &[u8]) -> usize {
    let mut values = 1;
    let (mut in_text, mut is_escaped) = (false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_text,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' if !in_text => values += 1,
            _ => {}
        }
    }
    values
}

/// The bytes with `null` for each `NaN` outside of a text.
fn without_nan(json: &[u8]) -> Cow<'_, [u8]> {
    if !json.windows(3).any(|window| window == b"NaN") {
        return Cow::Borrowed(json);
    }
    let mut replaced = Vec::with_capacity(json.len() + 64);
    let mut in_text = false;
    let mut rest = json;
    while let Some((&byte, after)) = rest.split_first() {
        match byte {
            b'"' => in_text = !in_text,
            b'\\' if in_text => {
                // What follows belongs to the escape, be it a quote or another backslash.
                replaced.extend_from_slice(&rest[..rest.len().min(2)]);
                rest = rest.get(2..).unwrap_or_default();
                continue;
            }
            b'N' if !in_text && rest.starts_with(b"NaN") => {
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
    fn a_bare_nan_is_null_and_a_text_stays() {
        let read = |json: &str| String::from_utf8(without_nan(json.as_bytes()).into_owned()).unwrap();
        assert_eq!(read(r#"[NaN,1,{"a":NaN}]"#), r#"[null,1,{"a":null}]"#);
        assert_eq!(read(r#"["NaN", "a\"NaN", NaN]"#), r#"["NaN", "a\"NaN", null]"#);
        assert_eq!(read(r#"["\\", NaN]"#), r#"["\\", null]"#);
        assert_eq!(read("[1]"), "[1]");
        assert_eq!(read(r#"["NaN\"#), r#"["NaN\"#);
    }

    #[test]
    fn values_are_counted_outside_of_texts() {
        assert_eq!(values(br#"[1,{"a,[":"\",,","b":2}]"#), 5);
        assert_eq!(values(br#""\\",[]"#), 3);
        assert_eq!(values(b"\"\\"), 1);
    }
}
