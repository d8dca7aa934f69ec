//! Queries in DuckDB's SQL. All that differs between its semantics and the engine's is here:
//!
//! - NULLs come last in `asc` and first in `desc`, which SQL is told.
//! - `is_empty` is met by NULL and `''`. An empty `in` meets nothing and an empty `!in` everything, NULL included.
//! - Integers of formulas have 128 bits (`HUGEINT`), and 64 at their end, or are an error; `/` gives a float; a division
//!   by zero is NULL, and so is at its end a float that is not finite. A condition may compare more than 64 bits, where
//!   DataFusion leaves the cast out that would refuse them; or it may refuse them in rows that another condition drops.
//! - A condition's JSON number is read by `serde_json`, which misses those of 17 digits by the last bit (see `query`).
//! - A sum of integers has 128 bits in DuckDB. One of more than 64 is an error of the engine (see `compare`).
//! - `%` has the sign of the left side in both, for floats too; DuckDB's `fmod` has not.
//! - The week begins on Monday and `weekday` is ISO's in both. `date_trunc` may give a date, which is cast.
//! - A mean of integers adds up floats in the engine and integers in DuckDB: means of large ones are not compared.
//! - A sum of floats is told apart from another one only if it is far away: addition has no order in either engine.

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

/// A float, or NULL if it is none that is finite.
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
