//! Inputs: what a query reads, and what is known of it before it does.

use std::sync::Arc;

use serde_json::Value;
use serenytics_query::schema::{Column as SchemaColumn, ColumnKind};

use super::formula::{RowColumns, Typed};
use crate::storage::{Column, Snapshot};

/// The rows that a query is over.
#[derive(Debug)]
pub(crate) struct Input {
    /// The source's name.
    pub(crate) name: String,
    /// The source's configuration.
    pub(crate) configuration: Value,
    /// The storage that the rows are in, at one commit. It stays as it is until the input is dropped.
    pub(crate) snapshot: Arc<Snapshot>,
}

impl Input {
    /// Whether a storage has no rows, which every query over it is told.
    pub(super) fn is_empty(&self) -> bool {
        self.snapshot.rows == 0
    }

    /// The columns, as the language knows them.
    pub(super) fn schema_columns(&self) -> impl Iterator<Item = SchemaColumn> {
        self.snapshot.columns.iter().map(|column| SchemaColumn {
            name: column.name.clone(),
            wire: column.name.clone(),
            column_type: column.column_type,
            nullable: true,
            kind: ColumnKind::Stored,
            rust_type: String::new(),
        })
    }

    /// Whether no sum over an integer column, whichever rows it takes, can be larger than 64 bits hold.
    pub(super) fn sum_fits(&self, column: &str) -> bool {
        self.snapshot.sum_fits(column)
    }
}

impl RowColumns for Input {
    fn column(&self, name: &str) -> Option<Typed> {
        let column = self.snapshot.columns.iter().find(|column| column.name == name)?;
        Some(Typed::column(name, column.column_type, self.snapshot.largest(name)))
    }

    fn names(&self) -> Vec<&str> {
        self.snapshot.columns.iter().map(|column: &Column| column.name.as_str()).collect()
    }

    fn rows(&self) -> u128 {
        self.snapshot.rows.into()
    }
}
