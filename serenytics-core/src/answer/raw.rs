//! Answers as they are, for queries that are data: titles and JSON values.

use serde_json::Value;
use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::wire::ColumnTitle;

use crate::answer::Rows;

/// The answer to a query that was not checked against a schema.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Answer {
    /// The columns, with names and types as the server gives them.
    pub columns: Vec<ColumnTitle>,
    /// The rows, each with a cell for every column. A number that is missing is `Null`.
    pub rows: Vec<Vec<Value>>,
}

/// Collects the rows of an answer as JSON values.
#[derive(Debug, Default)]
pub(crate) struct RawRows(pub(crate) Vec<Vec<Value>>);

impl Rows for RawRows {
    fn titles(&mut self, _: &[ColumnTitle]) -> Result<(), String> {
        Ok(())
    }

    fn row(&mut self, cells: &mut CellReader<'_>) -> Result<(), CellError> {
        let before = cells.clone();
        let bytes = cells.skip_value()?;
        let row = serde_json::from_slice(bytes).or_else(|_| serde_json::from_slice(&without_nan(bytes)));
        self.0.push(row.map_err(|_| syntax(before, bytes))?);
        Ok(())
    }

    fn describe(&self, row: u64, error: &CellError) -> String {
        format!("row {row}: {error}")
    }
}

/// The error of bytes that are no list of JSON values.
fn syntax(mut reader: CellReader<'_>, bytes: &[u8]) -> CellError {
    // A list that holds something else than JSON is shown from its start.
    match reader.expect(b'[') {
        Err(error) => error,
        Ok(()) => CellError::Syntax {
            found: format!("`{}`", String::from_utf8_lossy(bytes).chars().take(40).collect::<String>()),
        },
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
