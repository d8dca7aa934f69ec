//! A response whose head has arrived: its body, in chunks or whole.

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;
use tracing::trace;

use crate::error::{Call, Error, Kind};
use crate::transport::{Connection, Deadline, failure};

/// Maximum length of an error body that is read.
const LONGEST_REFUSAL: usize = 64 * 1024;

/// A list in a response, or a page of it.
#[derive(Deserialize)]
pub(crate) struct List {
    pub(crate) objects: Vec<Value>,
    /// The number of objects on all pages.
    #[serde(default)]
    num_results: Value,
    #[serde(default)]
    total_pages: Value,
}

impl List {
    /// Returns the number of objects on all pages, if the server reports it.
    pub(crate) fn total(&self) -> Option<u64> {
        self.num_results.as_u64()
    }

    /// Returns the number of pages, if the server reports it.
    pub(crate) fn pages(&self) -> Option<u64> {
        self.total_pages.as_u64()
    }
}

/// A response with the expected status.
pub(crate) struct Response {
    connection: Connection,
    call: Call,
    inner: reqwest::Response,
    deadline: Deadline,
    received: u64,
    /// The whole body, if it was read ahead and not taken yet.
    read_ahead: Option<Bytes>,
    /// The advice for an error in the response to a call that changes data.
    advice: Option<&'static str>,
}

/// The bytes that some servers put before JSON, which JSON does not allow.
pub(crate) const BYTE_ORDER_MARK: [u8; 3] = *b"\xef\xbb\xbf";

impl Response {
    pub(crate) fn new(connection: &Connection, call: Call, inner: reqwest::Response, deadline: Deadline) -> Response {
        let connection = connection.clone();
        Response { connection, call, inner, deadline, received: 0, read_ahead: None, advice: None }
    }

    /// Sets the advice for an error in this response: the call may have changed data.
    pub(super) fn after_change(&mut self, advice: &'static str) {
        self.advice = Some(advice);
    }

    /// Reads the whole body into memory.
    pub(super) async fn read_ahead(&mut self) -> Result<(), Error> {
        let body = self.whole().await?;
        self.read_ahead = Some(body.into());
        Ok(())
    }

    pub(crate) fn call(&self) -> &Call {
        &self.call
    }

    /// Returns the length of the body, if the server sends it.
    pub(crate) fn length(&self) -> Option<u64> {
        self.inner.content_length()
    }

    /// Returns true if the content type of the body is JSON.
    pub(crate) fn is_json(&self) -> bool {
        let content_type = self.inner.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        content_type.is_some_and(|content_type| content_type.starts_with("application/json"))
    }

    /// Returns the next bytes of the body, or `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(body) = self.read_ahead.take() {
            return Ok(Some(body));
        }
        let next = timeout(self.connection.deadlines().read, self.inner.chunk());
        let read = match self.deadline.timeout("no complete response", next).await {
            Ok(Ok(Ok(chunk))) => Ok(chunk),
            Ok(Ok(Err(error))) => Err(failure::transport_error(&self.connection, error)),
            Ok(Err(_)) => Err(failure::read_timeout(&self.connection)),
            Err(passed) => Err(passed),
        };
        let chunk = read.map_err(|error| self.advised(error.during(&self.call)))?;
        match &chunk {
            Some(chunk) => self.received += chunk.len() as u64,
            None => trace!(path = self.call.path, bytes = self.received, "read"),
        }
        Ok(chunk)
    }

    /// Reads the body of a call that reports its status: JSON whose `status` is not `error`.
    pub(crate) async fn ok(mut self) -> Result<Value, Error> {
        let body = self.whole().await?;
        let answer: Value = self.parse(&body)?;
        self.check_status(&answer)?;
        Ok(answer)
    }

    /// Reads the body of a call whose response is not documented. It is only an error if it says
    /// so; `None` means that it is not JSON.
    pub(crate) async fn unless_error(mut self) -> Result<Option<Value>, Error> {
        let body = self.whole().await?;
        let Ok(answer) = serde_json::from_slice(without_mark(&body)) else { return Ok(None) };
        self.check_status(&answer)?;
        Ok(Some(answer))
    }

    /// Returns an error if a response says that it is one.
    pub(crate) fn check_status(&self, answer: &Value) -> Result<(), Error> {
        match answer.get("status").and_then(Value::as_str) {
            Some("error") => Err(self.server_error(answer)),
            _ => Ok(()),
        }
    }

    /// Returns the whole body.
    pub(crate) async fn whole(&mut self) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Parses the body as JSON. The parse error is only part of the message, which is redacted: it
    /// may repeat what was sent.
    pub(crate) fn parse<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(without_mark(body))
            .map_err(|error| self.unexpected(body, &format!("the response is not the expected JSON: {error}")))
    }

    /// Creates the error of an unexpected body: the server's own error if the body is one, else
    /// `message`.
    pub(crate) fn unexpected(&self, body: &[u8], message: &str) -> Error {
        let said = serde_json::from_slice(without_mark(body)).ok().and_then(|answer| self.check_status(&answer).err());
        said.unwrap_or_else(|| self.error(Kind::Decode, message.to_owned()))
    }

    /// Compares the number of objects in a list with the number that the server reports.
    pub(crate) fn check_count(&self, noun: &str, reported: Option<u64>, found: usize) -> Result<(), Error> {
        match reported {
            Some(reported) if reported != found as u64 => {
                let message = format!("the server reports {reported} {noun}s, but its list has {found}");
                Err(self.error(Kind::Decode, message))
            }
            _ => Ok(()),
        }
    }

    /// Returns the start of the body, as far as it arrives.
    pub(crate) async fn start(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        while body.len() < LONGEST_REFUSAL
            && let Ok(Some(chunk)) = self.chunk().await
        {
            body.extend_from_slice(&chunk);
        }
        body.truncate(LONGEST_REFUSAL);
        body
    }

    /// Creates the error of a rejected call, from the server's words.
    pub(crate) fn rejected(&self, said: String) -> Error {
        Error::new(Kind::Rejected, failure::message(said, self.connection.api_key())).during(&self.call)
    }

    /// Creates the error of a response whose status is `error`.
    pub(crate) fn server_error(&self, answer: &Value) -> Error {
        self.rejected(failure::reason(answer))
    }

    /// Creates an error of this call. The message is redacted: it may repeat what was sent.
    pub(crate) fn error(&self, kind: Kind, message: String) -> Error {
        let error = Error::new(kind, self.connection.api_key().redact(message)).during(&self.call);
        if matches!(kind, Kind::Decode | Kind::Truncated) { self.advised(error) } else { error }
    }

    /// Adds the advice to the error of a response that cannot be read.
    fn advised(&self, error: Error) -> Error {
        match self.advice {
            Some(advice) => error.outcome_unknown(advice),
            None => error,
        }
    }
}

/// Returns a body without a byte order mark at its start.
pub(super) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(&BYTE_ORDER_MARK).unwrap_or(body)
}
