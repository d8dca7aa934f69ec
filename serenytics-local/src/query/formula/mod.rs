//! Formulas: what a measure computes for each row, and a value formula over all of them.
//!
//! A formula is a text: [`parse`](fn@parse) makes a tree of it, `types` finds what its names mean and what each part of
//! it gives, `functions` has the table of functions, and `lower` makes expressions of DataFusion's built-in functions.

mod functions;
#[cfg(test)]
mod fuzz;
mod lower;
mod measures;
mod parse;
mod tree;
mod types;

pub(super) use lower::{Rank, Totals, cell, ranks};
pub(super) use measures::Measures;
pub(super) use parse::parse;
pub(super) use types::{RowColumns, Scope, Typed, over_all_rows};
