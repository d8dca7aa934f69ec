//! The JSON Schema of the wire format: the committed file matches the types, and compiled queries
//! are valid by it.
//!
//! `SERENYTICS_BLESS=1 cargo test -p serenytics-ui-tests --test json_schema` writes the file.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};
use serenytics::wire::Pipeline;

const FILE: &str = "../../docs/schemas/pipeline.schema.json";

/// The committed schema.
struct Committed {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Committed {
    fn read() -> Committed {
        let schema = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("pipeline.schema.json", schema).unwrap();
        let index = compiler.compile("pipeline.schema.json", &mut schemas).unwrap();
        Committed { schemas, index }
    }

    /// The validation errors of a pipeline.
    fn told(&self, pipeline: &Value) -> Option<String> {
        self.schemas.validate(pipeline, self.index).err().map(|error| error.to_string())
    }
}

#[test]
fn the_committed_schema_matches_the_types() {
    let schema = schemars::schema_for!(Pipeline);
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if std::env::var_os("SERENYTICS_BLESS").is_some() {
        std::fs::write(FILE, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(FILE).unwrap(), text);
}

#[test]
fn compiled_queries_are_valid() {
    let schema = Committed::read();
    let mut validated = 0;
    for entry in std::fs::read_dir("tests/snapshots").unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let (_, json) = text.split_once("\n\n").unwrap();
        let pipeline: Value = serde_json::from_str(json).unwrap();
        assert_eq!(schema.told(&pipeline), None, "{}", path.display());
        validated += 1;
    }
    assert!(validated >= 10, "{validated} snapshots were validated");
}

#[test]
fn unknown_fields_are_not_valid() {
    let schema = Committed::read();
    let stage = |stage: Value| json!({"data_processing_pipeline": [stage]});
    assert_eq!(schema.told(&stage(json!({"where": [{"name": "a", "op": "in", "value": ["x", 3]}]}))), None);
    for wrong in [
        json!({"were": []}),
        json!({"select": [{"name": "a", "agg_function": "smu"}]}),
        json!({"select": [{"nam": "a"}]}),
        json!({"where": [{"name": "a", "op": "=", "value": "3"}]}),
        json!({"where": [{"name": "a", "op": ">", "value": {}}]}),
        json!({"limit": "3"}),
    ] {
        assert!(schema.told(&stage(wrong.clone())).is_some(), "{wrong}");
    }
}
