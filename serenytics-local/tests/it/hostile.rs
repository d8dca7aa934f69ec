//! Hostile requests that try to occupy the CPU or the memory: the server rejects them quickly.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::support::LocalEngine;

/// Returns this many measures with the same name.
fn measures(count: usize) -> Value {
    let measure = |n: usize| (format!("u{n}"), json!({"name": "a", "type": "formula", "data": {"formula": "[n] + 1"}}));
    (0..count).map(measure).collect::<Map<_, _>>().into()
}

#[tokio::test]
async fn measures_are_limited_in_number_and_may_share_a_name() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    engine.insert(&uuid, json!([{"n": 1, "a": 2, "a'1": 3}])).await;
    let path = format!("/api/data_source/{uuid}");
    let content =
        |count| json!({"name": "x", "type": "Storage", "jsonContent": {"measures": measures(count)}}).to_string();
    for (method, path) in [("POST", "/api/data_source"), ("PUT", path.as_str())] {
        let (status, answer) = engine.call(method, path, content(1001)).await;
        assert_eq!(status, 400, "{answer}");
        let error = "`measures` of the configuration has 1001 entries and may have at most 1000: \
                     distribute them over several sources";
        assert_eq!(answer["errors"], json!([error]));
    }
    assert_eq!(engine.call("PUT", &path, content(1000)).await.0, 200);
    let begun = Instant::now();
    let named = |uuid: &str| json!({"name": "a", "measureUuid": uuid});
    let rows =
        engine.rows(&uuid, json!({"select": [named("u7"), named("u999"), {"name": "a"}, {"name": "a'1"}]})).await;
    assert_eq!(rows, json!([[2, 2, 2, 3]]));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn query_with_many_long_unknown_names_is_rejected_quickly() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let column = |n: usize| (format!("{n:0>255}"), json!(n));
    engine.insert(&uuid, json!([(0..500).map(column).collect::<Map<_, _>>()])).await;
    let begun = Instant::now();
    let long = engine.rejection(&uuid, json!({"select": [{"name": "0".repeat(3 << 20)}]})).await;
    assert!(long.starts_with("no column `0000") && !long.contains("did you mean"), "{}", &long[..300]);

    let wrong = |n: usize, ends: &str| format!("{ends}{n:x>240}");
    for (clause, ends) in [("select", "x"), ("order_by", "x"), ("group_by", "["), ("select", "[n]+[")] {
        let items: Vec<_> = (0..4000).map(|n| json!({"name": wrong(n, ends)})).collect();
        let error = engine.rejection(&uuid, json!({clause: items})).await;
        assert!(error.ends_with("; and 3900 more problems"), "{clause}, {ends}: {}", &error[error.len() - 300..]);
    }
    let measure = |n: usize| {
        let formula = format!("[{}]", "x".repeat(200));
        (format!("u{n}"), json!({"name": format!("m{n}"), "type": "formula", "data": {"formula": formula}}))
    };
    let measures: Map<_, _> = (0..1000).map(measure).collect();
    let content = json!({"jsonContent": {"measures": measures}}).to_string();
    assert_eq!(engine.call("PUT", &format!("/api/data_source/{uuid}"), content).await.0, 200);
    assert_eq!(engine.rows(&uuid, json!({"select": [{"name": "0".repeat(255)}]})).await, json!([[0]]));
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn invalid_paths_and_url_queries_have_json_errors() {
    let engine = LocalEngine::start().await;
    for (method, path, status) in [
        ("GET", "/api/data_source?q=a&q=b", 400),
        ("GET", "/api/data_source?q=%FF", 400),
        ("GET", "/api/web_app?q=a&q=b", 400),
        ("GET", "/api/script?q=a&q=b", 400),
        ("GET", "/api/data_source/sign_s3/?s3_object_name=a&s3_object_name=b", 400),
        ("GET", "/api/data_source/%FF", 404),
        ("DELETE", "/api/web_app/%FF", 404),
        ("POST", "/api/formatted_data/%FF", 404),
        ("GET", "/api/task/%FF", 404),
        ("POST", "/api/upload_file/%FF", 404),
    ] {
        let (answered, answer) = engine.call(method, path, "").await;
        assert_eq!((answered, &answer["status"]), (status, &json!("error")), "{path}: {answer}");
        assert!(answer["errors"][0].is_string(), "{path}: {answer}");
    }
}

#[tokio::test]
async fn configuration_of_an_account_is_limited() {
    let engine = LocalEngine::start().await;
    let large = "x".repeat(4_000_000);
    let body = |name: &str| json!({"name": name, "type": "Storage", "jsonContent": {"x": large}}).to_string();
    let mut saved = Vec::new();
    for n in 0..8 {
        let path = ["/api/data_source", "/api/script", "/api/web_app"][n % 3];
        let (status, answer) = engine.call("POST", path, body(&format!("n{n}"))).await;
        assert_eq!(status, 201);
        saved.push(format!("{path}/{}", answer["uuid"].as_str().unwrap()));
    }
    for path in ["/api/data_source", "/api/script", "/api/web_app"] {
        let (status, answer) = engine.call("POST", path, body("one more")).await;
        assert_eq!(status, 400);
        assert!(answer["errors"][0].as_str().unwrap().contains("exceed 32 MiB of configuration"), "{answer}");
    }
    let small = json!({"name": "small", "type": "Storage"}).to_string();
    let (_, small) = engine.call("POST", "/api/data_source", small).await;
    let small = format!("/api/data_source/{}", small["uuid"].as_str().unwrap());
    let filled = json!({"jsonContent": {"x": large}}).to_string();
    assert_eq!(engine.call("PUT", &small, filled.clone()).await.0, 400);
    // Existing objects can still be saved, and deleting objects frees quota.
    assert_eq!(engine.call("PUT", &saved[0], filled.clone()).await.0, 200);
    assert_eq!(engine.call("DELETE", &saved[1], "").await.0, 204);
    assert_eq!(engine.call("PUT", &small, filled).await.0, 200);
}
