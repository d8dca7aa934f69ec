//! The compiler of Serenytics for Rust: `#[derive(Source)]`, `#[derive(Row)]`,
//! `#[derive(ColumnValue)]` and the implementation of `query!`.
//!
//! Users reach it through the crate `serenytics`, which documents it. `query!` has two steps. The
//! first step finds the source after `from` and passes the query to a macro with the name of the
//! source, which `derive(Source)` creates. That macro passes the query, together with the schema,
//! to the second step, which parses, checks and expands it.

mod attributes;
mod column_value;
mod field_type;
mod query;
mod row;
mod source;

use proc_macro::TokenStream;

/// Declares a data source and its columns; see the crate `serenytics`.
#[proc_macro_derive(Source, attributes(source, column))]
pub fn derive_source(input: TokenStream) -> TokenStream {
    source::derive(input.into()).into()
}

/// Declares a struct that a query's rows are read into; see the crate `serenytics`.
#[proc_macro_derive(Row, attributes(row))]
pub fn derive_row(input: TokenStream) -> TokenStream {
    row::derive(input.into()).into()
}

/// Makes an enum or a newtype the type of a column; see the crate `serenytics`.
#[proc_macro_derive(ColumnValue, attributes(column_value))]
pub fn derive_column_value(input: TokenStream) -> TokenStream {
    column_value::derive(input.into()).into()
}

/// The first step of `query!`: finds the source.
#[doc(hidden)]
#[proc_macro]
pub fn query_entry(input: TokenStream) -> TokenStream {
    query::entry(input.into()).into()
}

/// The second step of `query!`: compiles the query against the source's schema.
#[doc(hidden)]
#[proc_macro]
pub fn query_compile(input: TokenStream) -> TokenStream {
    query::compile(input.into()).into()
}

/// The macro of a name that is not a source: the error of its query.
#[doc(hidden)]
#[proc_macro]
pub fn __serenytics_source(input: TokenStream) -> TokenStream {
    query::not_a_source(input.into()).into()
}
