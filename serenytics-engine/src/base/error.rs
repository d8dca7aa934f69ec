//! The error of the engine: a message, and a kind that says what the caller can do.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use super::damage::{Damage, causes};

/// The error of an operation of the warehouse.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    messages: Vec<String>,
    place: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kind of an error, from which a program can decide how to react.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input is invalid. Change it.
    Rejected,
    /// The table was dropped.
    NotFound,
    /// The query needs more time or memory than one query may use. Ask for less.
    Limit,
    /// Too many queries are running or waiting. Retry in a moment.
    Busy,
    /// The table has no rows. Load some first.
    Empty,
    /// Files of the table are missing or were changed. Restore them from a backup, or reload the table.
    Damaged,
    /// The engine failed, for example because of a disk error. Retry, or look at the log.
    Failed,
}

/// Returns the error of the operating system among the causes, if a write failed because the disk is full.
fn no_space<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    let is_full = |error: &&io::Error| {
        matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
    };
    causes(error).filter_map(|error| error.downcast_ref()).find(is_full)
}

/// The maximum number of problems that an error lists.
const MAX_PROBLEMS: usize = 100;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, messages: vec![message.into()], place: None, source: None }
    }

    /// The engine is stopping and did not start the operation.
    pub(crate) fn shutting_down() -> Error {
        Error::new(ErrorKind::Busy, "the engine is shutting down")
    }

    /// Makes an error of the kind [`ErrorKind::Rejected`], for options that the caller parses itself.
    pub fn rejected(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Rejected, message)
    }

    /// Makes an error about several invalid places in the input.
    pub(crate) fn rejected_for(mut messages: Vec<String>) -> Error {
        if messages.is_empty() {
            return Error::rejected("the query is invalid");
        }
        let more = messages.len().saturating_sub(MAX_PROBLEMS);
        if more > 0 {
            messages.truncate(MAX_PROBLEMS);
            messages.push(format!("and {more} more problems"));
        }
        Error { kind: ErrorKind::Rejected, messages, place: None, source: None }
    }

    /// Adds where the problem is, after the message. Call it for the innermost place first.
    pub(crate) fn at(mut self, place: impl fmt::Display) -> Error {
        self.place = Some(match self.place {
            Some(inner) => format!("{place}, {inner}"),
            None => place.to_string(),
        });
        self
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::NotFound, message)
    }

    /// Makes an error of the kind [`ErrorKind::Damaged`].
    pub(crate) fn damaged(damage: &Damage) -> Error {
        Error::new(ErrorKind::Damaged, damage.to_string())
    }

    /// Makes an error of the kind [`ErrorKind::Failed`]; `what` describes the failed operation. If the cause is damage,
    /// the error describes only the damage.
    pub(crate) fn failed(what: impl Into<String>, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
        let source = source.into();
        if let Some(damage) = Damage::in_causes(&*source) {
            return Error::damaged(damage);
        }
        Error { kind: ErrorKind::Failed, messages: vec![what.into()], place: None, source: Some(source) }
    }

    /// Makes an error of the same kind with the same messages, for another caller of the same
    /// operation.
    pub(crate) fn duplicate(&self) -> Error {
        Error::new(self.kind, self.messages().join("; "))
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns each problem of the input, or one message with all causes.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        match &self.source {
            None => self.messages.iter().chain(&self.place).cloned().collect(),
            Some(_) => vec![self.with_causes()],
        }
    }

    fn with_causes(&self) -> String {
        let mut text = self.to_string();
        if let Some(error) = self.source().and_then(no_space) {
            // The layers between describe what they were doing, such as parsing, which is not the reason.
            return format!("{text}: {error}: free space on the disk of the data folder, and try again");
        }
        let mut cause = self.source();
        while let Some(error) = cause {
            let message = without_backtrace(error.to_string());
            if !text.ends_with(&message) {
                text.push_str(": ");
                text.push_str(&message);
            }
            cause = error.source();
        }
        text
    }
}

/// Removes the backtrace that some libraries append to their messages.
fn without_backtrace(mut message: String) -> String {
    let is_frame = |line: &str| {
        let frame = line.trim_start().split_once(": ");
        line.contains("backtrace:") || frame.is_some_and(|(number, _)| number.parse::<u16>().is_ok())
    };
    let lines = message.split_inclusive('\n').scan(0, |start, line| {
        let at = *start;
        *start += line.len();
        Some((at, line))
    });
    let cut = lines.skip(1).find(|(_, line)| is_frame(line)).map(|(at, _)| at);
    message.truncate(cut.unwrap_or(message.len()));
    message.truncate(message.trim_end().len());
    message
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.messages.join("; "))?;
        self.place.iter().try_for_each(|place| write!(f, "; {place}"))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

/// Adds what the engine was doing to an error of a library.
pub(crate) trait Context<T> {
    /// Turns the error into an [`Error`] of the kind [`ErrorKind::Failed`].
    fn context(self, what: &str) -> Result<T, Error>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> Context<T> for Result<T, E> {
    fn context(self, what: &str) -> Result<T, Error> {
        self.map_err(|error| Error::failed(what, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_contain_no_backtrace() {
        let cases = [
            ("Json error: x\n   0: std::backtrace::create\n   1: main", "Json error: x"),
            ("Arrow error\n\nbacktrace:    0: std::backtrace::create", "Arrow error"),
            ("line 1: expected `,`\nline 2: expected `}`", "line 1: expected `,`\nline 2: expected `}`"),
            ("10: a message", "10: a message"),
        ];
        for (message, expected) in cases {
            let error = Error::failed("a storage could not be opened", message);
            assert_eq!(error.messages(), [format!("a storage could not be opened: {expected}")]);
        }
    }

    #[test]
    fn damage_in_the_causes_is_the_error() {
        let damage = Damage::of("/data/storages/id".as_ref(), "`a.parquet` is missing");
        let cause = io::Error::other(damage.clone());
        let error = Error::failed("the query failed", io::Error::other(cause));
        assert_eq!((error.kind(), error.messages()), (ErrorKind::Damaged, vec![damage.to_string()]));
    }
}
