//! One common type for several parts, such as those that are compared.

use crate::formula::error::FormulaError;
use crate::formula::kind::Type;
use crate::formula::tree::Expression;
use crate::formula::typed::{Typed, TypedNode};
use crate::values::datetime;

/// Converts parts, each with its tree, to one type: integers among floats become floats, text in quotes among
/// datetimes becomes a datetime, and NULL becomes any type.
pub(super) fn unify(parts: Vec<(Typed, &Expression)>, what: &str) -> Result<(Vec<Typed>, Type), FormulaError> {
    let is_datetime = parts.iter().any(|(part, _)| part.result == Type::DATETIME);
    let is_condition = parts.iter().any(|(part, _)| part.result == Type::Boolean);
    let mut common = Type::Null;
    let mut unified = Vec::with_capacity(parts.len());
    for (part, tree) in parts {
        let part = match part {
            part if is_datetime => literal_to_datetime(part, tree)?,
            part if is_condition && part.may_be_condition() => Typed { result: Type::Boolean, ..part },
            part => part,
        };
        common = match (common, part.result) {
            (Type::Null, result) => result,
            (common, result) if common == result || result == Type::Null => common,
            (common, result) if common.is_numeric() && result.is_numeric() => Type::FLOAT,
            (common, result) => {
                let (expected, found) = (common.described(), result.described());
                let hint = conversion(common, result);
                let message = format!("{what} needs values of one type: expected {expected}, found {found}{hint}");
                return Err(FormulaError::of(tree, message));
            }
        };
        unified.push(part);
    }
    for part in &mut unified {
        if part.result == Type::Null {
            part.result = common;
        }
    }
    Ok((unified, common))
}

/// Names the function that converts one type to the other, for a message.
fn conversion(one: Type, other: Type) -> &'static str {
    match (one, other) {
        (Type::TEXT, Type::DATETIME) | (Type::DATETIME, Type::TEXT) => {
            "; `datetime_from_string` converts text to a datetime"
        }
        (Type::TEXT, other) | (other, Type::TEXT) if other.is_numeric() => {
            "; a number has no quotes, and `float` converts text to a number"
        }
        (Type::Boolean, other) | (other, Type::Boolean) if other.is_numeric() => {
            "; `to_int` converts a condition to 1 or 0"
        }
        _ => "",
    }
}

/// Converts text in quotes to a datetime. Other parts stay as they are.
pub(super) fn literal_to_datetime(part: Typed, tree: &Expression) -> Result<Typed, FormulaError> {
    let TypedNode::Text(text) = &part.node else { return Ok(part) };
    match datetime::parse(text) {
        Ok(value) => Ok(Typed::leaf(TypedNode::DateTime(value), Type::DATETIME)),
        Err(_) => Err(FormulaError::of(
            tree,
            format!("\"{text}\" is not a datetime: write \"2013-01-31\" or \"2013-01-31T12:30:00\""),
        )),
    }
}
