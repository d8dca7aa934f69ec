//! Single mistakes in the meaning of a valid query, each with the code and the position that the
//! checker must report.

use serenytics_query::problem::Code;
use serenytics_query::vocabulary::{Aggregate, ColumnType, TimeSlot};

use crate::text::{Role, Wrong, spelled};
use crate::valid::{COLUMNS, Column, Output, Query, What, fits, formulas, literals, row_columns};

/// Returns every mistake that this query can have.
pub fn mistakes(query: &Query) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    unknown_columns(query, &mut wrong);
    conditions(query, &mut wrong);
    limits(query, &mut wrong);
    value_formulas(query, &mut wrong);
    if query.formula().is_none() {
        misfits(query, &mut wrong);
        bare_columns(query, &mut wrong);
        repetitions(query, &mut wrong);
        names(query, &mut wrong);
        orders(query, &mut wrong);
    }
    wrong
}

/// A column's name without one of its letters.
fn misspelled(name: &str) -> String {
    let mut text = name.to_owned();
    text.remove(name.len() / 2);
    assert!(COLUMNS.iter().all(|column| column.name != text), "{text}");
    text
}

fn unknown_columns(query: &Query, wrong: &mut Vec<Wrong>) {
    let text = &query.text;
    for at in text.with_role(|role| matches!(role, Role::Column(_) | Role::Argument(_))) {
        let (Role::Column(column) | Role::Argument(column)) = text.pieces[at].role else { continue };
        wrong.push(text.with(at..at + 1, &[&misspelled(column.name)], Code::UnknownColumn, 0));
    }
    wrong.push(text.with_item("where", &["missing", "is_defined"], Code::UnknownColumn, 0));
    if query.is_aggregated() {
        wrong.push(text.with_item("select", &["sum", "(", "missing", ")"], Code::UnknownColumn, 2));
        wrong.push(text.with_item("group_by", &["missing"], Code::UnknownColumn, 0));
        wrong.push(text.with_item("group_by", &["month", "(", "missing", ")", "as", "other"], Code::UnknownColumn, 2));
    }
    if query.formula().is_none() {
        wrong.push(text.with_item("order_by", &["max", "(", "missing", ")"], Code::UnknownColumn, 2));
        wrong.push(text.with_item("order_by", &["month", "(", "missing", ")", "desc"], Code::UnknownColumn, 2));
    }
}

/// Values and operators that do not fit their columns.
fn conditions(query: &Query, wrong: &mut Vec<Wrong>) {
    let text = &query.text;
    for at in text.with_role(|role| matches!(role, Role::Value(_))) {
        let Role::Value(column_type) = text.pieces[at].role else { continue };
        let others: &[(&str, Code)] = match column_type {
            ColumnType::Str => &[("3", Code::ValueType), ("2.5", Code::ValueType)],
            ColumnType::Int => &[("2.5", Code::ValueType), ("\"3\"", Code::ValueType), ("1e3", Code::ValueType)],
            ColumnType::Float => &[("\"2.5\"", Code::ValueType), ("\"\"", Code::ValueType)],
            ColumnType::DateTime => &[
                ("20130131", Code::ValueType),
                ("2013.5", Code::ValueType),
                ("\"2013-02-30\"", Code::BadDatetime),
                ("\"FR\"", Code::BadDatetime),
                ("\"\"", Code::BadDatetime),
                ("\"2013-01-31T25:00:00\"", Code::BadDatetime),
            ],
        };
        wrong.extend(others.iter().map(|(other, code)| text.with(at..at + 1, &[other], *code, 0)));
    }
    for item in text.items("where") {
        let (Role::Column(column), Role::Operator(_)) =
            (text.pieces[item.start].role, text.pieces[item.start + 1].role)
        else {
            continue;
        };
        if column.column_type != ColumnType::Str {
            for operator in ["is_empty", "is_not_empty"] {
                wrong.push(text.with(item.start + 1..item.end, &[operator], Code::OperatorType, 0));
            }
        }
    }
    for column in [row_columns().last(), row_columns().next()].into_iter().flatten() {
        let (other, code) = match column.column_type {
            ColumnType::DateTime => ("\"yesterday\"", Code::BadDatetime),
            _ => ("3", Code::ValueType),
        };
        let name = spelled(column.name);
        let right = literals(column.column_type)[0];
        wrong.push(text.with_item("where", &[&name, "!=", other], code, 2));
        wrong.push(text.with_item("where", &[&name, "!in", "[", right, ",", other, "]"], code, 5));
    }
}

fn limits(query: &Query, wrong: &mut Vec<Wrong>) {
    let text = &query.text;
    match text.items("limit").first() {
        Some(item) => {
            wrong.push(text.with(item.clone(), &["0"], Code::BadLimit, 0));
            wrong.push(text.with(item.clone(), &["-", "1"], Code::BadLimit, 1));
        }
        None => wrong.push(text.with_item("limit", &["0"], Code::BadLimit, 0)),
    }
}

/// Value formulas where a column of the rows is needed, and value formulas with other outputs.
fn value_formulas(query: &Query, wrong: &mut Vec<Wrong>) {
    let text = &query.text;
    let code = Code::FormulaPlace;
    for formula in formulas() {
        let name = formula.name;
        wrong.push(text.with_item("where", &[name, "is_defined"], code, 0));
        wrong.push(text.with_item("order_by", &[name, "desc"], code, 0));
        if query.formula().is_none() {
            wrong.push(text.with_item("order_by", &["dcount", "(", name, ")"], code, 2));
            wrong.push(text.with_item("order_by", &["month", "(", name, ")"], code, 2));
        }
        if query.is_aggregated() {
            wrong.push(text.with_item("group_by", &[name], code, 0));
            wrong.push(text.with_item("group_by", &["day", "(", name, ")"], code, 2));
            wrong.push(text.with_item("select", &["dcount", "(", name, ")", "as", "other"], code, 2));
        }
        if query.selections.is_some() && query.formula().is_none() {
            wrong.push(text.with_item("select", &[name], code, 0));
        }
    }
    if query.formula().is_some() {
        let at = text.items("select")[0].start;
        // The added item is after the formula; the problem is reported at the formula.
        for (clause, item) in
            [("select", &["quantity"][..]), ("select", &["count", "(", ")"]), ("group_by", &["country"])]
        {
            wrong.push(Wrong { at, ..text.with_item(clause, item, code, 0) });
        }
        wrong.push(text.with_item("order_by", &["quantity"], code, 0));
        wrong.push(text.with_item("order_by", &["max", "(", "quantity", ")"], code, 0));
        wrong.push(text.with_item("order_by", &["count", "(", ")"], code, 0));
    }
}

/// Aggregates and time slots that do not fit their columns.
fn misfits(query: &Query, wrong: &mut Vec<Wrong>) {
    let text = &query.text;
    for column in row_columns() {
        let name = spelled(column.name);
        for aggregate in Aggregate::ALL.iter().filter(|aggregate| !fits(**aggregate, column)) {
            let call = [aggregate.word(), "(", &name, ")"];
            if query.is_aggregated() {
                wrong.push(text.with_item("select", &call, Code::AggregateType, 2));
            }
            wrong.push(text.with_item("order_by", &call, Code::AggregateType, 2));
        }
        if column.column_type != ColumnType::DateTime {
            let slot = TimeSlot::ALL[name.len() % TimeSlot::ALL.len()];
            let call = [slot.word(), "(", &name, ")"];
            if query.is_aggregated() {
                wrong.push(text.with_item("group_by", &call, Code::SlotType, 2));
            }
            wrong.push(text.with_item("order_by", &call, Code::SlotType, 2));
        }
    }
    if query.is_aggregated() {
        wrong.push(text.with_item("select", &["hour", "(", "date", ")"], Code::UnknownFunction, 0));
    }
}

/// Columns without an aggregate in a query with groups or aggregates.
fn bare_columns(query: &Query, wrong: &mut Vec<Wrong>) {
    let text = &query.text;
    if query.is_aggregated() {
        for column in row_columns() {
            let grouped = query.keys.iter().any(|key| key.what == What::Column(column));
            let code = if grouped { Code::GroupedSelected } else { Code::NeedsAggregate };
            let name = spelled(column.name);
            wrong.push(text.with_item("select", &[&name], code, 0));
            wrong.push(text.with_item("select", &[&name, "as", "other"], code, 0));
        }
    } else if query.selections.as_ref().is_some_and(|selections| selections.len() == 1)
        && text.items("order_by").is_empty()
    {
        let at = text.items("select")[0].start;
        let added = text.with_item("select", &["max", "(", "quantity", ")"], Code::NeedsAggregate, 0);
        wrong.push(Wrong { at, ..added });
        for key in ["population", "group_by"] {
            let is_selected = query.selected().any(|output| output.what.name() == key);
            let code = if is_selected { Code::GroupedSelected } else { Code::NeedsAggregate };
            wrong.push(Wrong { at, ..text.with_item("group_by", &[&spelled(key)], code, 0) });
        }
    }
}

/// The words of an output that is already in a clause.
fn words(output: &Output) -> Vec<String> {
    output.what.pieces().into_iter().map(|piece| piece.text).collect()
}

fn repetitions(query: &Query, wrong: &mut Vec<Wrong>) {
    let text = &query.text;
    for (clause, outputs) in [("group_by", Some(&query.keys)), ("select", query.selections.as_ref())] {
        for output in outputs.into_iter().flatten() {
            let words = words(output);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let column = if words.len() == 4 { 2 } else { 0 };
            wrong.push(text.with_item(clause, &words, Code::Repeated, column));
            let named = [&words[..], &["as", "other"]].concat();
            wrong.push(text.with_item(clause, &named, Code::Repeated, words.len() + 1));
        }
    }
}

/// Outputs with the name of another output.
fn names(query: &Query, wrong: &mut Vec<Wrong>) {
    let text = &query.text;
    let is_new = |what: What| query.outputs().all(|output| output.what != what);
    let aggregates = row_columns().map(|column| What::Aggregate(Aggregate::Dcount, column));
    let columns = || row_columns().map(What::Column);
    let (clause, new) = if query.is_aggregated() {
        ("select", aggregates.chain([What::Count]).find(|what| is_new(*what)))
    } else if query.selections.is_some() {
        ("select", columns().find(|what| is_new(*what)))
    } else {
        return;
    };
    let added = new.map(|what| (clause, what));
    let key = columns().find(|what| is_new(*what)).filter(|_| !query.keys.is_empty()).map(|what| ("group_by", what));
    for output in query.outputs() {
        for (clause, what) in added.into_iter().chain(key) {
            let new = Output { what, alias: None };
            let mut item = words(&new);
            item.extend(["as".to_owned(), spelled(&output.name())]);
            let item: Vec<&str> = item.iter().map(String::as_str).collect();
            let is_key = query.keys.iter().any(|key| key.name() == output.name());
            let name = item.len() - 1;
            match (clause, is_key) {
                // The later of the two is reported, and keys come before selected outputs.
                ("group_by", false) => {
                    let added = text.with_item(clause, &item, Code::DuplicateOutput, 0);
                    wrong.extend(later(query, added, item.len() + 1, output));
                }
                _ => wrong.push(text.with_item(clause, &item, Code::DuplicateOutput, name)),
            }
        }
    }
}

/// The mistake is reported at a selected output, after or before the added item.
fn later(query: &Query, added: Wrong, length: usize, output: &Output) -> Option<Wrong> {
    let index = query.selected().position(|other| other.what == output.what)?;
    let item = query.text.items("select")[index].clone();
    let is_name = |at: &usize| matches!(query.text.pieces[*at].role, Role::Alias);
    let is_column = |at: &usize| matches!(query.text.pieces[*at].role, Role::Argument(_));
    let at = item.clone().find(is_name).or(item.clone().find(is_column)).unwrap_or(item.start);
    Some(Wrong { at: if added.at <= at { at + length } else { at }, ..added })
}

fn orders(query: &Query, wrong: &mut Vec<Wrong>) {
    let text = &query.text;
    let code = Code::UnknownOrder;
    for at in text.with_role(|role| role == Role::Order) {
        wrong.push(text.with(at..at + 1, &["missing"], code, 0));
    }
    wrong.push(text.with_item("order_by", &["missing", "desc"], code, 0));
    let has = |what: What| query.outputs().any(|output| output.what == what);
    if !has(What::Count) {
        wrong.push(text.with_item("order_by", &["count", "(", ")"], code, 0));
    }
    let ordered = |column: Column| {
        let named = query.outputs().any(|output| output.name() == column.name);
        let keyed = query
            .keys
            .iter()
            .any(|key| matches!(key.what, What::Column(other) | What::Slot(_, other) if other == column));
        named || keyed
    };
    for column in row_columns() {
        let name = spelled(column.name);
        if query.is_aggregated() && !ordered(column) {
            wrong.push(text.with_item("order_by", &[&name], code, 0));
        }
        if !has(What::Aggregate(Aggregate::Max, column)) {
            wrong.push(text.with_item("order_by", &["max", "(", &name, ")", "desc"], code, 0));
        }
        if column.column_type == ColumnType::DateTime && !has(What::Slot(TimeSlot::Week, column)) {
            wrong.push(text.with_item("order_by", &["week", "(", &name, ")"], code, 0));
        }
    }
}
