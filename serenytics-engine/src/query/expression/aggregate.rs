//! Aggregates as DataFusion expressions.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions_aggregate::expr_fn::{avg, count, count_distinct, max, min, sum};
use datafusion::logical_expr::{cast, utils::COUNT_STAR_EXPANSION};
use datafusion::prelude::Expr;
use serenytics_query::vocabulary::{Aggregate, ColumnType};

use super::unify_zeros;

/// The prefix of an aggregate's name in a plan, before its index.
pub(in crate::query) const AGGREGATE: &str = "a";

/// Counts the rows.
pub(in crate::query) fn row_count() -> Expr {
    count(Expr::Literal(COUNT_STAR_EXPANSION, None))
}

/// Applies an aggregate to `argument`.
///
/// A 64-bit sum wraps around on overflow. If `sum_may_wrap`, it has 128 bits and is converted back
/// later.
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
        Aggregate::Dcount => count_distinct(unify_zeros(argument, argument_type)),
    }
}
