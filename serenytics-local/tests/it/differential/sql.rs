//! Translates queries to DuckDB's SQL. It handles all differences between the semantics of both engines:
//!
//! - NULLs come last in `asc` and first in `desc`; the SQL says so explicitly.
//! - `is_empty` matches NULL and `''`. An empty `in` matches nothing; an empty `!in` matches everything, including NULL.
//! - Integers in formulas have 128 bits (`HUGEINT`). A result of more than 64 bits is an error. `/` returns a float. A
//!   division by zero is NULL, and so is a result that is not finite. A condition may compare more than 64 bits, where
//!   DataFusion omits the cast that would reject them. It may also reject them in rows that another condition removes.
//! - `serde_json` reads the JSON numbers of conditions; with 17 digits, the last bit may be wrong (see `query`).
//! - A sum of integers has 128 bits in DuckDB. A sum of more than 64 bits is an error in the engine (see `compare`).
//! - `%` has the sign of the left operand in both, also for floats; DuckDB's `fmod` differs.
//! - Weeks begin on Monday and `weekday` follows ISO in both. `date_trunc` may return a date, which is cast.
//! - A mean of integers adds floats in the engine and integers in DuckDB, so means of large integers are not compared.
//! - Sums of floats are compared with a tolerance, because neither engine has a fixed order of addition.

use serde_json::Value;
use serenytics_query::vocabulary::{Aggregate, ColumnType, Direction, Operator, TimeSlot};

use super::formula::Built;
use super::source::Column;

/// An integer of 128 bits.
pub fn wide(sql: &str) -> String {
    format!("CAST({sql} AS HUGEINT)")
}

/// A float, from the digits of a literal or from an integer.
pub fn float(sql: &str) -> String {
    format!("CAST({sql} AS DOUBLE)")
}

/// A formula's result as a cell.
pub fn narrowed(formula: &Built) -> String {
    match formula.column_type {
        ColumnType::Int => format!("CAST({} AS BIGINT)", formula.sql),
        ColumnType::Float => finite(&formula.sql),
        _ => formula.sql.clone(),
    }
}

/// The SQL of a float, or of NULL if it is not finite.
pub fn finite(sql: &str) -> String {
    format!("CASE WHEN isfinite({sql}) THEN {sql} END")
}

/// An operation of a formula.
pub fn arithmetic(sign: char, left: &Built, right: &Built, is_int: bool) -> String {
    let side = |built: &Built| match built.column_type {
        ColumnType::Int if !is_int => float(&built.sql),
        _ => built.sql.clone(),
    };
    let (left, right) = (side(left), side(right));
    match sign {
        '/' | '%' => format!("({left} {sign} NULLIF({right}, 0))"),
        _ => format!("({left} {sign} {right})"),
    }
}

/// An aggregate over an expression.
pub fn aggregate(aggregate: Aggregate, argument: &str) -> String {
    match aggregate {
        Aggregate::Sum => format!("SUM({argument})"),
        Aggregate::Min => format!("MIN({argument})"),
        Aggregate::Max => format!("MAX({argument})"),
        Aggregate::Avg => format!("AVG({argument})"),
        Aggregate::Dcount => format!("COUNT(DISTINCT {argument})"),
    }
}

/// The start of a time slot.
pub fn time_slot(slot: TimeSlot, datetime: &str) -> String {
    match slot {
        TimeSlot::Weekday => format!("CAST(isodow({datetime}) AS BIGINT)"),
        slot => format!("CAST(date_trunc('{slot}', {datetime}) AS TIMESTAMP)"),
    }
}

/// A condition on a column.
pub fn condition(column: &Column, operator: Operator, values: &[Value]) -> String {
    let cell = if column.column_type == ColumnType::Int { &column.inner } else { &column.cell };
    let literals: Vec<String> = values.iter().map(|value| literal(value, column.column_type)).collect();
    let compared = |sign: &str| format!("({cell} {sign} {})", literals[0]);
    match operator {
        Operator::Less => compared("<"),
        Operator::Greater => compared(">"),
        Operator::LessOrEqual => compared("<="),
        Operator::GreaterOrEqual => compared(">="),
        Operator::Equal => compared("="),
        Operator::NotEqual => compared("<>"),
        Operator::In if values.is_empty() => "FALSE".to_owned(),
        Operator::NotIn if values.is_empty() => "TRUE".to_owned(),
        Operator::In => format!("({cell} IN ({}))", literals.join(", ")),
        Operator::NotIn => format!("({cell} NOT IN ({}))", literals.join(", ")),
        Operator::IsDefined => format!("({cell} IS NOT NULL)"),
        Operator::IsNotDefined => format!("({cell} IS NULL)"),
        Operator::IsEmpty => format!("({cell} IS NULL OR {cell} = '')"),
        Operator::IsNotEmpty => format!("({cell} <> '')"),
    }
}

fn literal(value: &Value, column_type: ColumnType) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match column_type {
        ColumnType::Str => format!("'{}'", text.replace('\'', "''")),
        ColumnType::Int => format!("CAST({text} AS BIGINT)"),
        ColumnType::Float => float(&format!("'{text}'")),
        ColumnType::DateTime => format!("TIMESTAMP '{text}'"),
    }
}

/// An item of `ORDER BY`.
pub fn order(position: usize, direction: Direction) -> String {
    match direction {
        Direction::Asc => format!("{position} ASC NULLS LAST"),
        Direction::Desc => format!("{position} DESC NULLS FIRST"),
    }
}
