//! Functions that compare a row with the others: the place that it has among them.

use std::sync::Arc;

use datafusion::functions_window::rank::{dense_rank_udwf, rank_udwf};
use datafusion::logical_expr::WindowUDF;

use super::{ANY_INT, Function, Meaning, Parameter, Repeats, Takes, needed, optional};

/// The word for an order in which the largest value comes first.
pub(in crate::query::formula) const DESCENDING: &str = "desc";

const PARAMETERS: &[Parameter] = &[
    needed("value", Takes::Any),
    optional("direction", Takes::Word(&["asc", DESCENDING])),
    optional("group", Takes::Any),
];

pub(super) const FUNCTIONS: &[Function] = &[
    rank(
        "rank",
        rank_udwf,
        "The place of the row's value among all rows of the source, or among those with the same groups, NULL being one more group: 1 for \
         the smallest, or with \"desc\" for the largest; equal values share a place, and the places behind it stay empty. A value that is NULL \
         has no place",
    ),
    rank("dense_rank", dense_rank_udwf, "`rank` in which no place stays empty"),
];

const fn rank(name: &'static str, window: fn() -> Arc<WindowUDF>, does: &'static str) -> Function {
    let meaning = Meaning::Rank(window);
    Function { name, also: &[], parameters: PARAMETERS, repeats: Repeats::Last, gives: ANY_INT, does, meaning }
}
