#![doc = include_str!("../README.md")]

pub use serenytics_core::*;
pub use serenytics_macros::{Row, Source};
pub use serenytics_query::cell::Row;
pub use serenytics_query::datetime::DateTime;
pub use serenytics_query::query::Query;
pub use serenytics_query::slot::SlotValue;
pub use serenytics_query::source::{ColumnValue, LoadRow, Source};
pub use serenytics_query::value;

/// Everything that a program with queries needs.
pub mod prelude {
    pub use crate::{Client, DateTime, Query, Row, Source, query};
}

/// Compiles a query against the columns of its source.
#[macro_export]
macro_rules! query {
    ($($query:tt)*) => { $crate::__private::query_entry! { [$crate] $($query)* } };
}

/// What the expansions of the macros name. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use std::borrow::Cow;
    pub use std::string::String;

    pub use serenytics_macros::{query_compile, query_entry};
    pub use serenytics_query::cell::{CellError, CellReader};
    pub use serenytics_query::query::{Part, Template};
    pub use serenytics_query::rendered::Rendered;
    pub use serenytics_query::schema::SourceRef;
    pub use serenytics_query::shape::{OutputColumn, OutputType};
    pub use serenytics_query::source::{ColumnAt, RowWriter, named, with_uuid};
    pub use serenytics_query::vocabulary::{ColumnType, TimeSlot};
}
