//! Checking the stages of requests, as a server does.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use serenytics_query::check::{TypedValue, check_wire, typed_value};
use serenytics_query::schema::{Column, ColumnKind, Schema, SourceRef};
use serenytics_query::stage::{ConditionOperand, Selected, Value};
use serenytics_query::wire::{ColumnTitle, Pipeline};

fn schema() -> Schema {
    let columns = [("country", "str"), ("revenue", "float"), ("quantity", "int"), ("order date", "datetime")];
    let titles =
        columns.map(|(name, type_name)| ColumnTitle { name: name.to_owned(), type_name: type_name.to_owned() });
    Schema::from_titles(SourceRef::Name("sales".into()), &titles)
}

/// The codes of a stage's problems.
fn codes(stage: &str) -> Vec<&'static str> {
    codes_with(&schema(), stage)
}

fn codes_with(schema: &Schema, stage: &str) -> Vec<&'static str> {
    match check_wire(schema, &serde_json::from_str(stage).unwrap()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(|problem| problem.code.text()).collect(),
    }
}

#[test]
fn the_documented_pipeline_is_valid() {
    let json = r#"{"order": "row_by_row", "data_processing_pipeline": [{
        "group_by": ["country", {"name": "order date", "timeslot": "month"}],
        "order_by": [{"name": "revenue", "agg_function": "sum", "direction": "desc"}, {"name": "order date"}],
        "select": [{"name": "revenue", "agg_function": "sum"}, {"name": "$$count$$", "agg_function": "sum"}],
        "where": [{"name": "revenue", "op": ">", "value": "20"}, {"name": "quantity", "op": "in", "value": "[1, \"2\"]"},
                  {"name": "quantity", "op": "!in", "value": [3]}, {"name": "revenue", "op": "<", "value": 1e3}],
        "limit": 100 }]}"#;
    let options: Pipeline = serde_json::from_str(json).unwrap();
    let checked = check_wire(&schema(), &options.data_processing_pipeline[0]).unwrap();
    let origins: Vec<_> = checked.shape.iter().map(|column| column.origin.as_ref()).collect();
    assert_eq!(origins, ["country", "month(order date)", "sum(revenue)", "count()"]);
    assert!(matches!(checked.stage.order_by[1].by, Selected::Slot { .. }), "a key by its column's name");
    let ConditionOperand::List(values, _) = &checked.stage.conditions[1].operand else { panic!("a list") };
    let values: Vec<_> = values
        .iter()
        .map(|value| match value {
            Value::Literal(literal, _) => typed_value(literal, schema().columns[2].column_type),
            Value::Placeholder(_) => None,
        })
        .collect();
    assert_eq!(values, [Some(TypedValue::Int(1)), Some(TypedValue::Int(2))]);
}

#[test]
fn invalid_stages_are_rejected_with_their_codes() {
    assert_eq!(codes(r#"{"select": [{"name": "contry"}]}"#), ["SRN020"]);
    assert_eq!(codes(r#"{"select": ["country", {"name": "revenue", "agg_function": "sum"}]}"#), ["SRN026"]);
    assert_eq!(codes(r#"{"group_by": ["country"], "select": ["revenue"]}"#), ["SRN026"]);
    assert_eq!(codes(r#"{"group_by": ["country"], "select": ["country"]}"#), ["SRN027"]);
    assert_eq!(codes(r#"{"select": [{"name": "country", "agg_function": "sum"}]}"#), ["SRN023"]);
    assert_eq!(codes(r#"{"group_by": [{"name": "country", "timeslot": "month"}]}"#), ["SRN024"]);
    assert_eq!(codes(r#"{"where": [{"name": "quantity", "op": ">", "value": "many"}]}"#), ["SRN021"]);
    assert_eq!(codes(r#"{"where": [{"name": "order date", "op": ">", "value": "many"}]}"#), ["SRN025"]);
    assert_eq!(codes(r#"{"where": [{"name": "quantity", "op": "is_empty"}]}"#), ["SRN022"]);
    assert_eq!(codes(r#"{"where": [{"name": "quantity", "op": ">"}]}"#), ["SRN010"]);
    assert_eq!(codes(r#"{"where": [{"name": "quantity", "op": "in", "value": "1"}]}"#), ["SRN010"]);
    assert_eq!(codes(r#"{"group_by": ["country"], "order_by": [{"name": "revenue"}]}"#), ["SRN030"]);
    assert_eq!(codes(r#"{"limit": 0}"#), ["SRN014"]);
    let two =
        r#"{"where": [{"name": "a", "op": "is_defined"}], "group_by": [{"name": "country", "agg_function": "sum"}]}"#;
    assert_eq!(codes(two), ["SRN007"], "invalid items are reported before the checks");
}

#[test]
fn rules_about_row_structs_do_not_apply_to_requests() {
    let twice =
        r#"{"select": [{"name": "revenue", "agg_function": "sum"}, {"name": "revenue", "agg_function": "sum"}]}"#;
    assert_eq!(codes(twice), [""; 0]);
    let named_alike =
        r#"{"order_by": [{"name": "sum_revenue"}], "select": [{"name": "revenue", "agg_function": "sum"}]}"#;
    assert_eq!(codes(named_alike), ["SRN030"], "outputs have no names on the wire");
}

#[test]
fn a_request_may_contain_an_empty_list() {
    assert_eq!(codes(r#"{"where": [{"name": "quantity", "op": "in", "value": "[]"}]}"#), [""; 0]);
}

/// The schema with a measure and a value formula.
fn with_computed() -> Schema {
    let mut schema = schema();
    for (name, kind) in [("margin", ColumnKind::Measure), ("count() / 2", ColumnKind::Formula)] {
        schema.columns.push(Column { name: name.to_owned(), wire: name.to_owned(), kind, ..schema.columns[1].clone() });
    }
    schema
}

#[test]
fn a_server_lists_neither_measures_nor_value_formulas() {
    let checked = check_wire(&with_computed(), &serde_json::from_str("{}").unwrap()).unwrap();
    let names: Vec<_> = checked.shape.iter().map(|column| column.name.as_ref()).collect();
    assert_eq!(names, ["country", "revenue", "quantity", "order date"]);
    let selected =
        r#"{"select": ["margin"], "order_by": ["margin"], "where": [{"name": "margin", "op": ">", "value": 1}]}"#;
    assert_eq!(codes_with(&with_computed(), selected), [""; 0]);
}

#[test]
fn a_value_formula_must_be_the_only_output() {
    let codes = |stage| codes_with(&with_computed(), stage);
    let filtered = r#"{"select": ["count() / 2"], "where": [{"name": "revenue", "op": ">", "value": 1}], "limit": 1}"#;
    assert_eq!(codes(filtered), [""; 0]);
    assert_eq!(codes(r#"{"select": ["count() / 2", "country"]}"#), ["SRN031"]);
    assert_eq!(codes(r#"{"select": ["count() / 2"], "group_by": ["country"]}"#), ["SRN031"]);
    assert_eq!(codes(r#"{"select": ["count() / 2"], "order_by": ["count() / 2"]}"#), ["SRN031"]);
    assert_eq!(codes(r#"{"select": ["count() / 2"], "order_by": ["country"]}"#), ["SRN031"], "one row has no order");
    assert_eq!(codes(r#"{"select": [{"name": "count() / 2", "agg_function": "sum"}]}"#), ["SRN031"]);
    assert_eq!(codes(r#"{"where": [{"name": "count() / 2", "op": ">", "value": "1"}]}"#), ["SRN031"]);
}
