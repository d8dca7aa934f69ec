//! The lowering: writes a checked stage as the JSON of the wire, with placeholders for its run-time
//! values.

pub(crate) mod template;

use std::borrow::Cow;

use self::template::{Part, Template};
use crate::check::{Checked, typed_value};
use crate::schemas::schema::{Column, ColumnKind, Schema};
use crate::syntax::stage::{
    Condition, ConditionOperand, Ident, KeySlot, Limit, Literal, Order, Selected, Stage, Value,
};
use crate::syntax::vocabulary::{Aggregate, ColumnType, Operator, TimeSlot};
use crate::values::value::{WireValue, escaped_elements, escaped_scalar};
use crate::wire::{self, COUNT_COLUMN, ColumnItem, Item, ROW_BY_ROW};

/// Writes a stage that `check` accepted as JSON. Returns `None` for any other stage: one of its
/// names or literals does not fit the schema.
#[must_use]
pub fn lower(schema: &Schema, stage: &Stage, checked: &Checked) -> Option<Template> {
    let own = stage.conditions.iter().map(|condition| lower_condition(schema, condition));
    let spliced = stage.splices.iter().map(|filter| Some(vec![Part::Value(filter.index)]));
    let conditions: Option<Vec<_>> = own.chain(spliced).map(|parts| parts.map(Cow::Owned)).collect();
    let limit = stage.limit.map(|limit| match limit {
        Limit::Rows(rows, _) => text(rows.to_string()),
        Limit::Placeholder(placeholder) => Part::Value(placeholder.index),
    });
    let options = wire::Pipeline {
        order: Some(ROW_BY_ROW.to_owned()),
        data_processing_pipeline: vec![head(schema, stage, &checked.order_by)?],
        ..wire::Pipeline::default()
    };
    let json = serde_json::to_string(&options).ok()?;
    let head = json.strip_suffix(Template::TAIL)?.to_owned();
    Some(Template { head: Cow::Owned(head), conditions: Cow::Owned(conditions?), limit })
}

/// Returns the wire names of the measures that a stage uses, without duplicates.
#[must_use]
pub fn measures(schema: &Schema, stage: &Stage, checked: &Checked) -> Vec<Cow<'static, str>> {
    let word = |selected: &Selected| match selected {
        Selected::Column(word) | Selected::Aggregate { column: word, .. } | Selected::Slot { column: word, .. } => {
            Some(word.text.clone())
        }
        Selected::Count(_) | Selected::Unknown(_) => None,
    };
    let mut names: Vec<String> = stage.conditions.iter().map(|condition| condition.column.text.clone()).collect();
    names.extend(stage.group_by.iter().map(|key| key.column.text.clone()));
    names.extend(stage.select.iter().flatten().filter_map(|selection| word(&selection.selected)));
    names.extend(checked.order_by.iter().filter_map(|order| word(&order.by)));
    if stage.select.is_none() && stage.group_by.is_empty() {
        names.extend(schema.row_columns().map(|column| column.name.clone()));
    }
    let measures = schema.columns.iter().filter(|column| column.kind == ColumnKind::Measure);
    measures.filter(|column| names.contains(&column.name)).map(|column| Cow::Owned(column.wire.clone())).collect()
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
    column: &Ident,
    agg_function: Option<Aggregate>,
    timeslot: Option<TimeSlot>,
) -> Option<ColumnItem> {
    let (_, column) = schema.column(&column.text)?;
    Some(ColumnItem { name: column.wire.clone(), agg_function, timeslot, ..ColumnItem::default() })
}

/// Writes a key as the platform's documentation does: a bare name for a column without a time slot.
fn shortest(item: ColumnItem) -> Item {
    if item.timeslot.is_none() { Item::Name(item.name) } else { Item::Column(item) }
}

fn lower_condition(schema: &Schema, condition: &Condition) -> Option<Vec<Part>> {
    let (_, column) = schema.column(&condition.column.text)?;
    let operand = match &condition.operand {
        ConditionOperand::None => Vec::new(),
        ConditionOperand::Scalar(value) => vec![scalar(column, value)?],
        ConditionOperand::List(values, _) => list(column, values)?,
        ConditionOperand::ListPlaceholder(placeholder) => run_time_list(placeholder.index),
    };
    condition_parts(&column.wire, condition.operator?, operand)
}

/// Returns the operand of a run-time list.
pub(crate) fn run_time_list(index: usize) -> Vec<Part> {
    vec![text("["), Part::Value(index), text("]")]
}

/// Writes a condition as JSON in parts, from the parts of its operand. An operator without an
/// operand has no parts.
pub(crate) fn condition_parts(wire: &str, operator: Operator, operand: Vec<Part>) -> Option<Vec<Part>> {
    let mut lowered = wire::Condition { name: wire.to_owned(), op: operator, value: None, measure_uuid: None };
    if operand.is_empty() {
        return Some(vec![text(serde_json::to_string(&lowered).ok()?)]);
    }
    // The operand is a JSON string; the parts are written between its quotes.
    lowered.value = Some(serde_json::Value::String(String::new()));
    let json = serde_json::to_string(&lowered).ok()?;
    let mut parts = vec![text(json.strip_suffix("\"}")?.to_owned())];
    parts.extend(operand);
    parts.push(text("\"}"));
    Some(joined(parts))
}

fn scalar(column: &Column, value: &Value) -> Option<Part> {
    Some(match value {
        Value::Placeholder(placeholder) => Part::Value(placeholder.index),
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
            Value::Placeholder(placeholder) => Part::Value(placeholder.index),
            Value::Literal(literal, _) => text(escaped_elements(&[wire_value(literal, column.column_type)?])),
        });
    }
    parts.push(text("]"));
    Some(parts)
}

/// Converts a literal to the wire. An integer for a float column is sent as it is written, and so
/// is a number from a request.
fn wire_value(literal: &Literal, column_type: ColumnType) -> Option<WireValue> {
    match literal {
        Literal::Int(value) => Some(WireValue::int(*value)),
        Literal::Wire(text) if column_type.is_numeric() && text.parse::<serde_json::Number>().is_ok() => {
            Some(WireValue::Number(text.clone()))
        }
        literal => typed_value(literal, column_type)?.to_wire(),
    }
}

fn text(text: impl Into<Cow<'static, str>>) -> Part {
    Part::Text(text.into())
}

/// Merges adjacent text parts.
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
