//! Typed rows, parsed directly from the bytes by the query's own reader.

use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::query::ReadRow;
use serenytics_query::shape::{OutputColumn, Shape};
use serenytics_query::wire::ColumnTitle;

use crate::answer::{Rows, drift};

/// Collects the rows of a query.
pub(crate) struct TypedRows<R> {
    shape: Shape,
    read: ReadRow<R>,
    rows: Vec<R>,
}

impl<R> TypedRows<R> {
    pub(crate) fn new(shape: Shape, read: ReadRow<R>) -> TypedRows<R> {
        TypedRows { shape, read, rows: Vec::new() }
    }

    /// Takes the rows that were collected since the last call.
    pub(crate) fn take(&mut self) -> Vec<R> {
        std::mem::take(&mut self.rows)
    }

    pub(crate) fn into_rows(self) -> Vec<R> {
        self.rows
    }
}

impl<R> Rows for TypedRows<R> {
    fn titles(&mut self, titles: &[ColumnTitle]) -> Result<(), String> {
        drift::check(&self.shape, titles)
    }

    fn row(&mut self, cells: &mut CellReader<'_>) -> Result<(), CellError> {
        self.rows.push(cells.row(self.shape.len(), self.read)?);
        Ok(())
    }

    fn describe(&self, row: u64, error: &CellError) -> String {
        describe(&self.shape, row, error)
    }

    fn clear(&mut self) {
        self.rows.clear();
    }
}

/// Describes an invalid row, counted from 1, with the names of the query.
pub(crate) fn describe(shape: &[OutputColumn], row: u64, error: &CellError) -> String {
    let CellError::Mismatch { column, expected, found } = error else {
        return format!("row {row}: {error}");
    };
    let name = shape.get(*column).map_or_else(|| (column + 1).to_string(), drift::called);
    format!("row {row}, column {name}: expected {expected}, found {found}{}", error.advice())
}
