//! What a Rust type declares about itself: a source's columns, and how a value becomes a row to load.

use std::borrow::Cow;

use crate::builder::{Filter, QueryBuilder};
use crate::schema::{Column, ColumnKind, Schema, SourceRef};
use crate::value::{ToWire, quoted};
use crate::vocabulary::ColumnType;

/// A type that declares a source: its name and its columns. Derived by `#[derive(Source)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a data source [SRN053]",
    label = "not a data source",
    note = "put `#[derive(Source)]` on the struct that declares its columns"
)]
pub trait Source {
    /// How the source is found on the server.
    const SOURCE: SourceRef;

    /// The source's columns, as [`Schema::encode`] writes them.
    #[doc(hidden)]
    const ENCODED: &'static str;

    /// The source's columns as values, a field each.
    type Columns;

    /// The source's columns as values.
    #[doc(hidden)]
    const COLUMNS: Self::Columns;

    /// A filter: conditions as a value, to be spliced into queries of this source as `..{filter}`, or given to a builder.
    fn filter(write: impl FnOnce(Self::Columns) -> Filter<Self>) -> Filter<Self>
    where
        Self: Sized,
    {
        write(Self::COLUMNS)
    }

    /// A query that is written by the run, clause by clause.
    fn query() -> QueryBuilder<Self>
    where
        Self: Sized,
    {
        QueryBuilder::new()
    }

    /// The declared schema.
    #[must_use]
    fn schema() -> Schema {
        Schema::decode(Self::ENCODED).unwrap_or(Schema { source: Self::SOURCE, columns: Vec::new() })
    }
}

/// A row that can be loaded into a storage: a value of a [`Source`], or a JSON object.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row that can be loaded [SRN054]",
    label = "not a row",
    note = "put `#[derive(Source)]` on the struct, or use a `serde_json::Map`"
)]
pub trait LoadRow {
    /// Writes the row as a JSON object at the end of `json`.
    ///
    /// # Errors
    /// A sentence about the cell that JSON cannot hold.
    fn write_row(&self, json: &mut String) -> Result<(), String>;

    /// The types that the columns have to get, by wire name; empty to have them inferred.
    #[must_use]
    fn forced_types() -> Vec<(String, ColumnType)>
    where
        Self: Sized,
    {
        Vec::new()
    }
}

/// A struct with a field for each column of its source, so that its values are rows. Derived with [`Source`], but for a source whose
/// columns a file declares.
#[doc(hidden)]
pub trait SourceRow {
    /// The source.
    type Source: Source;

    /// Writes the value's cells.
    fn write_cells(&self, row: &mut RowWriter);
}

impl<R: SourceRow> SourceRow for &R {
    type Source = R::Source;

    fn write_cells(&self, row: &mut RowWriter) {
        (**self).write_cells(row);
    }
}

/// The types of the columns that are stored in a source, by wire name.
#[must_use]
pub fn stored_types<S: Source>() -> Vec<(String, ColumnType)> {
    let stored = |column: &Column| column.kind == ColumnKind::Stored;
    S::schema().columns.into_iter().filter(stored).map(|column| (column.wire, column.column_type)).collect()
}

impl<R: SourceRow> LoadRow for R {
    fn write_row(&self, json: &mut String) -> Result<(), String> {
        let mut row = RowWriter { json: std::mem::take(json), cells: 0, problem: None };
        row.json.push('{');
        self.write_cells(&mut row);
        row.json.push('}');
        *json = row.json;
        row.problem.map_or(Ok(()), Err)
    }

    fn forced_types() -> Vec<(String, ColumnType)> {
        stored_types::<R::Source>()
    }
}

impl LoadRow for serde_json::Map<String, serde_json::Value> {
    fn write_row(&self, json: &mut String) -> Result<(), String> {
        json.push_str(&serde_json::to_string(self).map_err(|error| error.to_string())?);
        Ok(())
    }
}

impl LoadRow for &serde_json::Map<String, serde_json::Value> {
    fn write_row(&self, json: &mut String) -> Result<(), String> {
        (**self).write_row(json)
    }
}

/// Writes the cells of a row as the fields of a JSON object.
#[derive(Debug)]
pub struct RowWriter {
    json: String,
    cells: usize,
    problem: Option<String>,
}

impl RowWriter {
    /// Writes a cell under its column's wire name; `None` is NULL.
    pub fn cell(&mut self, wire: &str, value: Option<ToWire>) {
        if self.cells > 0 {
            self.json.push(',');
        }
        self.cells += 1;
        self.json.push_str(&quoted(wire));
        self.json.push(':');
        match value.transpose() {
            Ok(Some(value)) => self.json.push_str(&value.element()),
            Ok(None) => self.json.push_str("null"),
            Err(message) => {
                self.json.push_str("null");
                self.problem.get_or_insert(format!("column `{wire}`: {message}"));
            }
        }
    }
}

/// The Rust type of a source's column, without `Option`, by the column's index.
#[doc(hidden)]
pub trait ColumnAt<const INDEX: usize> {
    /// The type.
    type Type;
}

/// A source's name, borrowed for as long as the program runs.
#[doc(hidden)]
#[must_use]
pub const fn named(name: &'static str) -> SourceRef {
    SourceRef::Name(Cow::Borrowed(name))
}

/// A source's uuid, borrowed for as long as the program runs.
#[doc(hidden)]
#[must_use]
pub const fn with_uuid(uuid: &'static str) -> SourceRef {
    SourceRef::Uuid(Cow::Borrowed(uuid))
}
