//! The one error of the client: opaque, with questions, and a text that is enough to act on.

use std::error::Error as StdError;
use std::fmt;

use reqwest::{Method, StatusCode};
use serenytics_query::problem::Problem;

/// What went wrong.
///
/// The text alone says what failed, where, and what to do. Code asks with the `is_*` questions; the causes below are
/// reached by [`source`](StdError::source). Neither text nor `Debug` ever holds the API key.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    message: String,
    call: Option<Call>,
    status: Option<StatusCode>,
    problems: Vec<Problem>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of errors, for the questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The client cannot be made, or was asked for what cannot be: a bad URL, a missing key, a missing file.
    Usage,
    /// The query has problems that only the run knows; it was not sent.
    InvalidQuery,
    /// The server answered and refused.
    Refused,
    /// What was asked for does not exist.
    NotFound,
    /// The server cannot be reached, or the connection broke.
    Connection,
    /// A deadline passed.
    Timeout,
    /// The answer is not what the query declares, or no JSON.
    Decode,
    /// A script ran and failed.
    ScriptFailure,
    /// More mails were sent than a day's quota allows for.
    Quota,
}

/// A call of the API, as messages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path without the query; for a URL of another origin, that origin.
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
            cause: None,
        }))
    }

    /// The error of a query that was not sent.
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

    /// The same error, with what to do about it or what else is known.
    pub(crate) fn advised(mut self, advice: &str) -> Error {
        self.0.message.push_str("; ");
        self.0.message.push_str(advice);
        self
    }

    /// The error of the last of several attempts.
    pub(crate) fn after(mut self, attempts: u32) -> Error {
        self.0.message.push_str(&format!(" (tried {attempts} times)"));
        self
    }

    /// The same error, of another kind.
    pub(crate) fn of_kind(mut self, kind: Kind) -> Error {
        self.0.kind = kind;
        self
    }

    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What is wrong, without the call.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// The HTTP status, if the server answered with another one than was expected.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status.map(|status| status.as_u16())
    }

    /// Whether the server refused the API key.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.0.status == Some(StatusCode::UNAUTHORIZED)
    }

    /// Whether what was asked for does not exist: no source or measure has the name, or the server answered 404.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == Kind::NotFound || self.0.status == Some(StatusCode::NOT_FOUND)
    }

    /// Whether a deadline passed: for connecting, for the next byte, or for the whole.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == Kind::Timeout
    }

    /// Whether the server could not be reached, or the connection broke.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        self.0.kind == Kind::Connection
    }

    /// Whether the answer is not what the query declares: another column, type or cell, or no JSON, or cut short.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        self.0.kind == Kind::Decode
    }

    /// Whether the server answered, and with a refusal: any unexpected status, or an error in place of data.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        matches!(self.0.kind, Kind::Refused | Kind::Quota)
    }

    /// Whether a mail was refused because too many were sent today: 50 a day, unless the platform set another quota.
    #[must_use]
    pub fn is_quota(&self) -> bool {
        self.0.kind == Kind::Quota
    }

    /// Whether the query was not sent because of its [`problems`](Error::problems).
    #[must_use]
    pub fn is_invalid_query(&self) -> bool {
        self.0.kind == Kind::InvalidQuery
    }

    /// The problems of a query that was not sent; empty for every other error.
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
