//! Converts the wire model to the language's tree, for the server and for queries from JSON.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::syntax::problem::{Code, Problem};
use crate::syntax::stage::{
    Condition, ConditionOperand, Ident, Key, KeySlot, Limit, Literal, Order, Position, Selected, Selection, Stage,
    Value,
};
use crate::syntax::vocabulary::{Direction, Operand};
use crate::wire::{self, COUNT_COLUMN};

/// Converts a stage of a request to a tree. Positions are the numbers of its items, counted clause
/// by clause.
///
/// # Errors
/// A stage that the tree cannot express: an item with both an aggregate and a time slot, or an
/// operand of the wrong form.
pub(crate) fn stage(wire: &wire::Stage) -> Result<Stage, Vec<Problem>> {
    let mut reader = Reader { next: 0, problems: Vec::new() };
    let stage = Stage {
        group_by: wire.group_by.iter().filter_map(|item| reader.key(item)).collect(),
        select: (!wire.select.is_empty())
            .then(|| wire.select.iter().filter_map(|item| reader.selection(item)).collect()),
        order_by: wire.order_by.iter().filter_map(|item| reader.order(item)).collect(),
        conditions: wire.conditions.iter().filter_map(|item| reader.condition(item)).collect(),
        splices: Vec::new(),
        limit: wire.limit.map(|rows| Limit::Rows(rows, reader.position())),
        incomplete: false,
    };
    if reader.problems.is_empty() { Ok(stage) } else { Err(reader.problems) }
}

impl wire::Stage {
    /// Describes the item at a position of the tree, for a message: "item 2 of `where`". `None` for
    /// `limit`, which has no items.
    #[must_use]
    pub fn place(&self, position: Position) -> Option<String> {
        let clauses = [
            ("group_by", self.group_by.len()),
            ("select", self.select.len()),
            ("order_by", self.order_by.len()),
            ("where", self.conditions.len()),
        ];
        let mut item = position.0 as usize;
        for (clause, items) in clauses {
            if item <= items {
                return Some(item_of(clause, item));
            }
            item -= items;
        }
        None
    }
}

/// Describes an item of a clause, counted from 1.
#[must_use]
pub fn item_of(clause: &str, item: usize) -> String {
    format!("item {item} of `{clause}`")
}

struct Reader {
    next: u32,
    problems: Vec<Problem>,
}

impl Reader {
    fn position(&mut self) -> Position {
        self.next += 1;
        Position(self.next)
    }

    fn key(&mut self, item: &wire::Item) -> Option<Key> {
        let item = item.clone().into_column();
        let column = Ident { text: item.name, position: self.position() };
        if let Some(aggregate) = item.agg_function {
            let message = format!("`group_by` does not accept an aggregate, but `{}` has `{aggregate}`", column.text);
            let problem = Problem::new(Code::UnknownFunction, column.position, message);
            self.problems.push(problem.help("remove `agg_function`, or move the item to `select`"));
            return None;
        }
        let slot = item.timeslot.map_or(KeySlot::Whole, KeySlot::Slot);
        Some(Key { column, slot, alias: None })
    }

    fn selection(&mut self, item: &wire::Item) -> Option<Selection> {
        let selected = self.selected(item)?;
        Some(Selection { selected, alias: None })
    }

    fn order(&mut self, item: &wire::Item) -> Option<Order> {
        let direction = match item {
            wire::Item::Name(_) => None,
            wire::Item::Column(item) => item.direction,
        };
        let by = self.selected(item)?;
        Some(Order { by, direction: direction.unwrap_or(Direction::Asc) })
    }

    fn selected(&mut self, item: &wire::Item) -> Option<Selected> {
        let position = self.position();
        let item = item.clone().into_column();
        if item.name == COUNT_COLUMN {
            return Some(Selected::Count(position));
        }
        let column = Ident { text: item.name, position };
        match (item.agg_function, item.timeslot) {
            (None, None) => Some(Selected::Column(column)),
            (Some(aggregate), None) => Some(Selected::Aggregate { aggregate, position, column }),
            (None, Some(slot)) => Some(Selected::Slot { slot, position, column }),
            (Some(_), Some(_)) => {
                let message = format!("`{}` has both an aggregate and a time slot", column.text);
                let problem = Problem::new(Code::UnknownFunction, position, message);
                self.problems.push(problem.help("remove `agg_function` or `timeslot`"));
                None
            }
        }
    }

    fn condition(&mut self, wire: &wire::Condition) -> Option<Condition> {
        let position = self.position();
        let operand = match (wire.op.operand(), &wire.value) {
            (Operand::None, _) => Some(ConditionOperand::None),
            (Operand::Scalar, Some(value)) => {
                scalar(value).map(|literal| ConditionOperand::Scalar(Value::Literal(literal, position)))
            }
            (Operand::List, Some(value)) => {
                list(value, position).map(|values| ConditionOperand::List(values, position))
            }
            (_, None) => None,
        };
        let Some(operand) = operand else {
            self.problems.push(wrong_operand(wire, position));
            return None;
        };
        Some(Condition {
            column: Ident { text: wire.name.clone(), position },
            operator: Some(wire.op),
            operator_position: position,
            operand,
        })
    }
}

/// Returns the problem of a condition without a value that its operator accepts.
fn wrong_operand(wire: &wire::Condition, position: Position) -> Problem {
    let condition = format!("`{}` on `{}`", wire.op, wire.name);
    let (needed, is_list) = match wire.op.operand() {
        Operand::List => ("a list, or a string that holds a JSON list", true),
        _ => ("a string or a number", false),
    };
    let elements = wire.value.as_ref().filter(|_| is_list).and_then(elements).unwrap_or_default();
    let unlisted = elements.iter().find(|element| scalar(element).is_none());
    let message = match (&wire.value, unlisted) {
        (_, Some(Json::Null)) => format!("{condition} lists NULL, which no value is equal to"),
        (_, Some(other)) => format!("{condition} lists {other}, which is neither a string nor a number"),
        (Some(value), _) => format!("{condition} needs a `value`: {needed}, found {value}"),
        (None, _) => format!("{condition} needs a `value`: {needed}"),
    };
    let problem = Problem::new(Code::Operand, position, message);
    match (&wire.value, unlisted) {
        (None, _) | (_, Some(Json::Null)) => {
            problem.help("NULL is tested by `is_defined` and `is_not_defined`, in a separate condition")
        }
        (Some(Json::Array(_)), None) => problem.help("use `in` or `!in` with a list"),
        _ => problem,
    }
}

fn scalar(value: &Json) -> Option<Literal> {
    match value {
        Json::String(text) => Some(Literal::Wire(text.clone())),
        Json::Number(number) => Some(Literal::Wire(number.to_string())),
        Json::Bool(value) => Some(Literal::Wire(value.to_string())),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// Returns the elements of a list, or of a string that holds a JSON list.
fn elements(value: &Json) -> Option<Cow<'_, [Json]>> {
    match value {
        Json::Array(elements) => Some(Cow::Borrowed(elements)),
        Json::String(text) => serde_json::from_str(text).ok().map(Cow::Owned),
        _ => None,
    }
}

fn list(value: &Json, position: Position) -> Option<Vec<Value>> {
    elements(value)?.iter().map(|element| Some(Value::Literal(scalar(element)?, position))).collect()
}
