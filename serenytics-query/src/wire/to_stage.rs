//! Converts the wire model to the language's tree, for the server and for queries from JSON.

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
            self.problems.push(Problem::new(Code::UnknownFunction, column.position, message));
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
                self.problems.push(Problem::new(Code::UnknownFunction, position, message));
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
            let needed = match wire.op.operand() {
                Operand::List => "a list, or a string that holds a JSON list",
                _ => "a string or a number",
            };
            let message = format!("`{}` on `{}` needs a `value`: {needed}", wire.op, wire.name);
            self.problems.push(Problem::new(Code::Operand, position, message));
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

fn scalar(value: &Json) -> Option<Literal> {
    match value {
        Json::String(text) => Some(Literal::Wire(text.clone())),
        Json::Number(number) => Some(Literal::Wire(number.to_string())),
        Json::Bool(value) => Some(Literal::Wire(value.to_string())),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn list(value: &Json, position: Position) -> Option<Vec<Value>> {
    let parsed;
    let elements = match value {
        Json::Array(elements) => elements,
        Json::String(text) => {
            parsed = serde_json::from_str::<Vec<Json>>(text).ok()?;
            &parsed
        }
        _ => return None,
    };
    elements.iter().map(|element| Some(Value::Literal(scalar(element)?, position))).collect()
}
