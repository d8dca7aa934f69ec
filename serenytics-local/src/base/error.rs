//! The error of the platform: a message, and a kind that decides the status of the response.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use serenytics_engine::ErrorKind;

/// A request that was rejected, or a failure of the engine.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    messages: Vec<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kind of an error, with the status of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The request is invalid: 400.
    Refused,
    /// The API key is missing or unknown: 401.
    Unauthorized,
    /// The signed link is invalid or has expired: 403.
    Forbidden,
    /// The object does not exist: 404.
    NotFound,
    /// The path does not support the method: 405.
    Method,
    /// The body is too large: 413.
    TooLarge,
    /// The quota of the day is used up: 429.
    Quota,
    /// The client has to wait for this time, in whole seconds: 429.
    Wait(Duration),
    /// The query exceeds its time or memory limit: 400.
    Limit,
    /// The server is overloaded; the request can be retried: 503.
    Busy,
    /// The storage has no rows: 200, with an error in the body.
    Empty,
    /// The hosted platform supports this, but the engine does not: 501.
    NotEmulated,
    /// The data folder is in use by another process.
    Locked,
    /// Files of a storage are missing or were changed: 500.
    Damaged,
    /// The engine failed: 500.
    Failed,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error { kind, messages: vec![message.into()], source: None }
    }

    /// The request is invalid.
    pub(crate) fn refused(message: impl Into<String>) -> Error {
        Error::new(Kind::Refused, message)
    }

    /// The request is invalid, for several reasons.
    pub(crate) fn refused_for(messages: Vec<String>) -> Error {
        Error { kind: Kind::Refused, messages, source: None }
    }

    /// The server is stopping and does not accept the request: 503.
    pub(crate) fn shutting_down() -> Error {
        Error::new(Kind::Busy, "the server is shutting down")
    }

    /// The object does not exist.
    pub(crate) fn not_found(message: impl Into<String>) -> Error {
        Error::new(Kind::NotFound, message)
    }

    /// The hosted platform supports this, but the engine does not.
    pub(crate) fn not_emulated(what: impl fmt::Display) -> Error {
        Error::new(Kind::NotEmulated, format!("{what} is not emulated by the embedded engine"))
    }

    /// The engine failed; `what` says what it was doing.
    pub(crate) fn failed(what: impl Into<String>, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
        Error { kind: Kind::Failed, messages: vec![what.into()], source: Some(source.into()) }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the list `errors` of the response: each problem of a request, or the failure with its causes.
    pub(crate) fn messages(&self) -> Vec<String> {
        match &self.source {
            None => self.messages.clone(),
            Some(_) => vec![self.with_causes()],
        }
    }

    fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let message = error.to_string();
            if !text.ends_with(&message) {
                text.push_str(": ");
                text.push_str(&message);
            }
            cause = error.source();
        }
        text
    }

    /// Returns true if the data folder is in use by another process.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.kind == Kind::Locked
    }
}

impl From<serenytics_engine::Error> for Error {
    fn from(error: serenytics_engine::Error) -> Error {
        let kind = match error.kind() {
            ErrorKind::Rejected => Kind::Refused,
            ErrorKind::NotFound => Kind::NotFound,
            ErrorKind::Limit => Kind::Limit,
            ErrorKind::Busy => Kind::Busy,
            ErrorKind::Empty => Kind::Empty,
            ErrorKind::Damaged => Kind::Damaged,
            _ => Kind::Failed,
        };
        Error { kind, messages: error.messages(), source: None }
    }
}

impl fmt::Display for Error {
    /// Writes the messages; with `{:#}` also the causes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f.write_str(&self.with_causes());
        }
        f.write_str(&self.messages.join("; "))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

/// Adds what the engine was doing to an error of a library.
pub(crate) trait Context<T> {
    /// Converts the error into an [`Error`] with this message.
    fn context(self, what: &str) -> Result<T, Error>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> Context<T> for Result<T, E> {
    fn context(self, what: &str) -> Result<T, Error> {
        self.map_err(|error| Error::failed(what, error))
    }
}
