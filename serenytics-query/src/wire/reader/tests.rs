//! Which fields are reported as unknown, and where.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::*;
use crate::wire::Pipeline;

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "the tests look at the unknown fields only")]
struct Body {
    count: Option<u32>,
    inner: Option<Inner>,
    #[serde(default)]
    data: Map<String, Value>,
    #[serde(default, rename = "async")]
    _unused: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "the tests look at the unknown fields only")]
struct Inner {
    list: Vec<Inner>,
}

fn unknown<T: DeserializeOwned>(json: &str) -> Vec<String> {
    let (_, unknown) = read::<T>(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"));
    unknown.iter().map(ToString::to_string).collect()
}

fn error(json: &str) -> String {
    read::<Body>(json.as_bytes()).unwrap_err().to_string()
}

#[test]
fn every_unknown_field_is_reported_with_its_object_and_a_hint() {
    assert_eq!(
        unknown::<Body>(r#"{"cuont": 1, "async": true, "data": {"cuont": 1}, "x": [{"y": 1}]}"#),
        [
            "unknown field `cuont`; did you mean `count`?",
            "unknown field `x`; expected one of `count`, `inner`, `data`, `async`"
        ]
    );
    let nested = r#"{"inner": {"list": [{"list": []}, {"list": [], "lits": null}], "size": 2}, "count": null}"#;
    assert_eq!(
        unknown::<Body>(nested),
        [
            "unknown field `lits` in `inner.list[1]`; did you mean `list`?",
            "unknown field `size` in `inner`; expected one of `list`"
        ]
    );
}

#[test]
fn unknown_fields_of_a_pipeline_are_reported_in_every_part() {
    let pipeline = r#"{
        "data_processing_pipline": [],
        "data_processing_pipeline": [{
            "were": [],
            "select": ["a", {"name": "b", "agg_fonction": "sum"}],
            "order_by": [{"name": "b", "dir": "desc"}],
            "where": [{"name": "a", "op": "==", "value": {"any": [1]}, "val": 1}]
        }]
    }"#;
    assert_eq!(
        unknown::<Pipeline>(pipeline),
        [
            "unknown field `data_processing_pipline`; did you mean `data_processing_pipeline`?",
            "unknown field `were` in `data_processing_pipeline[0]`; did you mean `where`?",
            "unknown field `agg_fonction` in `data_processing_pipeline[0].select[1]`; did you mean `agg_function`?",
            "unknown field `dir` in `data_processing_pipeline[0].order_by[0]`; did you mean `direction`?",
            "unknown field `val` in `data_processing_pipeline[0].where[0]`; did you mean `value`?",
        ]
    );
    let (_, unknown) = read_value::<Pipeline>(&json!({"x": 1}), "query").unwrap();
    assert_eq!(unknown[0].object, "query");
}

#[test]
fn error_has_the_path_of_the_invalid_value() {
    assert!(error(r#"{"count": "3"}"#).starts_with("`count`: invalid type: string \"3\", expected u32"));
    assert!(error(r#"{"inner": {"list": [{"list": 1}]}}"#).starts_with("`inner.list[0].list`: invalid type"));
    assert!(error("[1]").starts_with("invalid type: sequence, expected an object"));
    assert!(error(r#"{"inner": [[]]}"#).starts_with("`inner`: invalid type: sequence, expected an object"));
    assert!(error(r#"{"count": 1,}"#).starts_with("trailing comma at line 1"));
    assert!(error(r#"{"count": 1} x"#).starts_with("trailing characters at line 1"));
    assert!(error(r#"{"count": 1, "count": 2}"#).starts_with("duplicate field `count`"));
}

#[test]
fn number_of_reported_fields_is_limited() {
    let many: Map<String, Value> = (0..1000).map(|n| (format!("f{n}"), json!(n))).collect();
    assert_eq!(unknown::<Body>(&Value::Object(many).to_string()).len(), MAX_UNKNOWN);
}
