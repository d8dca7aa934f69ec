//! Declared sources: a Rust type that declares a source and its columns.

pub mod builder;
pub mod load_row;
mod serde_row;

use std::borrow::Cow;

use self::builder::{Filter, QueryBuilder};
pub use self::load_row::{LoadRow, RowWriter, SourceRow};
pub use self::serde_row::SerdeRow;
use crate::schemas::schema::{Column, ColumnKind, Schema, SourceRef};
use crate::syntax::vocabulary::ColumnType;

/// A type that declares a source: its name and its columns. Derived by `#[derive(Source)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a data source [SRN053]",
    label = "not a data source",
    note = "add `#[derive(Source)]` to the struct that declares its columns"
)]
pub trait Source {
    /// Identifies the source on the server.
    const SOURCE: SourceRef;

    /// The source's columns, as [`Schema::encode`] writes them.
    #[doc(hidden)]
    const ENCODED: &'static str;

    /// The source's columns as values, one field for each column.
    type Columns;

    /// The source's columns as values.
    #[doc(hidden)]
    const COLUMNS: Self::Columns;

    /// Creates a filter: conditions as a value, for splicing into queries of this source as
    /// `..{filter}` or for a builder.
    fn filter(write: impl FnOnce(Self::Columns) -> Filter<Self>) -> Filter<Self>
    where
        Self: Sized,
    {
        write(Self::COLUMNS)
    }

    /// Starts a query that is built at run time, clause by clause.
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

/// The types of the columns that are stored in a source, by wire name.
#[must_use]
pub fn stored_types<S: Source>() -> Vec<(String, ColumnType)> {
    let stored = |column: &Column| column.kind == ColumnKind::Stored;
    S::schema().columns.into_iter().filter(stored).map(|column| (column.wire, column.column_type)).collect()
}

/// The Rust type of a source's column, without `Option`, by the column's index.
#[doc(hidden)]
pub trait ColumnAt<const INDEX: usize> {
    /// The type.
    type Type;
}

/// Checks that a type is a source. A source whose columns `query!` cannot read has another name, such
/// as a type alias.
///
/// # Panics
/// Always.
#[doc(hidden)]
#[must_use]
#[track_caller]
pub const fn other_name<S: Source>(message: &str) -> usize {
    panic!("{}", message)
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
