//! Functions over all rows: aggregates.

use serenytics_query::vocabulary::Aggregate;

use super::{Function, Gives, LENGTH, Meaning, Parameter, Repeats, Takes, needed, optional};

const NUMBER: Parameter = needed("value", Takes::Number);
const VALUE: Parameter = needed("value", Takes::Any);
const CONDITION: Parameter = needed("condition", Takes::Condition);

pub(super) const FUNCTIONS: &[Function] = &[
    total("sum", Some(Aggregate::Sum), &[NUMBER], "The sum; NULL over no value"),
    total("sum_if", Some(Aggregate::Sum), &[NUMBER, CONDITION], "The sum over the rows that meet the condition"),
    total("min", Some(Aggregate::Min), &[VALUE], "The smallest value"),
    total(
        "min_if",
        Some(Aggregate::Min),
        &[VALUE, CONDITION],
        "The smallest value of the rows that meet the condition",
    ),
    total("max", Some(Aggregate::Max), &[VALUE], "The largest value"),
    total("max_if", Some(Aggregate::Max), &[VALUE, CONDITION], "The largest value of the rows that meet the condition"),
    total("avg", Some(Aggregate::Avg), &[NUMBER], "The mean of the values that are not NULL"),
    total("avg_if", Some(Aggregate::Avg), &[NUMBER, CONDITION], "The mean over the rows that meet the condition"),
    total("dcount", Some(Aggregate::Dcount), &[VALUE], "How many different values there are, NULL not counted"),
    total(
        "dcount_if",
        Some(Aggregate::Dcount),
        &[VALUE, CONDITION],
        "How many different values the rows have that meet the condition",
    ),
    total(
        "count",
        None,
        &[optional("value", Takes::Any)],
        "How many rows there are, or how many whose value is not NULL",
    ),
    total("count_if", None, &[CONDITION], "How many rows meet the condition"),
];

const fn total(
    name: &'static str,
    aggregate: Option<Aggregate>,
    parameters: &'static [Parameter],
    does: &'static str,
) -> Function {
    let gives = match aggregate {
        Some(Aggregate::Sum) => Gives::Number,
        Some(Aggregate::Min | Aggregate::Max) => Gives::Alike,
        Some(Aggregate::Avg) => Gives::Unbound,
        Some(Aggregate::Dcount) | None => LENGTH,
    };
    Function { name, also: &[], parameters, repeats: Repeats::Once, gives, does, meaning: Meaning::Total(aggregate) }
}
