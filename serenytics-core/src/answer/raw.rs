//! Answers as they are, for queries that are data: titles and JSON values.

use serde_json::Value;
use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::wire::ColumnTitle;

use crate::answer::Rows;
use crate::api_key::ApiKey;
use crate::transport::cut;

/// How much of a row that is no JSON is shown.
const LONGEST_SHOWN: usize = 40;

/// The answer to a query that was not checked against a schema.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Answer {
    /// The columns, with names and types as the server gives them.
    pub columns: Vec<ColumnTitle>,
    /// The rows, each with a cell for every column. A number that is missing is `Null`.
    pub rows: Vec<Vec<Value>>,
}

impl Answer {
    /// The names of the columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|title| title.name.as_str())
    }

    /// The cells of the column with this name, one a row; none if there is no such column.
    pub fn column(&self, name: &str) -> Option<impl Iterator<Item = &Value>> {
        let index = self.names().position(|other| other == name)?;
        Some(self.rows.iter().filter_map(move |row| row.get(index)))
    }
}

/// Collects the rows of an answer as JSON values.
#[derive(Debug)]
pub(crate) struct RawRows<'c> {
    key: &'c ApiKey,
    /// How many columns there are, once that is known.
    width: Option<usize>,
    rows: Vec<Vec<Value>>,
}

impl<'c> RawRows<'c> {
    /// Nothing yet; what is shown of an answer is shown without the key.
    pub(crate) fn new(key: &'c ApiKey) -> RawRows<'c> {
        RawRows { key, width: None, rows: Vec::new() }
    }

    pub(crate) fn into_rows(self) -> Vec<Vec<Value>> {
        self.rows
    }
}

impl Rows for RawRows<'_> {
    fn titles(&mut self, titles: &[ColumnTitle]) -> Result<(), String> {
        self.width = Some(titles.len());
        // The rows may stand before the titles.
        match self.rows.iter().position(|row| row.len() != titles.len()) {
            Some(at) => Err(wrong_width(at as u64 + 1, self.rows[at].len(), titles.len())),
            None => Ok(()),
        }
    }

    fn row(&mut self, cells: &mut CellReader<'_>) -> Result<(), CellError> {
        let before = cells.clone();
        let bytes = cells.skip_value()?;
        let row = serde_json::from_slice(bytes).or_else(|_| serde_json::from_slice(&without_nan(bytes)));
        let row: Vec<Value> = row.map_err(|_| self.syntax(before, bytes))?;
        match self.width {
            Some(expected) if expected != row.len() => Err(CellError::Count { expected, found: row.len() }),
            _ => {
                self.rows.push(row);
                Ok(())
            }
        }
    }

    fn describe(&self, row: u64, error: &CellError) -> String {
        described_cells("row", row, error)
    }

    fn clear(&mut self) {
        self.width = None;
        self.rows.clear();
    }
}

/// Says what is wrong with a list of cells, a row or a column, by its number.
pub(crate) fn described_cells(list: &str, number: u64, error: &CellError) -> String {
    match error {
        CellError::Count { expected, found } => wrong_width(number, *found, *expected),
        other => format!("{list} {number}: {other}"),
    }
}

/// Says that a row has too many cells, or too few.
fn wrong_width(row: u64, cells: usize, columns: usize) -> String {
    format!("row {row}: the row has {cells} cells and the answer {columns} columns")
}

impl RawRows<'_> {
    /// The error of bytes that are no list of JSON values.
    fn syntax(&self, mut reader: CellReader<'_>, bytes: &[u8]) -> CellError {
        // A list that holds something else than JSON is shown from its start.
        match reader.expect(b'[') {
            Err(error) => error,
            Ok(()) => {
                let shown = self.key.redact(String::from_utf8_lossy(bytes).into_owned());
                CellError::Syntax { found: format!("`{}`", cut(&shown, LONGEST_SHOWN)) }
            }
        }
    }
}

/// JSON with `null` for each bare `NaN`, which Python's `json` writes for a missing number.
fn without_nan(bytes: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(bytes.len() + 8);
    let mut quoted = false;
    let mut rest = bytes;
    while let [first, behind @ ..] = rest {
        match (first, quoted) {
            (b'\\', true) => {
                let pair = rest.len().min(2);
                clean.extend_from_slice(&rest[..pair]);
                rest = &rest[pair..];
                continue;
            }
            (b'"', _) => quoted = !quoted,
            (b'N', false) if behind.starts_with(b"aN") => {
                clean.extend_from_slice(b"null");
                rest = &behind[2..];
                continue;
            }
            _ => {}
        }
        clean.push(*first);
        rest = behind;
    }
    clean
}
