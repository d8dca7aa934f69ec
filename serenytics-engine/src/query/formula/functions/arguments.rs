//! The lowered arguments of a call, and the expressions that several functions share.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Case, cast};
use datafusion::prelude::{Expr, lit};
use serenytics_query::datetime::DateTime;
use serenytics_query::formula::{Type, Typed};

use crate::rows::microseconds;

/// An integer type of 128 bits: the sum or product of two integers of 64 bits always fits, and an overflow is an error.
pub(in crate::query::formula) const WIDE: DataType = DataType::Decimal128(38, 0);

/// The lowered arguments of a call, with their types.
pub(in crate::query::formula) struct Arguments<'a> {
    cells: Vec<Expr>,
    typed: &'a [Typed],
}

impl<'a> Arguments<'a> {
    pub(in crate::query::formula) fn new(cells: Vec<Expr>, typed: &'a [Typed]) -> Arguments<'a> {
        Arguments { cells, typed }
    }

    /// Returns all arguments.
    pub(super) fn all(&self) -> Vec<Expr> {
        self.cells.clone()
    }

    /// Returns the number of arguments.
    pub(super) fn count(&self) -> usize {
        self.cells.len()
    }

    /// Returns an argument.
    pub(super) fn cell(&self, index: usize) -> Expr {
        self.cells.get(index).cloned().unwrap_or_else(|| lit(ScalarValue::Null))
    }

    /// Returns an argument that may have been left out.
    pub(super) fn optional(&self, index: usize) -> Option<Expr> {
        self.cells.get(index).cloned()
    }

    /// Returns an argument as a float.
    pub(super) fn float(&self, index: usize) -> Expr {
        if self.result(index) == Type::FLOAT { self.cell(index) } else { cast(self.cell(index), DataType::Float64) }
    }

    /// Returns an argument for a comparison. Adding zero removes negative zero, which Arrow does not
    /// consider equal to 0.
    pub(super) fn comparable(&self, index: usize) -> Expr {
        let is_number = self.result(index).is_numeric() && self.typed.iter().any(|typed| typed.result == Type::FLOAT);
        if is_number { self.cell(index) + lit(0.0) } else { self.cell(index) }
    }

    /// Returns the type of an argument.
    pub(super) fn result(&self, index: usize) -> Type {
        self.typed.get(index).map_or(Type::Null, |typed| typed.result)
    }

    /// Returns a literal integer.
    pub(super) fn literal_int(&self, index: usize) -> Option<i64> {
        self.typed.get(index).and_then(Typed::literal_int)
    }

    /// Returns literal text; empty if the argument was left out.
    pub(super) fn literal_text(&self, index: usize) -> &str {
        self.typed.get(index).and_then(Typed::literal_text).unwrap_or_default()
    }
}

/// Returns text as an expression.
pub(in crate::query::formula) fn text(text: &str) -> Expr {
    lit(ScalarValue::Utf8View(Some(text.to_owned())))
}

/// Returns a datetime as an expression.
pub(in crate::query::formula) fn datetime(datetime: DateTime) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(microseconds(datetime), None))
}

/// Returns the value after the first condition that is true, or `otherwise`, or NULL.
pub(in crate::query::formula) fn case_when(pairs: Vec<(Expr, Expr)>, otherwise: Option<Expr>) -> Expr {
    let pairs = pairs.into_iter().map(|(condition, value)| (Box::new(condition), Box::new(value))).collect();
    Expr::Case(Case::new(None, pairs, otherwise.map(Box::new)))
}
