//! Queries from JSON, checked against a schema that is read at run time.

#![deny(warnings)]

use serenytics::Query;
use serenytics::problem::Problems;
use serenytics::schema::{Schema, SourceRef};
use serenytics::wire::{ColumnTitle, Pipeline};

fn read(text: &str) -> Result<Query<Vec<serde_json::Value>>, Problems> {
    let title = |name: &str, kind: &str| ColumnTitle { name: name.to_owned(), type_name: kind.to_owned() };
    let schema = Schema::from_titles(SourceRef::Name("sales".into()), &[title("country", "str"), title("revenue", "float")]);
    Pipeline::from_json(text)?.query(&schema)
}

fn main() {
    let q = read(r#"{"data_processing_pipeline": [{"select": ["country"], "limit": 3}]}"#).unwrap();
    assert!(q.explain().ends_with("country: country, str, or NULL\n"), "{}", q.explain());
    let codes = |text: &str| -> Vec<_> {
        read(text).unwrap_err().iter().map(|problem| problem.code.text()).collect::<Vec<_>>()
    };
    assert_eq!(codes(r#"{"data_processing_pipeline": [{"slect": ["country"]}]}"#), ["SRN016"]);
    assert_eq!(codes(r#"{"data_processing_pipeline": []}"#), ["SRN016"]);
    assert_eq!(codes(r#"{"data_processing_pipeline": [{"select": ["contry"], "limit": 0}]}"#), ["SRN020", "SRN014"]);
}
