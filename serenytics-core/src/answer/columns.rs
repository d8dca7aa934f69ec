//! Answers column by column, for queries that are data.

use serde_json::Value;
use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::wire::ColumnTitle;

use crate::answer::Rows;
use crate::answer::raw::{RawRows, described_cells};
use crate::api_key::ApiKey;

/// The answer, column by column, to a query that was not checked against a schema.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ColumnAnswer {
    /// The columns, with names and types as the server gives them.
    pub columns: Vec<ColumnTitle>,
    /// The cells of each column, which all have as many. A number that is missing is `Null`.
    pub cells: Vec<Vec<Value>>,
}

impl ColumnAnswer {
    /// The cells of the column with this name, if there is one.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&[Value]> {
        let index = self.columns.iter().position(|title| title.name == name)?;
        self.cells.get(index).map(Vec::as_slice)
    }
}

/// Collects an answer whose `data` is a list of columns.
#[derive(Debug)]
pub(crate) struct RawColumns<'c> {
    lists: RawRows<'c>,
}

impl<'c> RawColumns<'c> {
    pub(crate) fn new(key: &'c ApiKey) -> RawColumns<'c> {
        RawColumns { lists: RawRows::new(key) }
    }

    /// The columns; the error is a sentence about one that does not fit the others.
    pub(crate) fn finish(self, columns: Vec<ColumnTitle>) -> Result<ColumnAnswer, String> {
        let cells = self.lists.into_rows();
        // Without a row a server may leave the lists out.
        if cells.is_empty() {
            return Ok(ColumnAnswer { cells: vec![Vec::new(); columns.len()], columns });
        }
        if cells.len() != columns.len() {
            return Err(format!("the answer has {} columns in `data` and {} titles", cells.len(), columns.len()));
        }
        let rows = cells.first().map_or(0, Vec::len);
        match cells.iter().zip(&columns).find(|(cells, _)| cells.len() != rows) {
            Some((cells, title)) => {
                let first = columns.first().map_or("", |title| title.name.as_str());
                let (name, length) = (&title.name, cells.len());
                Err(format!("column `{name}` of the answer has {length} cells and `{first}` has {rows}"))
            }
            None => Ok(ColumnAnswer { columns, cells }),
        }
    }
}

impl Rows for RawColumns<'_> {
    /// Columns have the length of each other and not of the titles.
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
