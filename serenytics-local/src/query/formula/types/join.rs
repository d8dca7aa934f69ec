//! One type for several parts, as for those that are compared or chosen from.

use serenytics_query::datetime;

use super::{Type, Typed, TypedNode};
use crate::load::microseconds;
use crate::query::formula::tree::Mistake;

/// Parts, each with its position, as parts of one type; integers are floats among floats, a text that is written in the
/// formula is a datetime among datetimes, and NULL is of every type.
pub(super) fn joined(parts: Vec<(Typed, usize)>, what: &str) -> Result<(Vec<Typed>, Type), Mistake> {
    let is_datetime = parts.iter().any(|(part, _)| part.gives == Type::DATETIME);
    let mut common = Type::Null;
    let mut alike = Vec::with_capacity(parts.len());
    for (part, position) in parts {
        let part = match (&part.node, part.gives) {
            (TypedNode::Text(_), _) if is_datetime => as_datetime(part, position)?,
            _ => part,
        };
        common = match (common, part.gives) {
            (Type::Null, gives) => gives,
            (common, gives) if common == gives || gives == Type::Null => common,
            (common, gives) if common.is_numeric() && gives.is_numeric() => Type::FLOAT,
            (common, gives) => {
                let (first, other) = (common.described(), gives.described());
                let message = format!(
                    "{what} needs values of one type, and this is {other} beside {first}{}",
                    meant(common, gives)
                );
                return Err(Mistake::new(position, message));
            }
        };
        alike.push(part);
    }
    let adopted =
        alike.into_iter().map(|part| if part.gives == Type::Null { Typed { gives: common, ..part } } else { part });
    Ok((adopted.collect(), common))
}

/// What may help two values that differ in their type.
fn meant(one: Type, other: Type) -> &'static str {
    match (one, other) {
        (Type::STR, Type::DATETIME) | (Type::DATETIME, Type::STR) => {
            ": `datetime_from_string` makes a datetime of a text"
        }
        (Type::STR, other) | (other, Type::STR) if other.is_numeric() => {
            ": a number has no quotes, and `float` makes one of a text"
        }
        (Type::Boolean, other) | (other, Type::Boolean) if other.is_numeric() => {
            ": `to_int` makes 1 or 0 of a condition"
        }
        _ => "",
    }
}

/// A part as a datetime, which a text that is written in the formula may stand for.
pub(super) fn as_datetime(part: Typed, position: usize) -> Result<Typed, Mistake> {
    let TypedNode::Text(text) = &part.node else { return Ok(part) };
    let form = "a datetime is written \"2013-01-31\" or \"2013-01-31T12:30:00\"";
    let Ok(read) = datetime::parse(text) else {
        return Err(Mistake::new(position, format!("\"{text}\" is no datetime: {form}")));
    };
    let Some(microseconds) = microseconds(read) else {
        return Err(Mistake::new(position, format!("\"{text}\" is outside of the years that a datetime may have")));
    };
    Ok(Typed::leaf(TypedNode::DateTime(microseconds), Type::DATETIME))
}
