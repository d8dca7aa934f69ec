//! An answer whose head has arrived: its body, in chunks or whole.

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;
use tracing::trace;

use crate::error::{Call, Error, Kind};
use crate::transport::{Connection, Deadline, failure};

/// How much of a refusal is read.
const LONGEST_REFUSAL: usize = 64 * 1024;

/// A list as the server answers it.
#[derive(Deserialize)]
pub(crate) struct List {
    pub(crate) objects: Vec<Value>,
}

/// An answer with the expected status.
pub(crate) struct Response {
    connection: Connection,
    call: Call,
    inner: reqwest::Response,
    deadline: Deadline,
    received: u64,
}

impl Response {
    pub(crate) fn new(connection: &Connection, call: Call, inner: reqwest::Response, deadline: Deadline) -> Response {
        Response { connection: connection.clone(), call, inner, deadline, received: 0 }
    }

    pub(crate) fn call(&self) -> &Call {
        &self.call
    }

    /// How many bytes the body has, if the server says it.
    pub(crate) fn length(&self) -> Option<u64> {
        self.inner.content_length()
    }

    /// Whether the body calls itself JSON.
    pub(crate) fn is_json(&self) -> bool {
        let content_type = self.inner.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        content_type.is_some_and(|content_type| content_type.starts_with("application/json"))
    }

    /// The next bytes of the body; `None` behind the last.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let next = timeout(self.connection.deadlines().read, self.inner.chunk());
        let read = match self.deadline.hold("no whole answer", next).await {
            Ok(Ok(Ok(chunk))) => Ok(chunk),
            Ok(Ok(Err(error))) => Err(failure::unanswered(&self.connection, error)),
            Ok(Err(_)) => Err(failure::silent(&self.connection)),
            Err(passed) => Err(passed),
        };
        let chunk = read.map_err(|error| error.during(&self.call))?;
        match &chunk {
            Some(chunk) => self.received += chunk.len() as u64,
            None => trace!(path = self.call.path, bytes = self.received, "read"),
        }
        Ok(chunk)
    }

    /// The body, read as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(mut self) -> Result<T, Error> {
        let body = self.whole().await?;
        self.parse(&body)
    }

    /// The body of a call that says how it went: JSON, whose `status` is not that of an error.
    pub(crate) async fn ok(mut self) -> Result<Value, Error> {
        let body = self.whole().await?;
        let answer: Value = self.parse(&body)?;
        self.check_status(&answer)?;
        Ok(answer)
    }

    /// The body of a call whose answer is not documented: JSON, nothing or anything else, of which only what says an error
    /// is one. `None` is what is no JSON.
    pub(crate) async fn unless_error(mut self) -> Result<Option<Value>, Error> {
        let body = self.whole().await?;
        let Ok(answer) = serde_json::from_slice(&body) else { return Ok(None) };
        self.check_status(&answer)?;
        Ok(Some(answer))
    }

    /// Refuses an answer that says it is an error.
    pub(crate) fn check_status(&self, answer: &Value) -> Result<(), Error> {
        match answer.get("status").and_then(Value::as_str) {
            Some("error") => Err(self.said(answer)),
            _ => Ok(()),
        }
    }

    /// The whole body.
    pub(crate) async fn whole(&mut self) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Reads the body as JSON. Why it cannot be read goes into the text only: it may repeat what the server was sent.
    pub(crate) fn parse<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(body)
            .map_err(|error| self.unexpected(body, &format!("the answer is not the JSON that was expected: {error}")))
    }

    /// The error of a body that is not what was expected: what it says itself when its status is that of an error.
    pub(crate) fn unexpected(&self, body: &[u8], message: &str) -> Error {
        let said = serde_json::from_slice(body).ok().and_then(|answer| self.check_status(&answer).err());
        said.unwrap_or_else(|| self.error(Kind::Decode, message.to_owned()))
    }

    /// The start of the body, as far as it arrives.
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

    /// The error of a call whose answer says one.
    pub(crate) fn refused(&self, said: String) -> Error {
        Error::new(Kind::Refused, failure::message(said, self.connection.api_key())).during(&self.call)
    }

    /// The error of a call whose answer has the status of one.
    pub(crate) fn said(&self, answer: &Value) -> Error {
        self.refused(failure::reason(answer))
    }

    /// An error of this call, from a text that may repeat what the server was sent.
    pub(crate) fn error(&self, kind: Kind, message: String) -> Error {
        Error::new(kind, self.connection.api_key().redact(message)).during(&self.call)
    }
}
