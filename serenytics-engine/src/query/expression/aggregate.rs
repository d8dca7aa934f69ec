//! Aggregates as DataFusion expressions.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions_aggregate::expr_fn::{avg, count, count_distinct, max, min, sum};
use datafusion::logical_expr::{cast, utils::COUNT_STAR_EXPANSION};
use datafusion::prelude::Expr;
use serenytics_query::vocabulary::{Aggregate, ColumnType};

use super::one_zero;

/// What the aggregates are called inside of a plan, before their number.
pub(in crate::query) const AGGREGATE: &str = "a";

/// The number of rows.
pub(in crate::query) fn row_count() -> Expr {
    count(Expr::Literal(COUNT_STAR_EXPANSION, None))
}

/// An aggregate over what `argument` gives for each row.
///
/// A sum of 64 bits wraps around. One that might is wide, and held against 64 bits later.
pub(in crate::query) fn aggregated(
    aggregate: Aggregate,
    argument: Expr,
    argument_type: ColumnType,
    sum_may_wrap: bool,
) -> Expr {
    match aggregate {
        Aggregate::Sum if sum_may_wrap => sum(cast(argument, DataType::Decimal128(20, 0))),
        Aggregate::Sum => sum(argument),
        Aggregate::Min => min(argument),
        Aggregate::Max => max(argument),
        Aggregate::Avg => avg(argument),
        Aggregate::Dcount => count_distinct(one_zero(argument, argument_type)),
    }
}
