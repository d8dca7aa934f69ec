//! What is sent to keep the server busy or to fill its memory: it is refused, and soon.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::support::Engine;

/// This many measures of one name.
fn measures(count: usize) -> Value {
    let measure = |n: usize| (format!("u{n}"), json!({"name": "a", "type": "formula", "data": {"formula": "[n] + 1"}}));
    (0..count).map(measure).collect::<Map<_, _>>().into()
}

#[tokio::test]
async fn measures_are_so_many_at_most_and_may_be_called_the_same() {
    let engine = Engine::start().await;
    let uuid = engine.storage().await;
    engine.insert(&uuid, json!([{"n": 1, "a": 2, "a'1": 3}])).await;
    let path = format!("/api/data_source/{uuid}");
    let content =
        |count| json!({"name": "x", "type": "Storage", "jsonContent": {"measures": measures(count)}}).to_string();
    for (method, path) in [("POST", "/api/data_source"), ("PUT", path.as_str())] {
        let (status, answer) = engine.call(method, path, content(1001)).await;
        assert_eq!(status, 400, "{answer}");
        let told = "`measures` of the configuration has 1001 and may have 1000: share them among several sources";
        assert_eq!(answer["errors"], json!([told]));
    }
    assert_eq!(engine.call("PUT", &path, content(1000)).await.0, 200);
    let begun = Instant::now();
    let named = |uuid: &str| json!({"name": "a", "measureUuid": uuid});
    let rows =
        engine.rows(&uuid, json!({"select": [named("u7"), named("u999"), {"name": "a"}, {"name": "a'1"}]})).await;
    assert_eq!(rows, json!([[2, 2, 2, 3]]));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
