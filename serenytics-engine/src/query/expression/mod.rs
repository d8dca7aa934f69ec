//! DataFusion expressions that plans and formulas share.

mod aggregate;
mod time_slot;

use datafusion::common::Column as ColumnName;
use datafusion::prelude::{Expr, lit};
use serenytics_query::vocabulary::ColumnType;

pub(super) use self::aggregate::{AGGREGATE, aggregated, row_count};
pub(super) use self::time_slot::{DAY, HOUR, MINUTE, MONDAY, WEEK, multiple, time_slot};
use crate::base::{Error, ErrorKind};

/// Returns a column by its exact name, whatever characters it has.
pub(super) fn column(name: &str) -> Expr {
    Expr::Column(ColumnName::from_name(name))
}

/// Makes the error for something that the checker should have rejected: a bug in the engine.
pub(super) fn unchecked(what: &str) -> Error {
    Error::new(ErrorKind::Failed, format!("internal error: the checker accepted {what}"))
}

/// Turns negative zero into zero, by adding zero. Arrow does not consider the two equal.
pub(super) fn unify_zeros(expr: Expr, column_type: ColumnType) -> Expr {
    if column_type == ColumnType::Float { expr + lit(0.0) } else { expr }
}

/// Joins parts into a balanced tree, which is as flat as possible.
pub(super) fn balanced(mut parts: Vec<Expr>, join: impl Fn(Expr, Expr) -> Expr) -> Option<Expr> {
    while parts.len() > 1 {
        let mut rest = parts.into_iter();
        parts = Vec::new();
        while let Some(left) = rest.next() {
            parts.push(match rest.next() {
                Some(right) => join(left, right),
                None => left,
            });
        }
    }
    parts.pop()
}
