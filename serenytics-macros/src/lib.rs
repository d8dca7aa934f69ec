//! The compiler of Serenytics for Rust: `#[derive(Source)]` and what stands behind `query!`.
//!
//! Users reach it through the crate `serenytics`, which holds the documentation. `query!` runs in two steps: the first finds the source behind
//! `from` and hands the query to the macro of the source's own name, which `derive(Source)` made; that one hands the query on, together with the
//! schema, to the second step, which parses, checks and expands it.

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
