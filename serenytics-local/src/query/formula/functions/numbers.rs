//! Functions of numbers, and conversions between types.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::expr_fn as built_in;
use datafusion::logical_expr::{TryCast, cast};
use datafusion::prelude::{Expr, lit};
use serenytics_query::vocabulary::ColumnType;

use super::arguments::{Arguments, chosen};
use super::{
    ANY_INT, Function, Gives, Growth, Meaning, Parameter, Repeats, RowFunction, Takes, needed, optional, repeating,
};
use crate::query::formula::lower::WIDE;
use crate::query::formula::types::Type;
use crate::storage::file_type;

const NUMBER: Parameter = needed("number", Takes::Number);
/// From here on a float has no fraction.
const WHOLE: f64 = 4_503_599_627_370_496.0;

pub(super) const FUNCTIONS: &[Function] = &[
    function("abs", &[], &[NUMBER], Gives::Number, "The distance from zero", |a| match a.gives(0) {
        // The distance of the smallest integer is none of 64 bits, and so an error.
        Type::INT => cast(built_in::abs(cast(a.cell(0), WIDE)), DataType::Int64),
        _ => built_in::abs(a.cell(0)),
    }),
    function("ceil", &["ceiling"], &[NUMBER], Gives::Number, "The next whole number that is not smaller", |a| {
        whole(a, built_in::ceil)
    }),
    function("floor", &[], &[NUMBER], Gives::Number, "The next whole number that is not larger", |a| {
        whole(a, built_in::floor)
    }),
    repeating(
        6,
        function(
            "round",
            &[],
            &[NUMBER, optional("digits", Takes::WrittenInt(-15, 15))],
            Gives::Number,
            "The number with so many digits behind the point, none unless told, and before it if below zero; halves go away from zero",
            round,
        ),
    ),
    function("sign", &[], &[NUMBER], Gives::Int(1), "-1, 0 or 1", |a| built_in::signum(a.float(0))),
    repeating(
        2,
        function("sqrt", &[], &[NUMBER], Gives::Unbound, "The square root; NULL below zero", |a| {
            built_in::sqrt(known(a.float(0), |x| x.gt_eq(lit(0.0))))
        }),
    ),
    repeating(
        2,
        function(
            "power",
            &["pow"],
            &[NUMBER, needed("exponent", Takes::Number)],
            Gives::Unbound,
            "The number to a power; NULL for 0 to a power below zero",
            power,
        ),
    ),
    function("exp", &[], &[NUMBER], Gives::Unbound, "e to the power of the number", |a| built_in::exp(a.float(0))),
    repeating(
        2,
        function("ln", &[], &[NUMBER], Gives::Unbound, "The natural logarithm; NULL of what is not above zero", |a| {
            built_in::ln(known(a.float(0), |x| x.gt(lit(0.0))))
        }),
    ),
    repeating(
        2,
        function(
            "log",
            &["log10"],
            &[NUMBER],
            Gives::Unbound,
            "The logarithm to base 10; NULL of what is not above zero",
            |a| built_in::log10(known(a.float(0), |x| x.gt(lit(0.0)))),
        ),
    ),
    Function {
        name: "mod",
        also: &[],
        parameters: &[NUMBER, needed("divisor", Takes::Number)],
        repeats: Repeats::Once,
        gives: Gives::Number,
        does: "The remainder, as `%` gives it: with the sign of the number; NULL for a divisor of 0",
        meaning: Meaning::Remainder,
    },
    Function {
        repeats: Repeats::Last,
        ..function(
            "least",
            &[],
            &[needed("value", Takes::Alike), needed("other", Takes::Alike)],
            Gives::Alike,
            "The smallest of the values that are not NULL",
            |a| built_in::least(a.all()),
        )
    },
    Function {
        repeats: Repeats::Last,
        ..function(
            "greatest",
            &[],
            &[needed("value", Takes::Alike), needed("other", Takes::Alike)],
            Gives::Alike,
            "The largest of the values that are not NULL",
            |a| built_in::greatest(a.all()),
        )
    },
    function(
        "to_int",
        &["int"],
        &[needed("value", Takes::Plain)],
        ANY_INT,
        "An integer: of a float without its fraction, of a text that is written as one, of a condition 1 or 0; NULL of what is none",
        to_int,
    ),
    function(
        "float",
        &["numeric", "to_number"],
        &[needed("value", Takes::Plain)],
        Gives::Unbound,
        "A float, also of a text that is written as a number; NULL of what is none",
        |a| match a.gives(0) {
            Type::STR => try_cast(built_in::btrim(vec![a.cell(0)]), DataType::Float64),
            Type::Boolean => cast(cast(a.cell(0), DataType::Int64), DataType::Float64),
            _ => cast(a.cell(0), DataType::Float64),
        },
    ),
    function(
        "str",
        &["to_str"],
        &[needed("value", Takes::Any)],
        Gives::Text,
        "The value as a text: a datetime in ISO 8601, a condition as `true` or `false`",
        |a| cast(a.cell(0), file_type(ColumnType::Str)),
    ),
];

const fn function(
    name: &'static str,
    also: &'static [&'static str],
    parameters: &'static [Parameter],
    gives: Gives,
    does: &'static str,
    lower: fn(&Arguments<'_>) -> Expr,
) -> Function {
    let meaning = Meaning::Row(RowFunction { uses: 1, depth: 4, growth: Growth::Kept, lower });
    Function { name, also, parameters, repeats: Repeats::Once, gives, does, meaning }
}

/// A number that a function is known for, and NULL for others, for which some built-in functions fail.
fn known(number: Expr, is_known: fn(Expr) -> Expr) -> Expr {
    // Arrow takes the zeros of both signs for two numbers, and their sum with zero is the same.
    let number = number + lit(0.0);
    chosen(vec![(is_known(number.clone()), number)], None)
}

fn power(arguments: &Arguments<'_>) -> Expr {
    let (number, exponent) = (arguments.float(0) + lit(0.0), arguments.float(1));
    let is_known = number.clone().not_eq(lit(0.0)).or(exponent.clone().gt_eq(lit(0.0)));
    built_in::power(chosen(vec![(is_known, number)], None), exponent)
}

/// An integer is a whole number already.
fn whole(arguments: &Arguments<'_>, float: fn(Expr) -> Expr) -> Expr {
    if arguments.gives(0) == Type::INT { arguments.cell(0) } else { float(arguments.cell(0)) }
}

fn round(arguments: &Arguments<'_>) -> Expr {
    let digits = arguments.written_int(1).unwrap_or(0);
    let number = arguments.cell(0);
    if arguments.gives(0) == Type::INT {
        if digits >= 0 {
            return number;
        }
        // Away from zero by half a step, then down to the step; what has no 64 bits is an error.
        let step = lit(10_i64.pow(digits.unsigned_abs().try_into().unwrap_or(0)));
        let step = || cast(step.clone(), WIDE);
        let rest = cast(number.clone(), WIDE) % step();
        let twice = rest.clone() + rest.clone();
        let away = chosen(
            vec![(twice.clone().gt_eq(step()), step()), (twice.lt_eq(-step()), -step())],
            Some(cast(lit(0_i64), WIDE)),
        );
        return cast(cast(number, WIDE) - rest + away, DataType::Int64);
    }
    match i32::try_from(digits) {
        Ok(0) | Err(_) => built_in::round(vec![number]),
        Ok(digits) if digits < 0 => built_in::round(vec![number, lit(digits)]),
        // What has no fraction stays, and is not made too large on the way.
        Ok(digits) => {
            let is_whole = built_in::abs(number.clone()).gt_eq(lit(WHOLE));
            chosen(vec![(is_whole, number.clone())], Some(built_in::round(vec![number, lit(digits)])))
        }
    }
}

fn to_int(arguments: &Arguments<'_>) -> Expr {
    match arguments.gives(0) {
        Type::STR => try_cast(built_in::btrim(vec![arguments.cell(0)]), DataType::Int64),
        Type::FLOAT => try_cast(built_in::trunc(vec![arguments.cell(0)]), DataType::Int64),
        _ => cast(arguments.cell(0), DataType::Int64),
    }
}

/// A conversion that gives NULL for what is not of the type.
fn try_cast(value: Expr, to: DataType) -> Expr {
    Expr::TryCast(TryCast::new(Box::new(value), to))
}
