//! Arguments that have to be written in the formula, because the engine has to know them before it reads a row.

use super::{Typed, TypedNode};

impl Typed {
    /// Whether it is a value that is written in the formula.
    pub(in crate::query::formula) fn is_literal(&self) -> bool {
        match &self.node {
            TypedNode::Int(_)
            | TypedNode::Float(_)
            | TypedNode::Text(_)
            | TypedNode::Boolean(_)
            | TypedNode::DateTime(_) => true,
            TypedNode::Negative(operand) => operand.is_literal(),
            _ => false,
        }
    }

    /// The text that is written in the formula.
    pub(in crate::query::formula) fn literal_text(&self) -> Option<&str> {
        match &self.node {
            TypedNode::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer that is written in the formula, with its sign.
    pub(in crate::query::formula) fn literal_int(&self) -> Option<i64> {
        match &self.node {
            TypedNode::Int(value) => i64::try_from(*value).ok(),
            TypedNode::Negative(operand) => operand.literal_int().map(|value| -value),
            _ => None,
        }
    }
}
