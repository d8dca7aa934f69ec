//! Request bodies in memory: limits on their size, memory and speed, and their JSON. The content type is ignored.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRef, FromRequest, Request};
use axum::http::header;
use bytes::{Bytes, BytesMut};
use serde::de::DeserializeOwned;
use serenytics_engine::check_json_numbers;
use serenytics_query::wire::{self, UnknownField};
use tokio::sync::OwnedSemaphorePermit;

use super::body_stream::MinRateBody;
use crate::base::{Error, Kind, Memory, VALUE_SIZE, VALUES, compute};
use crate::platform::HttpSettings;

/// The maximum size in bytes of a body, except for batches.
pub(super) const SMALL: usize = 4 * 1024 * 1024;

/// The maximum size in bytes of the body of a batch.
pub(super) const LARGE: usize = 64 * 1024 * 1024;

/// The size in bytes from which a body is parsed on a blocking thread: other requests would wait for it.
const BLOCKING: usize = 32 * 1024;

/// Time limit for reading a body: while it holds memory, other requests may have to wait.
const READ_TIMEOUT: Duration = Duration::from_secs(120);

/// The body of a request that has not been read yet.
pub(super) struct RequestBody {
    memory: Arc<Memory>,
    http: HttpSettings,
    /// The declared size in bytes.
    length: Option<usize>,
    body: Body,
}

impl<S: Send + Sync> FromRequest<S> for RequestBody
where
    Arc<Memory>: FromRef<S>,
    HttpSettings: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<RequestBody, Infallible> {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let (memory, http) = (FromRef::from_ref(state), FromRef::from_ref(state));
        Ok(RequestBody { memory, http, length, body: request.into_body() })
    }
}

impl RequestBody {
    /// Reads the body, which may have at most `limit` bytes.
    pub(super) async fn read(self, limit: usize) -> Result<BufferedBody, Error> {
        let RequestBody { memory, http, length, body } = self;
        if length.is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        let body_permit = memory.reserve_body(length.unwrap_or(limit).div_ceil(1024)).await?;
        let slow = |_| Error::refused(format!("the body did not arrive within {} seconds", READ_TIMEOUT.as_secs()));
        let body = MinRateBody::new(body, http.client_timeout);
        let bytes = tokio::time::timeout(READ_TIMEOUT, collected(body, length, limit)).await.map_err(slow)??;
        let counted = bytes.clone();
        let values = compute(bytes.len() >= BLOCKING, move || Ok(values(&counted))).await?;
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
        let permit = MemoryPermit { _permits: permits };
        Ok(BufferedBody { bytes, permit, ignores_unknown: http.ignore_unknown_fields })
    }

    /// Reads a JSON object.
    pub(super) async fn object<T: DeserializeOwned + Send + 'static>(self) -> Result<T, Error> {
        self.read(SMALL).await?.parse(BufferedBody::object).await
    }

    /// Reads a JSON object, which may be missing.
    pub(super) async fn optional_object<T: DeserializeOwned + Default + Send + 'static>(self) -> Result<T, Error> {
        let held = self.read(SMALL).await?;
        if held.is_empty() { Ok(T::default()) } else { held.parse(BufferedBody::object).await }
    }

    /// Reads a JSON object whose values are stored, and which may be missing.
    pub(super) async fn optional_stored_object<T: DeserializeOwned + Default + Send + 'static>(
        self,
    ) -> Result<T, Error> {
        let held = self.read(SMALL).await?;
        if held.is_empty() { Ok(T::default()) } else { held.parse(BufferedBody::stored_object).await }
    }

    /// Reads a JSON object whose values are stored. A bare `NaN`, as Python writes it, becomes null.
    pub(super) async fn stored_object<T: DeserializeOwned + Send + 'static>(self) -> Result<T, Error> {
        self.read(SMALL).await?.parse(BufferedBody::stored_object).await
    }

    /// Reads JSON that is stored, with `null` for each `NaN`.
    pub(super) async fn stored_json<T: DeserializeOwned + Send + 'static>(self) -> Result<T, Error> {
        self.read(SMALL).await?.parse(|held| json(&without_nan(&held.bytes))).await
    }
}

/// Reads a body into memory.
async fn collected(mut body: MinRateBody, length: Option<usize>, limit: usize) -> Result<Bytes, Error> {
    let mut bytes = BytesMut::with_capacity(length.unwrap_or_default());
    while let Some(chunk) = body.next().await? {
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// A body in memory, with the permits for its memory.
pub(super) struct BufferedBody {
    bytes: Bytes,
    permit: MemoryPermit,
    /// True if unknown fields are not an error.
    ignores_unknown: bool,
}

/// The permits for the memory of a body and its parsed values. Keep this as long as any part of the body is in memory.
#[derive(Debug, Default)]
pub(super) struct MemoryPermit {
    _permits: Vec<OwnedSemaphorePermit>,
}

impl BufferedBody {
    /// Returns the permits, for a caller that keeps part of the body.
    pub(super) fn permit(self) -> MemoryPermit {
        self.permit
    }

    /// Returns true if the body is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Parses the body, on a blocking thread if it is large, and frees its memory.
    pub(super) async fn parse<T: Send + 'static>(
        self,
        parse: impl FnOnce(&BufferedBody) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.parse_into(move |held| parse(&held)).await
    }

    /// Parses the body like [`parse`](Self::parse), with a function that keeps a part of it.
    pub(super) async fn parse_into<T: Send + 'static>(
        self,
        parse: impl FnOnce(BufferedBody) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        compute(self.bytes.len() >= BLOCKING, move || parse(self)).await
    }

    /// Parses the body as a JSON object, and rejects fields that `T` does not have.
    pub(super) fn object<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.object_of(&self.bytes)
    }

    /// Parses the body as a JSON object whose values are stored: rows, parameters or a configuration. A bare `NaN`, as
    /// Python writes it, becomes null.
    pub(super) fn stored_object<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.object_of(&without_nan(&self.bytes))
    }

    fn object_of<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, Error> {
        // serde would read a list as the values of the fields in order.
        if bytes.trim_ascii_start().first() == Some(&b'[') {
            return Err(Error::refused("expected a JSON object as the body, found a list"));
        }
        let (value, unknown) = wire::read(bytes).map_err(|error| {
            let has_nan = error.error.is_syntax() && matches!(without_nan(bytes), Cow::Owned(_));
            let hint = if has_nan { "; `NaN` is allowed only in rows and stored values: use `null`" } else { "" };
            Error::refused(format!("invalid JSON body: {error}{hint}"))
        })?;
        known(value, &unknown, self.ignores_unknown)
    }

    /// Parses a value of the body again, as `T`, like [`object`](Self::object). `field` is the name of its field.
    pub(super) fn object_in<T: DeserializeOwned>(&self, field: &str, value: &serde_json::Value) -> Result<T, Error> {
        let read = wire::read_value(value, field);
        let (value, unknown) = read.map_err(|error| Error::refused(format!("invalid `{field}`: {error}")))?;
        known(value, &unknown, self.ignores_unknown)
    }

    /// Checks that parsing the body changes no number in it.
    pub(super) fn check_numbers(&self) -> Result<(), Error> {
        Ok(check_json_numbers(&self.bytes)?)
    }

    /// Returns true if fields and settings that the server does not know are ignored.
    pub(super) fn ignores_unknown(&self) -> bool {
        self.ignores_unknown
    }

    /// Returns the JSON of the body, with `null` for each `NaN`.
    pub(super) fn bytes(&self) -> Bytes {
        match without_nan(&self.bytes) {
            Cow::Borrowed(_) => self.bytes.clone(),
            Cow::Owned(bytes) => bytes.into(),
        }
    }
}

/// Returns the value, unless it has unknown fields and they are not ignored.
pub(super) fn known<T>(value: T, unknown: &[UnknownField], ignores: bool) -> Result<T, Error> {
    if unknown.is_empty() || ignores {
        return Ok(value);
    }
    Err(Error::refused_for(unknown.iter().map(ToString::to_string).collect()))
}

/// Parses JSON bytes.
pub(super) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::refused(format!("invalid JSON body: {error}")))
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
