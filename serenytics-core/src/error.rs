//! The error type of the client: opaque, with `is_*` methods and a message that is enough to act
//! on.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serenytics_query::problem::Problem;

/// An error of the client.
///
/// The message says what failed, where, and what to do. To handle errors in code, use the `is_*`
/// methods; [`source`](StdError::source) returns the cause. Neither the message nor `Debug`
/// contains the API key.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    message: String,
    call: Option<Call>,
    status: Option<StatusCode>,
    problems: Vec<Problem>,
    is_outcome_unknown: bool,
    retry_after: Option<Duration>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of errors that the `is_*` methods distinguish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The client was misused: an invalid URL, a missing key or file, or an impossible request.
    Usage,
    /// The query has problems that are only known at run time; it was not sent.
    InvalidQuery,
    /// The server rejected the request.
    Rejected,
    /// The requested resource does not exist.
    NotFound,
    /// The server cannot be reached, or the connection broke.
    Connection,
    /// A deadline passed.
    Timeout,
    /// The response is not JSON, or does not match what the query declares.
    Decode,
    /// The response ends too early.
    Truncated,
    /// A script ran and failed.
    ScriptFailure,
    /// The daily mail quota is exhausted.
    Quota,
}

/// A call of the API, as shown in messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path without the query string; for a URL of another origin, that origin.
    pub(crate) path: String,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            call: None,
            status: None,
            problems: Vec::new(),
            is_outcome_unknown: false,
            retry_after: None,
            cause: None,
        }))
    }

    /// Creates the error of a query that was not sent.
    pub(crate) fn invalid_query(problems: &[Problem]) -> Error {
        let mut message = "the query was not sent:".to_owned();
        for problem in problems {
            message.push_str("\n  ");
            message.push_str(&problem.to_string().replace('\n', "\n  "));
        }
        let mut error = Error::new(Kind::InvalidQuery, message);
        error.0.problems = problems.to_vec();
        error
    }

    pub(crate) fn during(mut self, call: &Call) -> Error {
        self.0.call = Some(call.clone());
        self
    }

    pub(crate) fn answered(mut self, status: StatusCode) -> Error {
        self.0.status = Some(status);
        self
    }

    pub(crate) fn caused_by(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
        self.0.cause = Some(cause.into());
        self
    }

    /// Adds advice or context to the message.
    pub(crate) fn advised(mut self, advice: &str) -> Error {
        self.0.message.push_str("; ");
        self.0.message.push_str(advice);
        self
    }

    /// Marks the error of a call that the server may have carried out, and adds advice to its
    /// message.
    pub(crate) fn outcome_unknown(mut self, advice: &str) -> Error {
        if self.0.is_outcome_unknown {
            return self;
        }
        self.0.is_outcome_unknown = true;
        self.advised(advice)
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Error {
        self.0.retry_after = retry_after;
        self
    }

    /// Adds the number of attempts to the message.
    pub(crate) fn after(mut self, attempts: u32) -> Error {
        self.0.message.push_str(&format!(" (tried {attempts} times)"));
        self
    }

    /// Returns the same error with another kind.
    pub(crate) fn of_kind(mut self, kind: Kind) -> Error {
        self.0.kind = kind;
        self
    }

    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Returns the message without the call.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the HTTP status if it is not the expected one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status.map(|status| status.as_u16())
    }

    /// Returns true if the server rejected the API key.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.0.status == Some(StatusCode::UNAUTHORIZED)
    }

    /// Returns true if the resource does not exist: no source or measure has the name, or the
    /// server answered 404.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == Kind::NotFound || self.0.status == Some(StatusCode::NOT_FOUND)
    }

    /// Returns true if a deadline passed: for connecting, for the next byte, or for the whole call.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == Kind::Timeout
    }

    /// Returns true if the server could not be reached, or the connection broke.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        self.0.kind == Kind::Connection
    }

    /// Returns true if the response is truncated, is not JSON, or has other columns, types or cells
    /// than the query declares.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        matches!(self.0.kind, Kind::Decode | Kind::Truncated)
    }

    /// Returns true if the response broke off, so that the next one may be complete.
    pub(crate) fn is_truncated(&self) -> bool {
        matches!(self.0.kind, Kind::Connection | Kind::Truncated)
    }

    /// Returns true if the call changes data and the server may have carried it out, for example
    /// because the connection broke before the response: check before you repeat the call. Returns
    /// false if the server certainly did not carry it out.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.is_outcome_unknown
    }

    /// Returns how long to wait before the next attempt, if the server asked for it by the header
    /// `Retry-After`. The client itself waits if the time is within the timeout of the call.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns true if the server rejected the request: it answered with an unexpected status, or
    /// with an error instead of data.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        matches!(self.0.kind, Kind::Rejected | Kind::Quota)
    }

    /// Returns true if the daily mail quota is exhausted (default: 50 mails a day).
    #[must_use]
    pub fn is_quota(&self) -> bool {
        self.0.kind == Kind::Quota
    }

    /// Returns true if the query was not sent because of its [`problems`](Error::problems).
    #[must_use]
    pub fn is_invalid_query(&self) -> bool {
        self.0.kind == Kind::InvalidQuery
    }

    /// Returns the problems of a query that was not sent; empty for every other error.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.0.problems
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.call {
            Some(call) => write!(f, "{call}: {}", self.0.message),
            None => f.write_str(&self.0.message),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.0.kind).field("message", &self.to_string());
        if let Some(status) = self.status() {
            debug.field("status", &status);
        }
        if let Some(cause) = &self.0.cause {
            debug.field("cause", cause);
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}
