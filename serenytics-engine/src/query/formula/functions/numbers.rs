//! Lowers the functions of numbers and the conversions between types.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::expr_fn as built_in;
use datafusion::logical_expr::{TryCast, cast};
use datafusion::prelude::{Expr, lit};
use serenytics_query::formula::{NumberFunction, Type};
use serenytics_query::vocabulary::ColumnType;

use super::arguments::{Arguments, WIDE, case_when};
use crate::rows::file_type;

/// The smallest power of two above which no float has a fraction.
const WHOLE: f64 = 4_503_599_627_370_496.0;

pub(super) fn lower(function: NumberFunction, a: &Arguments<'_>) -> Expr {
    match function {
        NumberFunction::Abs => abs(a),
        NumberFunction::Ceil => whole(a, built_in::ceil),
        NumberFunction::Floor => whole(a, built_in::floor),
        NumberFunction::Round => round(a),
        NumberFunction::Sign => built_in::signum(a.float(0)),
        NumberFunction::Sqrt => built_in::sqrt(within_domain(a.float(0), |x| x.gt_eq(lit(0.0)))),
        NumberFunction::Power => power(a),
        NumberFunction::Exp => built_in::exp(a.float(0)),
        NumberFunction::Ln => built_in::ln(within_domain(a.float(0), |x| x.gt(lit(0.0)))),
        NumberFunction::Log => built_in::log10(within_domain(a.float(0), |x| x.gt(lit(0.0)))),
        NumberFunction::Least => built_in::least(a.all()),
        NumberFunction::Greatest => built_in::greatest(a.all()),
        NumberFunction::ToInt => to_int(a),
        NumberFunction::Float => to_float(a),
        NumberFunction::Str => cast(a.cell(0), file_type(ColumnType::Str)),
    }
}

fn abs(arguments: &Arguments<'_>) -> Expr {
    match arguments.result(0) {
        // The absolute value of the smallest integer does not fit 64 bits and is an error.
        Type::INT => cast(built_in::abs(cast(arguments.cell(0), WIDE)), DataType::Int64),
        _ => built_in::abs(arguments.cell(0)),
    }
}

/// Returns a number if it is in the domain of a function, and NULL otherwise: some built-in functions fail outside it.
fn within_domain(number: Expr, is_in_domain: fn(Expr) -> Expr) -> Expr {
    // Adding zero removes negative zero, which Arrow does not consider equal to 0.
    let number = number + lit(0.0);
    case_when(vec![(is_in_domain(number.clone()), number)], None)
}

fn power(arguments: &Arguments<'_>) -> Expr {
    let (number, exponent) = (arguments.float(0) + lit(0.0), arguments.float(1));
    let is_in_domain = number.clone().not_eq(lit(0.0)).or(exponent.clone().gt_eq(lit(0.0)));
    built_in::power(case_when(vec![(is_in_domain, number)], None), exponent)
}

/// Rounds a float to a whole number. An integer is one already.
fn whole(arguments: &Arguments<'_>, float: fn(Expr) -> Expr) -> Expr {
    if arguments.result(0) == Type::INT { arguments.cell(0) } else { float(arguments.cell(0)) }
}

fn round(arguments: &Arguments<'_>) -> Expr {
    let digits = arguments.literal_int(1).unwrap_or(0);
    let number = arguments.cell(0);
    if arguments.result(0) == Type::INT {
        if digits >= 0 {
            return number;
        }
        // Removes the rest and, if it is at least half a step, adds a step. A result over 64 bits is an error.
        let step = lit(10_i64.pow(digits.unsigned_abs().try_into().unwrap_or(0)));
        let step = || cast(step.clone(), WIDE);
        let rest = cast(number.clone(), WIDE) % step();
        let twice = rest.clone() + rest.clone();
        let away = case_when(
            vec![(twice.clone().gt_eq(step()), step()), (twice.lt_eq(-step()), -step())],
            Some(cast(lit(0_i64), WIDE)),
        );
        return cast(cast(number, WIDE) - rest + away, DataType::Int64);
    }
    match i32::try_from(digits) {
        Ok(0) | Err(_) => built_in::round(vec![number]),
        Ok(digits) if digits < 0 => built_in::round(vec![number, lit(digits)]),
        // A float without a fraction is returned as it is: rounding it could overflow.
        Ok(digits) => {
            let is_whole = built_in::abs(number.clone()).gt_eq(lit(WHOLE));
            case_when(vec![(is_whole, number.clone())], Some(built_in::round(vec![number, lit(digits)])))
        }
    }
}

fn to_int(arguments: &Arguments<'_>) -> Expr {
    match arguments.result(0) {
        Type::TEXT => try_cast(built_in::btrim(vec![arguments.cell(0)]), DataType::Int64),
        Type::FLOAT => try_cast(built_in::trunc(vec![arguments.cell(0)]), DataType::Int64),
        _ => cast(arguments.cell(0), DataType::Int64),
    }
}

fn to_float(arguments: &Arguments<'_>) -> Expr {
    match arguments.result(0) {
        Type::TEXT => try_cast(built_in::btrim(vec![arguments.cell(0)]), DataType::Float64),
        Type::Boolean => cast(cast(arguments.cell(0), DataType::Int64), DataType::Float64),
        _ => cast(arguments.cell(0), DataType::Float64),
    }
}

/// Converts a value, or returns NULL if it cannot be converted.
fn try_cast(value: Expr, to: DataType) -> Expr {
    Expr::TryCast(TryCast::new(Box::new(value), to))
}
