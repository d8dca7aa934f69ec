//! Untyped results by row: titles and JSON values.

use serde_json::Value;
use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::wire::ColumnTitle;

use crate::answer::Rows;
use crate::api_key::ApiKey;
use crate::transport::truncated;

/// Maximum length of an invalid row in a message.
const LONGEST_SHOWN: usize = 40;

/// The result of a query that was not checked against a schema.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Answer {
    /// The columns, with the server's names and types.
    pub columns: Vec<ColumnTitle>,
    /// The rows, with one cell for each column. A missing number is `Null`.
    pub rows: Vec<Vec<Value>>,
}

impl Answer {
    /// Returns the names of the columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|title| title.name.as_str())
    }

    /// Returns the cells of the column with this name, one for each row, or `None` if there is no
    /// such column.
    pub fn column(&self, name: &str) -> Option<impl Iterator<Item = &Value>> {
        let index = self.names().position(|other| other == name)?;
        Some(self.rows.iter().filter_map(move |row| row.get(index)))
    }
}

/// Collects the rows of a result as JSON values.
#[derive(Debug)]
pub(crate) struct RawRows<'c> {
    key: &'c ApiKey,
    /// The number of columns, once it is known.
    width: Option<usize>,
    rows: Vec<Vec<Value>>,
}

impl<'c> RawRows<'c> {
    /// Starts empty. The key is redacted from messages.
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
        // A server may send the rows before the titles.
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
        check_digits(&row, bytes)?;
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

/// Describes an invalid list of cells (a row or a column), with its number.
pub(crate) fn described_cells(list: &str, number: u64, error: &CellError) -> String {
    match error {
        CellError::Count { expected, found } => wrong_width(number, *found, *expected),
        other => format!("{list} {number}: {other}"),
    }
}

/// Describes a row with too many or too few cells.
fn wrong_width(row: u64, cells: usize, columns: usize) -> String {
    format!("row {row}: the row has {cells} cells but the result has {columns} columns")
}

impl RawRows<'_> {
    /// Creates the error of bytes that are not a list of JSON values.
    fn syntax(&self, mut reader: CellReader<'_>, bytes: &[u8]) -> CellError {
        // A list with invalid JSON inside is shown from its start.
        match reader.expect(b'[') {
            Err(error) => error,
            Ok(()) => {
                let shown = self.key.redact(String::from_utf8_lossy(bytes).into_owned());
                CellError::Syntax { found: format!("`{}`", truncated(&shown, LONGEST_SHOWN)) }
            }
        }
    }
}

/// Checks that no number of a row lost digits when it became an `f64`.
fn check_digits(row: &[Value], bytes: &[u8]) -> Result<(), CellError> {
    // All integers up to this one are exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_large = |cell: &Value| cell.as_f64().is_some_and(|number| number.abs() >= EXACT) && !is_integer(cell);
    if !row.iter().any(is_large) {
        return Ok(());
    }
    let mut reader = CellReader::new(bytes);
    reader.expect(b'[')?;
    for (column, cell) in row.iter().enumerate() {
        if column > 0 {
            reader.skip_space();
            reader.expect(b',')?;
        }
        let spelled = reader.skip_value()?;
        if is_large(cell) {
            let alone = [b"[", spelled, b"]"].concat();
            CellReader::new(&alone).row(1, CellReader::next::<Value>).map_err(|error| match error {
                CellError::Mismatch { expected, found, .. } => CellError::Mismatch { column, expected, found },
                error => error,
            })?;
        }
    }
    Ok(())
}

fn is_integer(cell: &Value) -> bool {
    cell.is_i64() || cell.is_u64()
}

/// Replaces each bare `NaN` by `null`. Python's `json` writes missing numbers as `NaN`.
fn without_nan(bytes: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(bytes.len() + 8);
    let mut quoted = false;
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        match (first, quoted) {
            (b'\\', true) => {
                let pair = rest.len().min(2);
                clean.extend_from_slice(&rest[..pair]);
                rest = &rest[pair..];
                continue;
            }
            (b'"', _) => quoted = !quoted,
            (b'N', false) if after.starts_with(b"aN") => {
                clean.extend_from_slice(b"null");
                rest = &after[2..];
                continue;
            }
            _ => {}
        }
        clean.push(*first);
        rest = after;
    }
    clean
}
