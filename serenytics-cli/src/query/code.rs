//! Shows a text query as something else: its columns, its JSON, or code to paste.

use serde_json::Value;
use serenytics_query::query::{Query, TextQuery};
use serenytics_query::schema::{Column, ColumnKind, SourceRef};
use serenytics_query::vocabulary::ColumnType;

use super::Show;
use super::input::Input;

/// Returns what is shown, without a newline at its end.
pub(super) fn shown(
    show: Show,
    text: &str,
    parsed: &TextQuery,
    input: &Input,
    query: &Query<Vec<Value>>,
) -> Result<String, String> {
    Ok(match show {
        Show::Columns => columns(query),
        Show::Pipeline => query.to_string(),
        // The JSON of a pipeline has only strings, numbers, lists and objects: it is a Python literal too.
        Show::Python => format!("options = {query}\ndata = data_source.get_data(options)"),
        Show::Rust => rust(text, parsed, input)?,
    })
}

fn columns(query: &Query<Vec<Value>>) -> String {
    let lines = query.shape().iter().map(|column| {
        let null = if column.nullable { ", or NULL" } else { "" };
        format!("{}: {}, {}{null}", column.name, column.origin, column.output_type)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the source as a struct, and the query as a function.
fn rust(text: &str, parsed: &TextQuery, input: &Input) -> Result<String, String> {
    let schema = input.schema_file().schema();
    let name = type_name(schema.source.text());
    let source = match &schema.source {
        SourceRef::Name(name) => format!("name = {name:?}"),
        SourceRef::Uuid(uuid) => format!("uuid = {uuid:?}"),
    };
    let fields: String = schema.columns.iter().map(field).collect();
    let body = parsed.in_rust(text, &name, &schema).ok_or("the query has no source")?;
    Ok(format!(
        "use serenytics::prelude::*;\n\n#[derive(Source)]\n#[source({source})]\npub struct {name} {{\n{fields}}}\n\n\
         let q = query! {{\n    {}\n}};",
        body.trim()
    ))
}

fn field(column: &Column) -> String {
    let mut attributes = Vec::new();
    match column.kind {
        ColumnKind::Measure => attributes.push(match &column.formula {
            Some(formula) => format!("measure = {formula:?}"),
            None => "measure".to_owned(),
        }),
        ColumnKind::Formula => attributes.push(format!("formula = {:?}", column.wire)),
        ColumnKind::Stored | ColumnKind::Joined => {}
    }
    let wire = match (column.kind, column.wire.split_once('.')) {
        (ColumnKind::Formula, _) => None,
        (ColumnKind::Joined, Some((uuid, name))) => {
            attributes.push(format!("join = {uuid:?}"));
            Some(name)
        }
        _ => Some(column.wire.as_str()),
    };
    if let Some(wire) = wire.filter(|wire| *wire != column.name) {
        attributes.push(format!("name = {wire:?}"));
    }
    let rust_type = match column.column_type {
        ColumnType::Str => "String",
        ColumnType::Int => "i64",
        ColumnType::Float => "f64",
        ColumnType::DateTime => "DateTime",
    };
    let rust_type = if column.nullable { format!("Option<{rust_type}>") } else { rust_type.to_owned() };
    let attributes =
        if attributes.is_empty() { String::new() } else { format!("    #[column({})]\n", attributes.join(", ")) };
    format!("{attributes}    {}: {rust_type},\n", column.name)
}

/// Returns the name of a struct for a source: `order lines` becomes `OrderLines`.
fn type_name(source: &str) -> String {
    let words = source.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = String::new();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.extend(letters);
    }
    if name.starts_with(|c: char| c.is_alphabetic()) { name } else { format!("Source{name}") }
}
