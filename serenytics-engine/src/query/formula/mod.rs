//! Formulas on DataFusion: lowers the checked formulas of `serenytics_query::formula` to expressions
//! of built-in functions.

mod functions;
mod lower;
mod measures;
#[cfg(test)]
mod tests;
mod validation;

pub(super) use lower::{RankColumn, Totals, cell, ranks};
pub(super) use measures::configured_measures;
pub(super) use validation::{check_regex, is_time_zone};
