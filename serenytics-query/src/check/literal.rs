//! Converts literals to their columns' types, or reports why a literal does not fit.

use crate::schemas::schema::Column;
use crate::syntax::problem::{Code, Problem};
use crate::syntax::stage::{Literal, Position};
use crate::syntax::vocabulary::ColumnType;
use crate::values::datetime::{self, DateTime};
use crate::values::decimal::Neighbors;
use crate::values::value::WireValue;

/// A literal as a value of its column's type.
#[derive(Debug, Clone, PartialEq)]
pub enum TypedValue {
    /// For a `str` column.
    Str(String),
    /// For an `int` column.
    Int(i64),
    /// For an `int` column: a number of a request that is not an integer of 64 bits.
    Decimal(Neighbors),
    /// For a `float` column.
    Float(f64),
    /// For a `datetime` column.
    DateTime(DateTime),
}

impl TypedValue {
    /// The value on the wire; `None` for a number that is not finite, and for a decimal, which is
    /// sent as it is written.
    #[must_use]
    pub fn to_wire(&self) -> Option<WireValue> {
        match self {
            TypedValue::Str(text) => Some(WireValue::Text(text.clone())),
            TypedValue::Int(value) => Some(WireValue::int(*value)),
            TypedValue::Decimal(_) => None,
            TypedValue::Float(value) => WireValue::float(*value),
            TypedValue::DateTime(value) => Some(WireValue::datetime(*value)),
        }
    }
}

/// Converts a literal to a column's type; `None` if it does not fit. A float column accepts an
/// integer; a datetime column accepts a string that is a datetime in ISO 8601. An integer column
/// accepts any number of a request, because the type of a column may change with its data.
#[must_use]
pub fn typed_value(literal: &Literal, column_type: ColumnType) -> Option<TypedValue> {
    match (column_type, literal) {
        (ColumnType::Str, Literal::Text(text) | Literal::Wire(text)) => Some(TypedValue::Str(text.clone())),
        (ColumnType::Int, Literal::Int(value)) => Some(TypedValue::Int(*value)),
        (ColumnType::Int, Literal::Wire(text)) => {
            let neighbors = Neighbors::of(text)?;
            match neighbors.integer() {
                Some(value) => Some(TypedValue::Int(value)),
                None => text.parse::<serde_json::Number>().is_ok().then_some(TypedValue::Decimal(neighbors)),
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a float column has the precision of a float")]
        (ColumnType::Float, Literal::Int(value)) => Some(TypedValue::Float(*value as f64)),
        (ColumnType::Float, Literal::Float(value)) => finite(*value),
        (ColumnType::Float, Literal::Wire(text)) => text.trim().parse().ok().and_then(finite),
        (ColumnType::DateTime, Literal::Text(text) | Literal::Wire(text)) => {
            datetime::parse(text).ok().map(TypedValue::DateTime)
        }
        _ => None,
    }
}

fn finite(value: f64) -> Option<TypedValue> {
    value.is_finite().then_some(TypedValue::Float(value))
}

/// Returns the problem of a literal that does not fit its column.
pub(super) fn mismatch(column: &Column, literal: &Literal, position: Position) -> Problem {
    let name = &column.name;
    let described = column.column_type.described_column();
    if let (ColumnType::DateTime, Literal::Text(text) | Literal::Wire(text)) = (column.column_type, literal) {
        return Problem::new(
            Code::BadDatetime,
            position,
            format!("`{name}` is a datetime column, but `\"{text}\"` is not a datetime"),
        )
        .help("write a datetime as `\"2013-01-31\"` or `\"2013-01-31T12:30:00\"`");
    }
    let (found, help) = match literal {
        Literal::Int(value) => (format!("the integer `{value}`"), quotes(column, &value.to_string())),
        Literal::Float(value) => (format!("the float `{value:?}`"), quotes(column, &format!("{value:?}"))),
        Literal::Text(text) => {
            let help = match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Some(format!("write a number without quotes: `{text}`")),
                _ => None,
            };
            (format!("the string `\"{text}\"`"), help)
        }
        Literal::Wire(text) => {
            let help = column.column_type.is_numeric().then(|| "write a number such as `3`".to_owned());
            (format!("`\"{text}\"`"), help)
        }
    };
    let problem =
        Problem::new(Code::ValueType, position, format!("`{name}` is {described} and cannot be compared with {found}"));
    match help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

fn quotes(column: &Column, value: &str) -> Option<String> {
    match column.column_type {
        ColumnType::Str => Some(format!("write a string in quotes: `\"{value}\"`")),
        ColumnType::DateTime => Some("write a datetime as `\"2013-01-31\"` or `\"2013-01-31T12:30:00\"`".to_owned()),
        _ => None,
    }
}
