//! The decoder: a small state machine that reads an answer in one pass, from whatever bytes have arrived.

use serde_json::{Value, json};
use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::wire::ColumnTitle;

use crate::transport::{NO_REASON, has_errors, reason};

/// What an answer's rows are read into.
pub(crate) trait Rows {
    /// Holds the columns against what is expected; the error is a sentence.
    fn titles(&mut self, titles: &[ColumnTitle]) -> Result<(), String>;

    /// Reads one row, `[cell, ..]`.
    fn row(&mut self, cells: &mut CellReader<'_>) -> Result<(), CellError>;

    /// Says what is wrong with a row, counted from 1.
    fn describe(&self, row: u64, error: &CellError) -> String;

    /// Forgets what was read, because the query is sent again.
    fn clear(&mut self);
}

/// What is wrong with an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AnswerError {
    /// The server says an error in place of data.
    Refused(String),
    /// The answer is cut, no JSON, or not what was expected.
    Malformed(String),
}

/// What an answer holds beside its rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) titles: Option<Vec<ColumnTitle>>,
    /// The number of rows; `None` when the answer has no `data`.
    pub(crate) rows: Option<u64>,
}

/// Reads an answer from chunks of its bytes.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// Bytes that arrived and are not read yet begin at `start`.
    buffer: Vec<u8>,
    start: usize,
    /// How many unread bytes there have to be before another try. It doubles with each try that fails, so that a row
    /// or a value of any length is scanned a bounded number of times.
    enough: usize,
    machine: Machine,
}

impl Decoder {
    /// Reads as many rows as `chunk` completes.
    pub(crate) fn feed(&mut self, chunk: &[u8], rows: &mut dyn Rows) -> Result<(), AnswerError> {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(chunk);
        if self.buffer.len() < self.enough {
            return Ok(());
        }
        self.read(rows)
    }

    /// Reads what is left and checks that the answer is whole.
    pub(crate) fn finish(mut self, rows: &mut dyn Rows) -> Result<Head, AnswerError> {
        self.read(rows)?;
        self.machine.finish(self.buffer.len() == self.start)
    }

    /// Whether rows were read that may be given away before the answer ends: their columns are known, and nothing is wrong with them so far.
    pub(crate) fn has_sound_rows(&self) -> bool {
        let Machine { head, flaw, error, .. } = &self.machine;
        head.titles.is_some() && head.rows.is_some_and(|rows| rows > 0) && flaw.is_none() && error.is_none()
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

/// Why a step was not made.
enum Stop {
    /// More bytes are needed.
    More,
    Wrong(AnswerError),
}

impl From<CellError> for Stop {
    fn from(error: CellError) -> Stop {
        match error {
            CellError::Incomplete => Stop::More,
            CellError::Syntax { found } => malformed(format!("the answer is no JSON: {found} stands in it")),
            other => malformed(other.to_string()),
        }
    }
}

fn malformed(message: impl Into<String>) -> Stop {
    Stop::Wrong(AnswerError::Malformed(message.into()))
}

/// Where in the answer the machine stands.
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
    /// Behind a value.
    Behind,
    /// Behind the object.
    End,
}

/// The keys of an answer.
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
    /// What is wrong with the rows. While the status is not known it waits, because a server's own error comes first;
    /// rows are skipped meanwhile.
    flaw: Option<String>,
}

impl Machine {
    /// Reads the next piece. A piece is read whole or not at all, so that it can be read again.
    fn step(&mut self, reader: &mut CellReader<'_>, rows: &mut dyn Rows) -> Result<(), Stop> {
        reader.skip_space();
        if reader.peek().is_err() {
            // Only space is left, which needs no second look.
            return Ok(());
        }
        match self.state {
            State::Start => {
                reader.expect(b'{')?;
                self.state = State::Key { first: true };
            }
            State::Key { first } => self.key(reader, first)?,
            State::Value(key) => self.value(reader, key, rows)?,
            State::Rows { first } => self.row(reader, first, rows)?,
            State::Behind => {
                if reader.peek()? == b'}' {
                    reader.expect(b'}')?;
                    self.state = State::End;
                } else {
                    reader.expect(b',')?;
                    self.state = State::Key { first: false };
                }
            }
            State::End => return Err(malformed("something stands behind the end of the answer")),
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
        let key: String =
            serde_json::from_slice(quoted).map_err(|_| malformed("the answer is no JSON: a key of it is no text"))?;
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
                return Err(malformed("the answer has `data` twice"));
            }
            self.state = State::Rows { first: true };
            return Ok(());
        }
        let bytes = reader.skip_value()?;
        self.state = State::Behind;
        match key {
            Key::Titles => match serde_json::from_slice::<Option<Vec<ColumnTitle>>>(bytes) {
                Ok(None) => {}
                Ok(Some(_)) if self.head.titles.is_some() => {
                    return Err(malformed("the answer has `columns_titles` twice"));
                }
                Ok(Some(titles)) => {
                    let checked = rows.titles(&titles);
                    self.head.titles = Some(titles);
                    checked.or_else(|flaw| self.flawed(flaw))?;
                }
                Err(error) => self.flawed(format!("`columns_titles` of the answer cannot be read: {error}"))?,
            },
            Key::Data if bytes != b"null" => self.flawed("`data` of the answer is no list of rows".to_owned())?,
            Key::Status => {
                let status =
                    serde_json::from_slice(bytes).map_err(|_| malformed("`status` of the answer is no JSON"))?;
                self.status = Some(match status {
                    Value::String(text) => text,
                    other => other.to_string(),
                });
                if self.is_ok()
                    && self.error.is_none()
                    && let Some(flaw) = self.flaw.take()
                {
                    return Err(malformed(flaw));
                }
            }
            Key::Errors => {
                let errors: Value =
                    serde_json::from_slice(bytes).map_err(|_| malformed("`errors` of the answer are no JSON"))?;
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
            self.state = State::Behind;
            return Ok(());
        }
        if !first {
            reader.expect(b',')?;
        }
        let number = self.head.rows.unwrap_or_default() + 1;
        if self.flaw.is_some() {
            reader.skip_value()?;
        } else {
            let mut attempt = reader.clone();
            match rows.row(&mut attempt) {
                Ok(()) => *reader = attempt,
                Err(CellError::Incomplete) => return Err(Stop::More),
                Err(error) => {
                    self.flawed(rows.describe(number, &error))?;
                    reader.skip_value()?;
                }
            }
        }
        self.head.rows = Some(number);
        self.state = State::Rows { first: false };
        Ok(())
    }

    /// Notes what is wrong, or says it at once if the server has said that nothing is wrong on its side.
    fn flawed(&mut self, flaw: String) -> Result<(), Stop> {
        if self.is_ok() && self.error.is_none() {
            return Err(malformed(flaw));
        }
        self.flaw.get_or_insert(flaw);
        Ok(())
    }

    fn is_ok(&self) -> bool {
        self.status.as_deref() == Some("ok")
    }

    fn finish(self, all_read: bool) -> Result<Head, AnswerError> {
        let cut = self.state != State::End || !all_read;
        if cut {
            return Err(AnswerError::Malformed(self.flaw.unwrap_or_else(|| match (self.state, self.head.rows) {
                (State::Start, _) => "the answer is empty".to_owned(),
                (State::Rows { .. }, Some(rows)) => format!("the answer is cut: it ends behind row {rows}"),
                _ => "the answer is cut: it ends in the middle".to_owned(),
            })));
        }
        let sound = match (self.status.as_deref(), self.error) {
            (_, Some(error)) => Err(AnswerError::Refused(error)),
            (Some("ok"), None) => Ok(()),
            // A newer server may have other words for an answer that is sound, and an answer without columns is none.
            (Some(status), None) if status != "error" && self.head.titles.is_some() => Ok(()),
            (Some(status), None) => Err(AnswerError::Refused(format!("{NO_REASON}, only the status `{status}`"))),
            (None, None) => Err(AnswerError::Malformed("the answer has no `status`".to_owned())),
        };
        match (sound, self.flaw) {
            (Err(error), _) => Err(error),
            (Ok(()), Some(flaw)) => Err(AnswerError::Malformed(flaw)),
            (Ok(()), None) => Ok(self.head),
        }
    }
}
