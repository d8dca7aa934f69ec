//! Expressions of DataFusion that plans and formulas share.

mod aggregate;
mod time_slot;

use datafusion::common::Column as ColumnName;
use datafusion::prelude::{Expr, lit};
use serenytics_query::vocabulary::ColumnType;

pub(super) use self::aggregate::{AGGREGATE, aggregated, row_count};
pub(super) use self::time_slot::{DAY, HOUR, MINUTE, MONDAY, WEEK, multiple, time_slot};
use crate::base::{Error, ErrorKind};

/// A column of the rows. Its name is taken as it is, whatever is in it.
pub(super) fn column(name: &str) -> Expr {
    Expr::Column(ColumnName::from_name(name))
}

/// What a checked stage cannot hold: an error of the checker, and not of the request.
pub(super) fn unchecked(what: &str) -> Error {
    Error::new(ErrorKind::Failed, format!("the checker let {what} through"))
}

/// A float with one zero: Arrow takes those of both signs for two numbers, and their sum with zero is the same.
pub(super) fn one_zero(expr: Expr, column_type: ColumnType) -> Expr {
    if column_type == ColumnType::Float { expr + lit(0.0) } else { expr }
}
