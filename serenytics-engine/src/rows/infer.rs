//! Infers the type of a column from its values.

use serde_json::Value;
use serenytics_query::vocabulary::ColumnType;

use super::scalar;

/// The type that fits all values seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TypeInference {
    /// Only NULLs were seen.
    #[default]
    Nothing,
    /// Integers.
    Int,
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
        if *self == TypeInference::Str || field.is_empty() || scalar::is_missing(field) {
            return;
        }
        self.meet(match *self {
            TypeInference::DateTime if scalar::obvious_datetime(field).is_some() => TypeInference::DateTime,
            TypeInference::Float if is_number(field) => TypeInference::Float,
            _ if scalar::int(field).is_some() => TypeInference::Int,
            _ if is_number(field) => TypeInference::Float,
            _ if scalar::obvious_datetime(field).is_some() => TypeInference::DateTime,
            _ => TypeInference::Str,
        });
    }

    /// Includes a value of a JSON row.
    pub(crate) fn observe_json(&mut self, value: &Value) {
        self.meet(match value {
            Value::Null => return,
            Value::Number(number) if number.is_i64() => TypeInference::Int,
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
            _ => TypeInference::Str,
        };
    }

    /// Returns the column's type. Without any values, this is text.
    pub(crate) fn column_type(self) -> ColumnType {
        match self {
            TypeInference::Nothing | TypeInference::Str => ColumnType::Str,
            TypeInference::Int => ColumnType::Int,
            TypeInference::Float => ColumnType::Float,
            TypeInference::DateTime => ColumnType::DateTime,
        }
    }
}

/// Returns true if a float column can represent a field. An integer of more than 64 bits only
/// counts if a float is exactly equal: long identifiers stay strings.
fn is_number(field: &str) -> bool {
    let field = field.trim_ascii();
    let Some(value) = scalar::float(field) else { return false };
    let is_integer = field.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+'));
    !is_integer || scalar::int(field).is_some() || format!("{value}") == field.trim_start_matches('+')
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
        assert_eq!(guess(&["nan", "1"]), ColumnType::Str);
    }

    #[test]
    fn inference_keeps_long_identifiers_as_strings() {
        assert_eq!(guess(&["12345678901234567891"]), ColumnType::Str);
        assert_eq!(guess(&["100000000000000000000", "1.5"]), ColumnType::Float);
    }
}
