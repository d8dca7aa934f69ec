//! Functions of conditions, choices and NULL.

use datafusion::functions::expr_fn::{coalesce, nullif};
use datafusion::prelude::Expr;

use super::arguments::{Arguments, chosen, text};
use super::{Function, Gives, Growth, Meaning, Repeats, RowFunction, Takes, needed, optional};
use crate::query::formula::types::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "if",
        also: &["case"],
        parameters: &[
            needed("condition", Takes::Condition),
            needed("value", Takes::Alike),
            optional("otherwise", Takes::Alike),
        ],
        repeats: Repeats::Pairs,
        gives: Gives::Alike,
        does: "The value behind the first condition that is met, or `otherwise`; NULL if there is none. A condition that is NULL is not met",
        meaning: row(1, choice),
    },
    Function {
        name: "coalesce",
        also: &["if_null", "ifnull", "nvl"],
        parameters: &[needed("value", Takes::Alike), needed("other", Takes::Alike)],
        repeats: Repeats::Last,
        gives: Gives::Alike,
        does: "The first value that is not NULL",
        meaning: row(1, |a| coalesce(a.all())),
    },
    Function {
        name: "null_if",
        also: &["nullif"],
        parameters: &[needed("value", Takes::Alike), needed("other", Takes::Alike)],
        repeats: Repeats::Once,
        gives: Gives::Alike,
        does: "NULL where both are equal, else the value",
        meaning: row(1, |a| nullif(a.comparable(0), a.comparable(1))),
    },
    Function {
        name: "is_defined",
        also: &[],
        parameters: &[needed("value", Takes::Any)],
        repeats: Repeats::Once,
        gives: Gives::Boolean,
        does: "Whether the value is not NULL",
        meaning: row(1, |a| a.cell(0).is_not_null()),
    },
    Function {
        name: "is_not_defined",
        also: &["is_null"],
        parameters: &[needed("value", Takes::Any)],
        repeats: Repeats::Once,
        gives: Gives::Boolean,
        does: "Whether the value is NULL",
        meaning: row(1, |a| a.cell(0).is_null()),
    },
    Function {
        name: "is_empty",
        also: &[],
        parameters: &[needed("value", Takes::Any)],
        repeats: Repeats::Once,
        gives: Gives::Boolean,
        does: "Whether the value is NULL or a text without a character",
        meaning: row(2, is_empty),
    },
    Function {
        name: "is_not_empty",
        also: &[],
        parameters: &[needed("value", Takes::Any)],
        repeats: Repeats::Once,
        gives: Gives::Boolean,
        does: "Whether the value is neither NULL nor a text without a character",
        meaning: row(2, |a| Expr::Not(Box::new(is_empty(a)))),
    },
];

const fn row(uses: usize, lower: fn(&Arguments<'_>) -> Expr) -> Meaning {
    Meaning::Row(RowFunction { uses, depth: 3, growth: Growth::Kept, lower })
}

fn choice(arguments: &Arguments<'_>) -> Expr {
    let pairs = arguments.count() / 2;
    let pairs = (0..pairs).map(|pair| (arguments.cell(2 * pair), arguments.cell(2 * pair + 1))).collect::<Vec<_>>();
    let otherwise = arguments.optional(2 * pairs.len());
    chosen(pairs, otherwise)
}

fn is_empty(arguments: &Arguments<'_>) -> Expr {
    let is_null = arguments.cell(0).is_null();
    match arguments.gives(0) {
        Type::STR => is_null.or(arguments.cell(0).eq(text(""))),
        _ => is_null,
    }
}
