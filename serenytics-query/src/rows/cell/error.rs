//! Why a cell could not be read, and what to do about it.

use std::fmt;

use serde_json::Value;

use super::{Cell, number};

/// Why a cell could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellError {
    /// The bytes end in the middle of a row: more must arrive, or the response is truncated.
    Incomplete,
    /// The cell does not have the declared type of its column.
    Mismatch {
        /// The index of the column in the row.
        column: usize,
        /// The type of value that the row's field accepts.
        expected: &'static str,
        /// The start of the cell.
        found: String,
    },
    /// The row does not have as many cells as the query has outputs.
    Count {
        /// The number of the query's outputs.
        expected: usize,
        /// The number of cells in the row, or one more than expected if the row has more.
        found: usize,
    },
    /// A string contains bytes that are not valid UTF-8, which JSON requires.
    Encoding {
        /// The start of the string, with replacement characters for such bytes.
        found: String,
    },
    /// The bytes are not a JSON row.
    Syntax {
        /// The start of the bytes.
        found: String,
    },
}

impl CellError {
    /// Returns the reason and the fix, if the message does not show them: `; ..`, or nothing.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        let CellError::Mismatch { expected, found, .. } = self else { return "" };
        let found = found.trim_matches('`');
        if matches!(found, "null" | "NaN") {
            return "; declare the column as an `Option` if it may be NULL";
        }
        let is_number = found.strip_prefix('-').unwrap_or(found).starts_with(|first: char| first.is_ascii_digit());
        match *expected {
            f64::EXPECTED if number::integer(found).is_some() => {
                "; an `f64` would lose digits of it: declare the column as `i64`"
            }
            f64::EXPECTED | Value::EXPECTED if is_number => "; an `f64` cannot represent it without losing digits",
            f32::EXPECTED if is_number => "; an `f32` would lose digits of it: declare the column as `f64`",
            String::EXPECTED | Value::EXPECTED if found.starts_with('"') => {
                "; one of its escapes is not a character, for example half of a surrogate pair"
            }
            _ => "",
        }
    }
}

impl fmt::Display for CellError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CellError::Incomplete => f.write_str("the response ends in the middle of a row"),
            CellError::Mismatch { column, expected, found } => {
                write!(f, "cell {}: expected {expected}, found {found}{}", column + 1, self.advice())
            }
            CellError::Count { expected, found } if found > expected => {
                write!(f, "the row has more cells than the {expected} columns of the query")
            }
            CellError::Count { expected, found } => {
                write!(f, "the row has {found} cells, but the query has {expected} columns")
            }
            CellError::Encoding { found } => write!(f, "the string {found} is not valid UTF-8"),
            CellError::Syntax { found } => write!(f, "expected a JSON row, found {found}"),
        }
    }
}

impl std::error::Error for CellError {}
