//! Arguments of a function on their way to an expression.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Case, cast};
use datafusion::prelude::{Expr, lit};

use crate::query::formula::types::{Type, Typed};

/// The arguments of a call: cells, and what is known of them.
pub(in crate::query::formula) struct Arguments<'a> {
    cells: Vec<Expr>,
    typed: &'a [Typed],
}

impl<'a> Arguments<'a> {
    pub(in crate::query::formula) fn new(cells: Vec<Expr>, typed: &'a [Typed]) -> Arguments<'a> {
        Arguments { cells, typed }
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Expr> {
        self.cells.clone()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.cells.len()
    }

    /// One that has to be there.
    pub(super) fn cell(&self, index: usize) -> Expr {
        self.cells.get(index).cloned().unwrap_or_else(|| lit(ScalarValue::Null))
    }

    /// One that may be there.
    pub(super) fn optional(&self, index: usize) -> Option<Expr> {
        self.cells.get(index).cloned()
    }

    /// One as a float.
    pub(super) fn float(&self, index: usize) -> Expr {
        if self.gives(index) == Type::FLOAT { self.cell(index) } else { cast(self.cell(index), DataType::Float64) }
    }

    /// One as it can be compared: Arrow takes the zeros of both signs for two numbers, unless zero is added.
    pub(super) fn comparable(&self, index: usize) -> Expr {
        let is_number = self.gives(index).is_numeric() && self.typed.iter().any(|typed| typed.gives == Type::FLOAT);
        if is_number { self.cell(index) + lit(0.0) } else { self.cell(index) }
    }

    /// The type of one.
    pub(super) fn gives(&self, index: usize) -> Type {
        self.typed.get(index).map_or(Type::Null, |typed| typed.gives)
    }

    /// The integer that one is in the formula.
    pub(super) fn written_int(&self, index: usize) -> Option<i64> {
        self.typed.get(index).and_then(Typed::literal_int)
    }

    /// The text that one is in the formula.
    pub(super) fn written(&self, index: usize) -> &str {
        self.typed.get(index).and_then(Typed::literal_text).unwrap_or_default()
    }
}

/// A text as an expression.
pub(in crate::query::formula) fn text(text: &str) -> Expr {
    lit(ScalarValue::Utf8View(Some(text.to_owned())))
}

/// `value` where a condition is met, and elsewhere what is otherwise; NULL if nothing is.
pub(in crate::query::formula) fn chosen(pairs: Vec<(Expr, Expr)>, otherwise: Option<Expr>) -> Expr {
    let pairs = pairs.into_iter().map(|(condition, value)| (Box::new(condition), Box::new(value))).collect();
    Expr::Case(Case::new(None, pairs, otherwise.map(Box::new)))
}

/// Parts that are put together two by two, so that they stand no deeper in each other than they have to.
pub(in crate::query::formula) fn balanced(mut parts: Vec<Expr>, join: impl Fn(Expr, Expr) -> Expr) -> Option<Expr> {
    while parts.len() > 1 {
        let mut rest = parts.into_iter();
        parts = Vec::new();
        while let Some(left) = rest.next() {
            parts.push(match rest.next() {
                Some(right) => join(left, right),
                None => left,
            });
        }
    }
    parts.pop()
}
