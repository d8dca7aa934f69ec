//! Literal values in a checked formula, which are known before any row is read.

use super::typed::{Typed, TypedNode};

impl Typed {
    /// Returns true if it is a literal.
    #[must_use]
    pub fn is_literal(&self) -> bool {
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

    /// Returns true if it is a literal number other than zero.
    #[must_use]
    pub fn is_nonzero_literal(&self) -> bool {
        match self.node {
            TypedNode::Int(value) => value != 0,
            TypedNode::Float(value) => value != 0.0,
            _ => false,
        }
    }

    /// Returns the literal text.
    #[must_use]
    pub fn literal_text(&self) -> Option<&str> {
        match &self.node {
            TypedNode::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the literal integer, with its sign.
    #[must_use]
    pub fn literal_int(&self) -> Option<i64> {
        match &self.node {
            TypedNode::Int(value) => i64::try_from(*value).ok(),
            TypedNode::Negative(operand) => operand.literal_int().map(|value| -value),
            _ => None,
        }
    }
}
