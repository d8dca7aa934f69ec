//! Lowers the functions of conditions, choices and NULL.

use datafusion::functions::expr_fn::{coalesce, nullif};
use datafusion::prelude::Expr;
use serenytics_query::formula::{ConditionFunction, Type};

use super::arguments::{Arguments, case_when, text};

pub(super) fn lower(function: ConditionFunction, a: &Arguments<'_>) -> Expr {
    match function {
        ConditionFunction::If => choice(a),
        ConditionFunction::Coalesce => coalesce(a.all()),
        ConditionFunction::NullIf => nullif(a.comparable(0), a.comparable(1)),
        ConditionFunction::IsDefined => a.cell(0).is_not_null(),
        ConditionFunction::IsNotDefined => a.cell(0).is_null(),
        ConditionFunction::IsEmpty => is_empty(a),
        ConditionFunction::IsNotEmpty => Expr::Not(Box::new(is_empty(a))),
    }
}

fn choice(arguments: &Arguments<'_>) -> Expr {
    let pairs = arguments.count() / 2;
    let pairs = (0..pairs).map(|pair| (arguments.cell(2 * pair), arguments.cell(2 * pair + 1))).collect::<Vec<_>>();
    let otherwise = arguments.optional(2 * pairs.len());
    case_when(pairs, otherwise)
}

fn is_empty(arguments: &Arguments<'_>) -> Expr {
    let is_null = arguments.cell(0).is_null();
    match arguments.result(0) {
        Type::TEXT => is_null.or(arguments.cell(0).eq(text(""))),
        _ => is_null,
    }
}
