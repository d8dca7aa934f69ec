//! Lowers each function to an expression of DataFusion. The matches have one arm for each function of the language.

mod arguments;
mod conditions;
mod dates;
mod numbers;
mod text;

use datafusion::prelude::Expr;
use serenytics_query::formula::Operation;

pub(super) use arguments::{Arguments, WIDE, case_when, datetime, text};

/// Lowers a function of one row.
pub(super) fn lower_operation(operation: Operation, arguments: &Arguments<'_>) -> Expr {
    match operation {
        Operation::Condition(function) => conditions::lower(function, arguments),
        Operation::Text(function) => text::lower(function, arguments),
        Operation::Number(function) => numbers::lower(function, arguments),
        Operation::Date(function) => dates::lower(function, arguments),
    }
}
