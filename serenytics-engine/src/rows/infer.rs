//! Infers the type of a column from its values.

use serde_json::Value;
use serenytics_query::vocabulary::ColumnType;

use super::number::{is_missing, number_loss};
use super::scalar;

/// The type that fits all values seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TypeInference {
    /// Only NULLs were seen.
    #[default]
    Nothing,
    /// Integers.
    Int,
    /// Integers, some of which a float would change.
    LongInt,
    /// Integers and floats.
    Float,
    /// Datetimes.
    DateTime,
    /// Anything else.
    Str,
}

impl TypeInference {
    /// Includes a field of a file. Empty fields and missing numbers do not change the type.
    pub(crate) fn observe_text(&mut self, field: &str) {
        if *self == TypeInference::Str || field.is_empty() || is_missing(field) {
            return;
        }
        let datetime = || scalar::obvious_datetime(field).map(|_| TypeInference::DateTime);
        self.meet(match *self {
            TypeInference::DateTime => datetime().unwrap_or(TypeInference::Str),
            _ => number(field).or_else(datetime).unwrap_or(TypeInference::Str),
        });
    }

    /// Includes a value of a JSON row.
    pub(crate) fn observe_json(&mut self, value: &Value) {
        self.meet(match value {
            Value::Null => return,
            Value::String(text) if is_missing(text) => return,
            Value::Number(value) if value.is_i64() || value.is_u64() => {
                number(&value.to_string()).unwrap_or(TypeInference::Str)
            }
            Value::Number(_) => TypeInference::Float,
            Value::String(text) if scalar::obvious_datetime(text).is_some() => TypeInference::DateTime,
            _ => TypeInference::Str,
        });
    }

    fn meet(&mut self, other: TypeInference) {
        *self = match (*self, other) {
            (TypeInference::Nothing, other) => other,
            (one, other) if one == other => one,
            (TypeInference::Int, TypeInference::Float) | (TypeInference::Float, TypeInference::Int) => {
                TypeInference::Float
            }
            (TypeInference::Int, TypeInference::LongInt) | (TypeInference::LongInt, TypeInference::Int) => {
                TypeInference::LongInt
            }
            _ => TypeInference::Str,
        };
    }

    /// Returns the column's type. Without any values, this is text.
    pub(crate) fn column_type(self) -> ColumnType {
        match self {
            TypeInference::Nothing | TypeInference::Str => ColumnType::Str,
            TypeInference::Int | TypeInference::LongInt => ColumnType::Int,
            TypeInference::Float => ColumnType::Float,
            TypeInference::DateTime => ColumnType::DateTime,
        }
    }
}

/// Returns the type of a number that a column of this type keeps unchanged.
fn number(field: &str) -> Option<TypeInference> {
    let keeps = |column_type| number_loss(field, column_type).is_none();
    if scalar::int(field).is_some() {
        let exact = if keeps(ColumnType::Float) { TypeInference::Int } else { TypeInference::LongInt };
        return keeps(ColumnType::Int).then_some(exact);
    }
    (scalar::float(field).is_some() && keeps(ColumnType::Float)).then_some(TypeInference::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(fields: &[&str]) -> ColumnType {
        let mut guess = TypeInference::default();
        fields.iter().for_each(|field| guess.observe_text(field));
        let mut backwards = TypeInference::default();
        fields.iter().rev().for_each(|field| backwards.observe_text(field));
        assert_eq!(guess, backwards, "the order of {fields:?} matters");
        guess.column_type()
    }

    #[test]
    fn inference_finds_the_type_that_fits_all_values() {
        assert_eq!(guess(&["1", "-2", ""]), ColumnType::Int);
        assert_eq!(guess(&["1", "2.5"]), ColumnType::Float);
        assert_eq!(guess(&["1", "x"]), ColumnType::Str);
        assert_eq!(guess(&["2013-01-01", "2013-01-01T05:00:00Z"]), ColumnType::DateTime);
        assert_eq!(guess(&["2013-01-01", "20130102"]), ColumnType::Str);
        assert_eq!(guess(&["2013-01-01", "1"]), ColumnType::Str);
        assert_eq!(guess(&["20130101", "20130102"]), ColumnType::Int);
    }

    #[test]
    fn inference_ignores_missing_values() {
        assert_eq!(guess(&["NA", "3", "NaN"]), ColumnType::Int);
        assert_eq!(guess(&["NA", "NA"]), ColumnType::Str);
        assert_eq!(guess(&["", ""]), ColumnType::Str);
        assert_eq!(guess(&[]), ColumnType::Str);
        assert_eq!(guess(&["nan", "1"]), ColumnType::Int);
        assert_eq!(guess(&["NULL", "1.5", "N/A", "null", "None", "#N/A"]), ColumnType::Float);
        assert_eq!(guess(&["n/a", "2013-01-01", "<NA>"]), ColumnType::DateTime);
        assert_eq!(guess(&["NULL", "null"]), ColumnType::Str);
        assert_eq!(guess(&["-", "1"]), ColumnType::Str);
    }

    #[test]
    fn inference_keeps_long_identifiers_as_strings() {
        assert_eq!(guess(&["12345678901234567891"]), ColumnType::Str);
        assert_eq!(guess(&["100000000000000000000", "1.5"]), ColumnType::Float);
    }

    #[test]
    fn inference_keeps_numbers_that_would_change_as_strings() {
        assert_eq!(guess(&["01234", "75001"]), ColumnType::Str);
        assert_eq!(guess(&["0", "0.5", "-0.25", "10"]), ColumnType::Float);
        assert_eq!(guess(&["00.5", "1"]), ColumnType::Str);
        assert_eq!(guess(&["+33612345678", "1"]), ColumnType::Str);
        assert_eq!(guess(&["9007199254740993", "1"]), ColumnType::Int);
        assert_eq!(guess(&["9007199254740993", "1.5", "2"]), ColumnType::Str);
        assert_eq!(guess(&["9007199254740992", "1.5"]), ColumnType::Float);
        assert_eq!(guess(&["1e-400", "1"]), ColumnType::Str);
        let of_json = |values: &[Value]| {
            let mut guess = TypeInference::default();
            values.iter().for_each(|value| guess.observe_json(value));
            guess.column_type()
        };
        assert_eq!(of_json(&[9_007_199_254_740_993_i64.into(), 1.5.into()]), ColumnType::Str);
        assert_eq!(of_json(&[1.5.into(), u64::MAX.into()]), ColumnType::Str);
        assert_eq!(of_json(&[(1_u64 << 63).into(), 1.5.into()]), ColumnType::Float);
        assert_eq!(of_json(&[3.into(), 1.5.into(), "NA".into()]), ColumnType::Float);
    }
}
