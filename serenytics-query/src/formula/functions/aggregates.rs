//! Signatures of the aggregates, which compute one value over all rows.

use super::signature::{Accepts, Function, FunctionKind, LENGTH, Parameter, Repeats, Returns, optional, required};
use crate::syntax::vocabulary::Aggregate;

const NUMBER: Parameter = required("value", Accepts::Number);
const VALUE: Parameter = required("value", Accepts::Any);
const CONDITION: Parameter = required("condition", Accepts::Condition);

pub(super) const FUNCTIONS: &[Function] = &[
    aggregate("sum", Some(Aggregate::Sum), &[NUMBER], "Returns the sum; NULL if there is no value"),
    aggregate(
        "sum_if",
        Some(Aggregate::Sum),
        &[NUMBER, CONDITION],
        "Returns the sum over the rows that meet the condition",
    ),
    aggregate("min", Some(Aggregate::Min), &[VALUE], "Returns the smallest value"),
    aggregate(
        "min_if",
        Some(Aggregate::Min),
        &[VALUE, CONDITION],
        "Returns the smallest value of the rows that meet the condition",
    ),
    aggregate("max", Some(Aggregate::Max), &[VALUE], "Returns the largest value"),
    aggregate(
        "max_if",
        Some(Aggregate::Max),
        &[VALUE, CONDITION],
        "Returns the largest value of the rows that meet the condition",
    ),
    aggregate("avg", Some(Aggregate::Avg), &[NUMBER], "Returns the mean of the values that are not NULL"),
    aggregate(
        "avg_if",
        Some(Aggregate::Avg),
        &[NUMBER, CONDITION],
        "Returns the mean over the rows that meet the condition",
    ),
    aggregate("dcount", Some(Aggregate::Dcount), &[VALUE], "Counts the distinct values; NULL is not counted"),
    aggregate(
        "dcount_if",
        Some(Aggregate::Dcount),
        &[VALUE, CONDITION],
        "Counts the distinct values of the rows that meet the condition",
    ),
    aggregate(
        "count",
        None,
        &[optional("value", Accepts::Any)],
        "Counts the rows, or the rows whose value is not NULL",
    ),
    aggregate("count_if", None, &[CONDITION], "Counts the rows that meet the condition"),
];

const fn aggregate(
    name: &'static str,
    aggregate: Option<Aggregate>,
    parameters: &'static [Parameter],
    doc: &'static str,
) -> Function {
    let returns = match aggregate {
        Some(Aggregate::Sum) => Returns::Number,
        Some(Aggregate::Min | Aggregate::Max) => Returns::Alike,
        Some(Aggregate::Avg) => Returns::UncheckedFloat,
        Some(Aggregate::Dcount) | None => LENGTH,
    };
    let kind = FunctionKind::Aggregate(aggregate);
    Function { name, aliases: &[], parameters, repeats: Repeats::None, returns, doc, kind }
}
