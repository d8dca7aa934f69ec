//! The language of Serenytics for Rust: its syntax, schemas, checker, lowering, values and rows.
//!
//! This crate does no I/O and depends on neither the compiler nor the client; users reach it
//! through the crate `serenytics`. Each folder is one step of a query's way to the server, and
//! imports only from the folders above it in this list:
//!
//! | folder | what it does |
//! | --- | --- |
//! | `syntax` | [`parse`] turns tokens into a [`stage::Stage`]; a mistake is a [`problem::Problem`] with a stable code |
//! | `wire` | the JSON model of the REST API ([`wire::Pipeline`]), and its conversion into a [`stage::Stage`] |
//! | `values` | Rust values become the wire's JSON values |
//! | `formula` | [`formula::parse()`] and [`formula::check()`] turn a formula into a typed tree, which an engine computes |
//! | `rows` | a [`shape::Shape`] describes a result; [`cell`] reads its rows into Rust structs |
//! | `schemas` | a [`schema::Schema`] lists a source's columns; it is declared in Rust or in a [`schema_file`] |
//! | `check` | [`check::check`] compares a stage with a schema and returns the result's shape, or its problems |
//! | `lower` | [`lower()`] writes a checked stage as JSON, with a placeholder for each run-time value |
//! | `query` | a [`query::Query`] contains that JSON, its shape and the reader of its rows |
//! | `source` | [`source::Source`] is a declared source: its typed columns, the query [`builder`], and rows to load |

pub mod check;
pub mod formula;
mod lower;
pub mod query;
mod rows;
mod schemas;
pub mod source;
mod syntax;
mod values;
pub mod wire;

pub use lower::{lower, measures};
pub use rows::{cell, shape, slot};
pub use schemas::{drift, formulas, remote_schema, schema, schema_file};
pub use source::{SerdeRow, builder, load_row};
pub use syntax::{parse, problem, stage, suggest, token, vocabulary};
pub use values::{datetime, decimal, rendered};

/// Items that the expansions of the macros use.
#[doc(hidden)]
pub mod bindings {
    // A local variable can shadow a function, but not a constant or a static. The expansions import
    // these functions next to their variables, so that a user's constant of the name is hidden.

    /// Hides a user's constant of this name.
    pub const fn __cells() {}
    /// Hides a user's constant of this name.
    pub const fn __cell() {}
    /// Hides a user's constant of this name.
    pub const fn __row() {}
    /// Hides a user's constant of this name.
    pub const fn write() {}

    /// An expression of any type, for code that is only compiled.
    ///
    /// # Panics
    /// Always.
    #[must_use]
    pub fn invalid<T>() -> T {
        unreachable!("code that is only compiled is called")
    }
}

/// The values that a column is compared with, and how they are written on the wire.
pub mod value {
    pub use crate::rows::cell::{
        ColumnCell, DateTimeCells, FieldOf, FloatCells, IntCells, StrCells, check_cell, check_column, check_row,
        column_option, column_value, field, stored_value,
    };
    pub use crate::source::builder::{splice, splice_option};
    pub use crate::source::other_name;
    pub use crate::values::list::{AnyList, ListOf, ListProbe, NotSingle, OptionalList};
    pub use crate::values::rendered::{LimitValue, limit, limit_option};
    pub use crate::values::value::*;
}
