//! Signatures of the functions that compare a row with all others.

use super::signature::{ANY_INT, Accepts, Function, FunctionKind, Parameter, Repeats, operations, optional, required};

operations! {
    /// A function that ranks a row among all rows.
    RankFunction {
        Rank = "rank",
        DenseRank = "dense_rank",
    }
}

/// The word for an order that begins with the largest value.
pub(in crate::formula) const DESCENDING: &str = "desc";

const PARAMETERS: &[Parameter] = &[
    required("value", Accepts::Any),
    optional("direction", Accepts::Word(&["asc", DESCENDING])),
    optional("group", Accepts::Any),
];

pub(super) const FUNCTIONS: &[Function] = &[
    rank(RankFunction::Rank, "Ranks the value among all rows of the source, or among the rows with the same groups"),
    rank(RankFunction::DenseRank, "Like `rank`, but without gaps after equal values"),
];

const fn rank(function: RankFunction, doc: &'static str) -> Function {
    Function {
        name: function.name(),
        aliases: &[],
        parameters: PARAMETERS,
        repeats: Repeats::Last,
        returns: ANY_INT,
        doc,
        kind: FunctionKind::Rank(function),
    }
}
