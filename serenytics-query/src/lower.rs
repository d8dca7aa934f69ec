//! The lowering: a checked stage to the JSON of the wire, with places for its run-time values.

use std::borrow::Cow;

use crate::check::{Checked, typed_value};
use crate::query::{Part, Template};
use crate::schema::{Column, Schema};
use crate::stage::{Condition, ConditionOperand, KeySlot, Limit, Literal, Order, Selected, Stage, Value, Word};
use crate::value::{WireValue, escaped_elements, escaped_scalar};
use crate::vocabulary::{Aggregate, ColumnType, TimeSlot};
use crate::wire::{self, COUNT_COLUMN, ColumnItem, Item, ROW_BY_ROW};

/// The JSON of a stage that `check` accepted, or `None` if it did not: a name or a literal of it has no place in the schema.
#[must_use]
pub fn lower(schema: &Schema, stage: &Stage, checked: &Checked) -> Option<Template> {
    let conditions: Option<Vec<_>> =
        stage.conditions.iter().map(|condition| Some(Cow::Owned(lower_condition(schema, condition)?))).collect();
    let limit = stage.limit.map(|limit| match limit {
        Limit::Rows(rows, _) => text(rows.to_string()),
        Limit::Hole(hole) => Part::Value(hole.index),
    });
    let options = wire::Options {
        order: Some(ROW_BY_ROW.to_owned()),
        data_processing_pipeline: vec![head(schema, stage, &checked.order_by)?],
        ..wire::Options::default()
    };
    let json = serde_json::to_string(&options).ok()?;
    let head = json.strip_suffix(Template::TAIL)?.to_owned();
    Some(Template { head: Cow::Owned(head), conditions: Cow::Owned(conditions?), limit })
}

/// The clauses before `where`.
fn head(schema: &Schema, stage: &Stage, order_by: &[Order]) -> Option<wire::Stage> {
    let keys: Option<Vec<Item>> = stage
        .group_by
        .iter()
        .map(|key| {
            let slot = match key.slot {
                KeySlot::Slot(slot) => Some(slot),
                KeySlot::Whole | KeySlot::Unknown => None,
            };
            item(schema, &key.column, None, slot).map(shortest)
        })
        .collect();
    let select: Option<Vec<Item>> = match &stage.select {
        Some(selections) => {
            selections.iter().map(|selection| selected(schema, &selection.selected).map(Item::Column)).collect()
        }
        None if stage.group_by.is_empty() => {
            let named = |column: &Column| ColumnItem { name: column.wire.clone(), ..ColumnItem::default() };
            Some(schema.row_columns().map(|column| Item::Column(named(column))).collect())
        }
        None => Some(Vec::new()),
    };
    let order_by: Option<Vec<Item>> = order_by
        .iter()
        .map(|order| {
            let item = selected(schema, &order.by)?;
            Some(Item::Column(ColumnItem { direction: Some(order.direction), ..item }))
        })
        .collect();
    Some(wire::Stage { group_by: keys?, select: select?, order_by: order_by?, ..wire::Stage::default() })
}

fn selected(schema: &Schema, selected: &Selected) -> Option<ColumnItem> {
    match selected {
        Selected::Column(column) => item(schema, column, None, None),
        Selected::Aggregate { aggregate, column, .. } => item(schema, column, Some(*aggregate), None),
        Selected::Slot { slot, column, .. } => item(schema, column, None, Some(*slot)),
        Selected::Count(_) => Some(ColumnItem {
            name: COUNT_COLUMN.to_owned(),
            agg_function: Some(Aggregate::Sum),
            ..ColumnItem::default()
        }),
        Selected::Unknown(_) => None,
    }
}

fn item(
    schema: &Schema,
    column: &Word,
    agg_function: Option<Aggregate>,
    timeslot: Option<TimeSlot>,
) -> Option<ColumnItem> {
    let (_, column) = schema.column(&column.text)?;
    Some(ColumnItem { name: column.wire.clone(), agg_function, timeslot, ..ColumnItem::default() })
}

/// A key as the platform's documentation writes it: a bare name if nothing is done to the column.
fn shortest(item: ColumnItem) -> Item {
    if item.timeslot.is_none() { Item::Name(item.name) } else { Item::Column(item) }
}

fn lower_condition(schema: &Schema, condition: &Condition) -> Option<Vec<Part>> {
    let (_, column) = schema.column(&condition.column.text)?;
    let mut lowered =
        wire::Condition { name: column.wire.clone(), op: condition.operator?, value: None, measure_uuid: None };
    let operand = match &condition.operand {
        ConditionOperand::None => {
            return Some(vec![text(serde_json::to_string(&lowered).ok()?)]);
        }
        ConditionOperand::Scalar(value) => vec![scalar(column, value)?],
        ConditionOperand::List(values, _) => list(column, values)?,
        ConditionOperand::ListHole(hole) => {
            vec![text("["), Part::Value(hole.index), text("]")]
        }
    };
    // The operand is a JSON text; what stands between its quotes is written part by part.
    lowered.value = Some(serde_json::Value::String(String::new()));
    let json = serde_json::to_string(&lowered).ok()?;
    let mut parts = vec![text(json.strip_suffix("\"}")?.to_owned())];
    parts.extend(operand);
    parts.push(text("\"}"));
    Some(joined(parts))
}

fn scalar(column: &Column, value: &Value) -> Option<Part> {
    Some(match value {
        Value::Hole(hole) => Part::Value(hole.index),
        Value::Literal(literal, _) => text(escaped_scalar(wire_value(literal, column.column_type)?)),
    })
}

fn list(column: &Column, values: &[Value]) -> Option<Vec<Part>> {
    let mut parts = vec![text("[")];
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            parts.push(text(","));
        }
        parts.push(match value {
            Value::Hole(hole) => Part::Value(hole.index),
            Value::Literal(literal, _) => text(escaped_elements(&[wire_value(literal, column.column_type)?])),
        });
    }
    parts.push(text("]"));
    Some(parts)
}

/// A literal on the wire: an integer stays one for a float column too, as it was written.
fn wire_value(literal: &Literal, column_type: ColumnType) -> Option<WireValue> {
    match literal {
        Literal::Int(value) => Some(WireValue::int(*value)),
        literal => typed_value(literal, column_type)?.to_wire(),
    }
}

fn text(text: impl Into<Cow<'static, str>>) -> Part {
    Part::Text(text.into())
}

/// The parts with neighbouring texts made one.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(text)) => before.to_mut().push_str(&text),
            (_, part) => joined.push(part),
        }
    }
    joined
}
