//! Bodies of requests: bytes or a stream, sent so that the end of the body is observed.

use std::io;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::sync::oneshot;

/// A body that is produced while it is sent.
pub(crate) type BodyStream = BoxStream<'static, io::Result<Bytes>>;

/// Longer bodies are sent in chunks of this length, to observe when the last one is sent.
const CHUNK: usize = 64 * 1024;

/// The body of a request.
pub(super) enum Body {
    None,
    Bytes(Bytes),
    Stream { stream: BodyStream, length: Option<u64> },
}

/// The body of one attempt.
pub(super) enum AttemptBody {
    None,
    /// Short enough to be sent at once.
    Short(Bytes),
    /// The receiver completes when the whole body was read, or the request ended.
    Stream {
        body: reqwest::Body,
        length: Option<u64>,
        sent: oneshot::Receiver<()>,
    },
}

impl Body {
    /// Returns true if the body can be sent again after an attempt.
    pub(super) fn can_be_sent_again(&self) -> bool {
        !matches!(self, Body::Stream { .. })
    }

    /// Returns the body of the next attempt. A stream can only be sent once.
    pub(super) fn attempt(&mut self) -> AttemptBody {
        let (stream, length) = match self {
            Body::None => return AttemptBody::None,
            Body::Bytes(bytes) if bytes.len() <= CHUNK => return AttemptBody::Short(bytes.clone()),
            Body::Bytes(bytes) => (chunks(bytes.clone()), Some(bytes.len() as u64)),
            Body::Stream { stream, length } => (std::mem::replace(stream, stream::empty().boxed()), *length),
        };
        let (body, sent) = watched(stream);
        AttemptBody::Stream { body, length, sent }
    }
}

/// Splits a long body into chunks.
fn chunks(mut bytes: Bytes) -> BodyStream {
    let next = move || (!bytes.is_empty()).then(|| Ok(bytes.split_to(CHUNK.min(bytes.len()))));
    stream::iter(std::iter::from_fn(next)).boxed()
}

/// Wraps a body. The returned receiver completes when the whole body was read, or the request
/// ended.
fn watched(stream: BodyStream) -> (reqwest::Body, oneshot::Receiver<()>) {
    let (taken, ended) = oneshot::channel::<()>();
    let stream = stream::unfold((stream, taken), |(mut stream, taken)| async move {
        let chunk = stream.next().await?;
        Some((chunk, (stream, taken)))
    });
    (reqwest::Body::wrap_stream(stream), ended)
}
