//! Lowers the functions of text.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::expr_fn as built_in;
use datafusion::logical_expr::{Operator, binary_expr, cast};
use datafusion::prelude::{Expr, lit};
use serenytics_query::formula::TextFunction;

use super::arguments::{Arguments, case_when, text};
use crate::query::expression::balanced;

pub(super) fn lower(function: TextFunction, a: &Arguments<'_>) -> Expr {
    match function {
        TextFunction::Like => a.cell(0).like(a.cell(1)),
        TextFunction::Ilike => a.cell(0).ilike(a.cell(1)),
        TextFunction::Contains => built_in::contains(a.cell(0), a.cell(1)),
        TextFunction::Icontains => built_in::contains(built_in::lower(a.cell(0)), built_in::lower(a.cell(1))),
        TextFunction::RegexpMatch => built_in::regexp_like(a.cell(0), a.cell(1), None),
        TextFunction::StartsWith => built_in::starts_with(a.cell(0), a.cell(1)),
        TextFunction::EndsWith => built_in::ends_with(a.cell(0), a.cell(1)),
        TextFunction::Left => built_in::left(a.cell(0), a.cell(1)),
        TextFunction::Right => built_in::right(a.cell(0), a.cell(1)),
        TextFunction::Substring => substring(a),
        TextFunction::StrLen => built_in::character_length(a.cell(0)),
        TextFunction::LowerCase => built_in::lower(a.cell(0)),
        TextFunction::UpperCase => built_in::upper(a.cell(0)),
        TextFunction::Trim => built_in::btrim(vec![a.cell(0)]),
        TextFunction::Lpad => built_in::lpad(padding(a)),
        TextFunction::Rpad => built_in::rpad(padding(a)),
        TextFunction::Split => built_in::split_part(a.cell(0), a.cell(1), a.cell(2)),
        TextFunction::Position => built_in::strpos(a.cell(0), a.cell(1)),
        TextFunction::Replace => built_in::replace(a.cell(0), a.cell(1), a.cell(2)),
        TextFunction::Concat => concatenation(a),
    }
}

fn substring(arguments: &Arguments<'_>) -> Expr {
    // The built-in function subtracts 1 from the start, which must not overflow.
    let start = at_least(arguments.cell(1), -i64::MAX);
    match arguments.optional(2) {
        None => built_in::substr(arguments.cell(0), start),
        Some(length) => built_in::substring(arguments.cell(0), start, at_least(length, 0)),
    }
}

fn at_least(value: Expr, least: i64) -> Expr {
    case_when(vec![(value.clone().lt(lit(least)), lit(least))], Some(value))
}

fn padding(arguments: &Arguments<'_>) -> Vec<Expr> {
    let fill = arguments.optional(2).unwrap_or_else(|| text(" "));
    vec![arguments.cell(0), cast(arguments.cell(1), DataType::Int64), fill]
}

fn concatenation(arguments: &Arguments<'_>) -> Expr {
    let whole = balanced(arguments.all(), |left, right| binary_expr(left, Operator::StringConcat, right));
    whole.unwrap_or_else(|| text(""))
}
