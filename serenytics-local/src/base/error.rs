//! The engine's error: what was refused or failed, in a sentence, and which kind of answer it is.

use std::error::Error as StdError;
use std::fmt;

use serenytics_engine::ErrorKind;

/// What the engine refused to do, or failed to do.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    messages: Vec<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of errors, each of which the API answers with a status of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The request is wrong: 400.
    Refused,
    /// No key, or a wrong one: 401.
    Unauthorized,
    /// The request came by a link that is not good, or not any more: 403.
    Forbidden,
    /// The request names something that does not exist: 404.
    NotFound,
    /// The path exists and the method does not: 405.
    Method,
    /// The body is larger than the server takes: 413.
    TooLarge,
    /// More was asked for than the quota of a day: 429.
    Quota,
    /// The query takes more time or memory than one may: 400.
    Limit,
    /// The server has too much to do, and will have less in a moment: 503.
    Busy,
    /// A storage has no rows, which the API answers with status 200.
    Empty,
    /// The hosted platform does this and the engine does not: 501.
    NotEmulated,
    /// The folder is in use by another engine.
    Locked,
    /// The engine failed: 500.
    Failed,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error { kind, messages: vec![message.into()], source: None }
    }

    /// The request is wrong.
    pub(crate) fn refused(message: impl Into<String>) -> Error {
        Error::new(Kind::Refused, message)
    }

    /// The server is stopping and does not accept the request: 503.
    pub(crate) fn shutting_down() -> Error {
        Error::new(Kind::Busy, "the server is shutting down")
    }

    /// What the request names does not exist.
    pub(crate) fn not_found(message: impl Into<String>) -> Error {
        Error::new(Kind::NotFound, message)
    }

    /// The hosted platform does this and the engine does not.
    pub(crate) fn not_emulated(what: impl fmt::Display) -> Error {
        Error::new(Kind::NotEmulated, format!("{what} is not emulated by the embedded engine"))
    }

    /// The engine failed while it did `what`.
    pub(crate) fn failed(what: impl Into<String>, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
        Error { kind: Kind::Failed, messages: vec![what.into()], source: Some(source.into()) }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What the API answers as `errors`: each problem of a request, or the failure with its causes.
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

    /// Whether the data folder is in use by another engine.
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

/// Says what the engine was doing when something under it failed.
pub(crate) trait Context<T> {
    /// Turns the error into one of the engine's own, which says what was being done.
    fn context(self, what: &str) -> Result<T, Error>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> Context<T> for Result<T, E> {
    fn context(self, what: &str) -> Result<T, Error> {
        self.map_err(|error| Error::failed(what, error))
    }
}
