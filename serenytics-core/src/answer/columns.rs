//! Untyped results by column.

use serde_json::Value;
use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::wire::ColumnTitle;

use crate::answer::Rows;
use crate::answer::raw::{RawRows, described_cells};
use crate::api_key::ApiKey;

/// The result, column by column, of a query that was not checked against a schema.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ColumnAnswer {
    /// The columns, with the server's names and types.
    pub columns: Vec<ColumnTitle>,
    /// The cells of each column; all columns have the same number. A missing number is `Null`.
    pub cells: Vec<Vec<Value>>,
}

impl ColumnAnswer {
    /// Returns the cells of the column with this name, or `None` if there is no such column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&[Value]> {
        let index = self.columns.iter().position(|title| title.name == name)?;
        self.cells.get(index).map(Vec::as_slice)
    }
}

/// Collects a result whose `data` is a list of columns.
#[derive(Debug)]
pub(crate) struct RawColumns<'c> {
    lists: RawRows<'c>,
}

impl<'c> RawColumns<'c> {
    pub(crate) fn new(key: &'c ApiKey) -> RawColumns<'c> {
        RawColumns { lists: RawRows::new(key) }
    }

    /// Returns the columns. The error is a sentence about a column that does not fit the others.
    pub(crate) fn finish(self, columns: Vec<ColumnTitle>) -> Result<ColumnAnswer, String> {
        let cells = self.lists.into_rows();
        // A server may leave the lists out if there are no rows.
        if cells.is_empty() {
            return Ok(ColumnAnswer { cells: vec![Vec::new(); columns.len()], columns });
        }
        if cells.len() != columns.len() {
            return Err(format!("the result has {} columns in `data` but {} titles", cells.len(), columns.len()));
        }
        let rows = cells.first().map_or(0, Vec::len);
        match cells.iter().zip(&columns).find(|(cells, _)| cells.len() != rows) {
            Some((cells, title)) => {
                let first = columns.first().map_or("", |title| title.name.as_str());
                let (name, length) = (&title.name, cells.len());
                Err(format!("column `{name}` of the result has {length} cells but `{first}` has {rows}"))
            }
            None => Ok(ColumnAnswer { columns, cells }),
        }
    }
}

impl Rows for RawColumns<'_> {
    /// Does not check: the length of a column is the number of rows, not of titles.
    fn titles(&mut self, _: &[ColumnTitle]) -> Result<(), String> {
        Ok(())
    }

    fn row(&mut self, cells: &mut CellReader<'_>) -> Result<(), CellError> {
        self.lists.row(cells)
    }

    fn describe(&self, column: u64, error: &CellError) -> String {
        described_cells("column", column, error)
    }

    fn clear(&mut self) {
        self.lists.clear();
    }
}
