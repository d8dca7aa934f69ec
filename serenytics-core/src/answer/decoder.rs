//! The decoder: a small state machine that parses a response in one pass, while its bytes arrive.

use serde_json::{Value, json};
use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::wire::ColumnTitle;

use crate::transport::{BYTE_ORDER_MARK, NO_REASON, has_errors, reason};

/// A collector of rows.
pub(crate) trait Rows {
    /// Compares the columns with the expected ones. The error is a sentence.
    fn titles(&mut self, titles: &[ColumnTitle]) -> Result<(), String>;

    /// Parses one row, `[cell, ..]`.
    fn row(&mut self, cells: &mut CellReader<'_>) -> Result<(), CellError>;

    /// Describes an invalid row, counted from 1.
    fn describe(&self, row: u64, error: &CellError) -> String;

    /// Drops the rows, because the query is sent again.
    fn clear(&mut self);
}

/// The error of a response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AnswerError {
    /// The server returned an error instead of data.
    Rejected(String),
    /// The response is truncated.
    Truncated(String),
    /// The response is not JSON, or not what was expected.
    Malformed(String),
}

/// A response without its rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) titles: Option<Vec<ColumnTitle>>,
    /// The number of rows; `None` if the response has no `data`.
    pub(crate) rows: Option<u64>,
}

/// Parses a response from chunks of its bytes.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// The received bytes; those from `start` on are not parsed yet.
    buffer: Vec<u8>,
    start: usize,
    /// Number of unparsed bytes needed before the next attempt. It doubles with each failed
    /// attempt, so that a row or value of any length is scanned a bounded number of times.
    enough: usize,
    machine: Machine,
}

impl Decoder {
    /// Parses as many rows as `chunk` completes.
    pub(crate) fn feed(&mut self, chunk: &[u8], rows: &mut dyn Rows) -> Result<(), AnswerError> {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(chunk);
        if self.buffer.len() < self.enough {
            return Ok(());
        }
        self.read(rows)
    }

    /// Parses the rest, and checks that the response is complete.
    pub(crate) fn finish(mut self, rows: &mut dyn Rows) -> Result<Head, AnswerError> {
        self.read(rows)?;
        self.machine.finish(self.buffer.len() == self.start)
    }

    /// Returns true if rows can be returned before the response ends: their columns are known and
    /// no error was found.
    pub(crate) fn has_valid_rows(&self) -> bool {
        let Machine { head, pending_error, error, .. } = &self.machine;
        head.titles.is_some() && head.rows.is_some_and(|rows| rows > 0) && pending_error.is_none() && error.is_none()
    }

    fn read(&mut self, rows: &mut dyn Rows) -> Result<(), AnswerError> {
        loop {
            let mut reader = CellReader::new(&self.buffer[self.start..]);
            match self.machine.step(&mut reader, rows) {
                Ok(()) => {
                    self.start += reader.position();
                    if self.start == self.buffer.len() {
                        self.enough = 0;
                        return Ok(());
                    }
                }
                Err(Stop::More) => {
                    self.enough = 2 * (self.buffer.len() - self.start);
                    return Ok(());
                }
                Err(Stop::Wrong(error)) => return Err(error),
            }
        }
    }
}

/// Why a step failed.
enum Stop {
    /// More bytes are needed.
    More,
    Wrong(AnswerError),
}

impl From<CellError> for Stop {
    fn from(error: CellError) -> Stop {
        match error {
            CellError::Incomplete => Stop::More,
            CellError::Syntax { found } => malformed(format!("the response is not valid JSON: found {found}")),
            other => malformed(other.to_string()),
        }
    }
}

fn malformed(message: impl Into<String>) -> Stop {
    Stop::Wrong(AnswerError::Malformed(message.into()))
}

/// The position of the machine in the response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// Before the object.
    #[default]
    Start,
    /// Before a key, or the object's end if it is the first one.
    Key { first: bool },
    /// Before the value of a key.
    Value(Key),
    /// In `data`, before a row or the end.
    Rows { first: bool },
    /// After a value.
    AfterValue,
    /// After the object.
    End,
}

/// The keys of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Titles,
    Data,
    Status,
    Errors,
    Other,
}

#[derive(Debug, Default)]
struct Machine {
    state: State,
    head: Head,
    status: Option<String>,
    error: Option<String>,
    /// The first error of the rows. It is only reported once the status is known, because an error
    /// of the server has priority. Rows are skipped until then.
    pending_error: Option<String>,
}

impl Machine {
    /// Parses the next part, completely or not at all: a part that is incomplete is parsed again
    /// later.
    fn step(&mut self, reader: &mut CellReader<'_>, rows: &mut dyn Rows) -> Result<(), Stop> {
        reader.skip_space();
        if reader.peek().is_err() {
            // The rest is whitespace, which need not be scanned again.
            return Ok(());
        }
        match self.state {
            State::Start => {
                // A byte order mark may precede the object.
                if reader.peek()? == BYTE_ORDER_MARK[0] {
                    BYTE_ORDER_MARK.iter().try_for_each(|byte| reader.expect(*byte))?;
                    reader.skip_space();
                }
                reader.expect(b'{')?;
                self.state = State::Key { first: true };
            }
            State::Key { first } => self.key(reader, first)?,
            State::Value(key) => self.value(reader, key, rows)?,
            State::Rows { first } => self.row(reader, first, rows)?,
            State::AfterValue => {
                if reader.peek()? == b'}' {
                    reader.expect(b'}')?;
                    self.state = State::End;
                } else {
                    reader.expect(b',')?;
                    self.state = State::Key { first: false };
                }
            }
            State::End => return Err(malformed("unexpected data after the end of the response")),
        }
        Ok(())
    }

    fn key(&mut self, reader: &mut CellReader<'_>, first: bool) -> Result<(), Stop> {
        if first && reader.peek()? == b'}' {
            reader.expect(b'}')?;
            self.state = State::End;
            return Ok(());
        }
        let quoted = reader.skip_value()?;
        let key: String = serde_json::from_slice(quoted)
            .map_err(|_| malformed("the response is not valid JSON: expected a string as key"))?;
        reader.skip_space();
        reader.expect(b':')?;
        self.state = State::Value(match key.as_str() {
            "columns_titles" => Key::Titles,
            "data" => Key::Data,
            "status" => Key::Status,
            "errors" => Key::Errors,
            _ => Key::Other,
        });
        Ok(())
    }

    fn value(&mut self, reader: &mut CellReader<'_>, key: Key, rows: &mut dyn Rows) -> Result<(), Stop> {
        if key == Key::Data && reader.peek()? == b'[' {
            reader.expect(b'[')?;
            if self.head.rows.replace(0).is_some() {
                return Err(malformed("the response has `data` twice"));
            }
            self.state = State::Rows { first: true };
            return Ok(());
        }
        let bytes = reader.skip_value()?;
        self.state = State::AfterValue;
        match key {
            Key::Titles => match serde_json::from_slice::<Option<Vec<ColumnTitle>>>(bytes) {
                Ok(None) => {}
                Ok(Some(_)) if self.head.titles.is_some() => {
                    return Err(malformed("the response has `columns_titles` twice"));
                }
                Ok(Some(titles)) => {
                    let checked = rows.titles(&titles);
                    self.head.titles = Some(titles);
                    checked.or_else(|error| self.report(error))?;
                }
                Err(error) => self.report(format!("invalid `columns_titles` in the response: {error}"))?,
            },
            Key::Data if bytes != b"null" => self.report("`data` of the response is not a list of rows".to_owned())?,
            Key::Status => {
                let status = serde_json::from_slice(bytes)
                    .map_err(|_| malformed("`status` of the response is not valid JSON"))?;
                self.status = Some(match status {
                    Value::String(text) => text,
                    other => other.to_string(),
                });
                if self.is_ok()
                    && self.error.is_none()
                    && let Some(error) = self.pending_error.take()
                {
                    return Err(malformed(error));
                }
            }
            Key::Errors => {
                let errors: Value = serde_json::from_slice(bytes)
                    .map_err(|_| malformed("`errors` of the response are not valid JSON"))?;
                if has_errors(&errors) {
                    self.error = Some(reason(&json!({ "errors": errors })));
                }
            }
            Key::Data | Key::Other => {}
        }
        Ok(())
    }

    fn row(&mut self, reader: &mut CellReader<'_>, first: bool, rows: &mut dyn Rows) -> Result<(), Stop> {
        if reader.peek()? == b']' {
            reader.expect(b']')?;
            self.state = State::AfterValue;
            return Ok(());
        }
        if !first {
            reader.expect(b',')?;
        }
        let number = self.head.rows.unwrap_or_default() + 1;
        if self.pending_error.is_some() {
            reader.skip_value()?;
        } else {
            let mut attempt = reader.clone();
            match rows.row(&mut attempt) {
                Ok(()) => *reader = attempt,
                Err(CellError::Incomplete) => return Err(Stop::More),
                Err(error) => {
                    self.report(rows.describe(number, &error))?;
                    reader.skip_value()?;
                }
            }
        }
        self.head.rows = Some(number);
        self.state = State::Rows { first: false };
        Ok(())
    }

    /// Reports an error of the rows: at once if the server's status is known to be `ok`, else at
    /// the end.
    fn report(&mut self, error: String) -> Result<(), Stop> {
        if self.is_ok() && self.error.is_none() {
            return Err(malformed(error));
        }
        self.pending_error.get_or_insert(error);
        Ok(())
    }

    fn is_ok(&self) -> bool {
        self.status.as_deref() == Some("ok")
    }

    fn finish(self, all_read: bool) -> Result<Head, AnswerError> {
        let truncated = self.state != State::End || !all_read;
        if truncated {
            if let Some(error) = self.pending_error {
                return Err(AnswerError::Malformed(error));
            }
            return Err(AnswerError::Truncated(match (self.state, self.head.rows) {
                (State::Start, _) => "the response is empty".to_owned(),
                (State::Rows { .. }, Some(rows)) => format!("the response is truncated: it ends after row {rows}"),
                _ => "the response is truncated: it ends in the middle".to_owned(),
            }));
        }
        let status = match (self.status.as_deref(), self.error) {
            (_, Some(error)) => Err(AnswerError::Rejected(error)),
            (Some("ok"), None) => Ok(()),
            // A newer server may have other statuses for success, but every result has columns.
            (Some(status), None) if status != "error" && self.head.titles.is_some() => Ok(()),
            (Some(status), None) => Err(AnswerError::Rejected(format!("{NO_REASON}, only the status `{status}`"))),
            (None, None) => Err(AnswerError::Malformed("the response has no `status`".to_owned())),
        };
        match (status, self.pending_error) {
            (Err(error), _) => Err(error),
            (Ok(()), Some(error)) => Err(AnswerError::Malformed(error)),
            (Ok(()), None) => Ok(self.head),
        }
    }
}
