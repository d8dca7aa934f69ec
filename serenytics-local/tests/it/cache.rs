//! The result cache: which queries share an answer, and that no answer is older than its request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::TestServer;

const HIT: &str = "serenytics; hit";
const MISS: &str = "serenytics; fwd=uri-miss";
const BYPASS: &str = "serenytics; fwd=bypass";

/// The body of a query of one stage.
fn pipeline(stage: Value) -> Value {
    json!({"order": "row_by_row", "data_processing_pipeline": [stage]})
}

fn count() -> Value {
    pipeline(json!({"select": [{"name": "$$count$$", "agg_function": "sum"}]}))
}

async fn server() -> TestServer {
    TestServer::start(|server| server.api_key("key")).await
}

/// Sends a query. Returns its data and its `Cache-Status`.
async fn ask(server: &TestServer, uuid: &str, body: &Value) -> (Value, String) {
    let request = server.request("key", "POST", &format!("/api/formatted_data/{uuid}")).body(body.to_string());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let status = answer.headers()["cache-status"].to_str().unwrap().to_owned();
    let mut body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(body["status"], "ok", "{body}");
    (body["data"].take(), status)
}

async fn batch(server: &TestServer, uuid: &str, operations: Value) {
    let body = json!({"operations": operations}).to_string();
    let (status, answer) = server.call("key", "POST", &format!("/api/data_source/{uuid}/batch"), &body).await;
    assert_eq!(status, 200, "{answer}");
}

async fn push(server: &TestServer, path: &str, row: Value) {
    let (status, answer) = server.call("", "POST", path, &row.to_string()).await;
    assert_eq!(status, 200, "{answer}");
}

async fn push_path(server: &TestServer, uuid: &str) -> String {
    let (_, source) = server.call("key", "GET", &format!("/api/data_source/{uuid}"), "").await;
    format!("/api/data_source/{uuid}/push/{}", source["token"].as_str().unwrap())
}

#[tokio::test]
async fn equal_query_is_answered_from_the_cache() {
    let server = server().await;
    let uuid = server.storage("key", json!([{"k": "a", "n": 1}, {"k": "b", "n": 2}])).await;
    let names = pipeline(json!({"select": ["n"], "where": [{"name": "k", "op": "==", "value": "a"}]}));
    let long = pipeline(json!({"select": [{"name": "n"}], "where": [{"name": "k", "op": "==", "value": "a"}]}));
    let other = pipeline(json!({"select": ["n"], "where": [{"name": "k", "op": "==", "value": "b"}]}));
    assert_eq!(ask(&server, &uuid, &names).await, (json!([[1]]), MISS.to_owned()));
    assert_eq!(ask(&server, &uuid, &names).await, (json!([[1]]), HIT.to_owned()));
    assert_eq!(ask(&server, &uuid, &long).await, (json!([[1]]), HIT.to_owned()));
    assert_eq!(ask(&server, &uuid, &other).await, (json!([[2]]), MISS.to_owned()));
    // Another layout is another answer.
    let mut columns = other.clone();
    columns["order"] = json!("column_by_column");
    columns["data_processing_pipeline"][0]["where"] = json!([]);
    let mut rows = columns.clone();
    rows["order"] = json!("row_by_row");
    assert_eq!(ask(&server, &uuid, &columns).await, (json!([[1, 2]]), MISS.to_owned()));
    assert_eq!(ask(&server, &uuid, &rows).await, (json!([[1], [2]]), MISS.to_owned()));
    for (outcome, answers) in [("hit", 2.0), ("miss", 4.0)] {
        let series = format!("serenytics_query_cache_total{{outcome=\"{outcome}\"}}");
        assert_eq!(server.metric("key", &series).await, answers, "{outcome}");
    }
}

#[tokio::test]
async fn write_is_seen_by_the_next_query() {
    let server = server().await;
    let uuid = server.storage("key", json!([{"k": "a"}])).await;
    let path = push_path(&server, &uuid).await;
    assert_eq!(ask(&server, &uuid, &count()).await.0, json!([[1]]));
    batch(&server, &uuid, json!([{"action": "insert", "rows": [{"k": "b"}]}])).await;
    assert_eq!(ask(&server, &uuid, &count()).await, (json!([[2]]), MISS.to_owned()));
    push(&server, &path, json!({"k": "c"})).await;
    assert_eq!(ask(&server, &uuid, &count()).await, (json!([[3]]), MISS.to_owned()));
    batch(&server, &uuid, json!([{"action": "delete", "rows": ["a"], "primaryKey": "k"}])).await;
    assert_eq!(ask(&server, &uuid, &count()).await, (json!([[2]]), MISS.to_owned()));
    assert_eq!(ask(&server, &uuid, &count()).await, (json!([[2]]), HIT.to_owned()));
}

#[tokio::test]
async fn changed_measure_is_another_query() {
    let server = server().await;
    let uuid = server.storage("key", json!([{"n": 2}])).await;
    let query = pipeline(json!({"select": [{"name": "m", "measureUuid": "m1"}]}));
    for (formula, expected) in [("[n] * 10", 20), ("[n] + 1", 3)] {
        let measures = json!({"m1": {"name": "m", "type": "formula", "data": {"formula": formula}}});
        let body = json!({"jsonContent": {"measures": measures}}).to_string();
        assert_eq!(server.call("key", "PUT", &format!("/api/data_source/{uuid}"), &body).await.0, 200);
        assert_eq!(ask(&server, &uuid, &query).await, (json!([[expected]]), MISS.to_owned()));
        assert_eq!(ask(&server, &uuid, &query).await, (json!([[expected]]), HIT.to_owned()));
    }
}

#[tokio::test]
async fn query_of_the_time_or_of_headers_is_not_cached() {
    let server = server().await;
    let uuid = server.storage("key", json!([{"t": "2020-01-01T00:00:00", "now": 1}])).await;
    let of = |formula: &str| pipeline(json!({"select": [formula]}));
    for formula in ["sum(date_diff([t], now()))", "sum(date_diff([t],\nNOW ()))"] {
        for _ in 0..2 {
            assert_eq!(ask(&server, &uuid, &of(formula)).await.1, BYPASS, "{formula}");
        }
    }
    let today = of("sum(date_diff([t], today()))");
    assert_eq!(ask(&server, &uuid, &today).await.1, MISS);
    assert_eq!(ask(&server, &uuid, &today).await.1, HIT);
    // A value is not a formula.
    let value = pipeline(json!({"select": ["now"], "where": [{"name": "t", "op": "!=", "value": "2021-01-01"}]}));
    assert_eq!(ask(&server, &uuid, &value).await.1, BYPASS);
    let headers = json!({"only_headers": true});
    assert_eq!(ask(&server, &uuid, &headers).await.1, BYPASS);
}

#[tokio::test]
async fn invalidate_cache_removes_the_answers_of_the_source() {
    let server = server().await;
    let uuid = server.storage("key", json!([{"n": 2}])).await;
    let other = server.storage("key", json!([{"n": 2}])).await;
    for uuid in [&uuid, &other] {
        assert_eq!(ask(&server, uuid, &count()).await.1, MISS);
    }
    let path = format!("/api/data_source/{uuid}/invalidate_cache");
    assert_eq!(server.call("key", "POST", &path, "").await.0, 200);
    assert_eq!(ask(&server, &uuid, &count()).await, (json!([[1]]), MISS.to_owned()));
    assert_eq!(ask(&server, &other, &count()).await, (json!([[1]]), HIT.to_owned()));
}

#[tokio::test]
async fn large_answer_and_disabled_cache_return_every_row() {
    let rows: Vec<_> = (0..3000).map(|n| json!({"n": n})).collect();
    let all = pipeline(json!({"select": ["n"]}));
    // An answer may use an eighth of 8 KiB, and none of 0.
    for (memory, status) in [(8 * 1024, MISS), (0, BYPASS)] {
        let server = TestServer::start(|server| server.api_key("key").cache_memory(memory)).await;
        let uuid = server.storage("key", json!(rows)).await;
        for _ in 0..2 {
            let (data, found) = ask(&server, &uuid, &all).await;
            assert_eq!((data.as_array().unwrap().len(), found.as_str()), (3000, status));
        }
    }
}

#[tokio::test]
async fn error_is_not_cached() {
    let server = server().await;
    let uuid = server.storage("key", json!([{"n": 2}])).await;
    let wrong = pipeline(json!({"select": ["m"]})).to_string();
    for _ in 0..2 {
        let (status, answer) = server.call("key", "POST", &format!("/api/formatted_data/{uuid}"), &wrong).await;
        assert_eq!((status, &answer["status"]), (400, &json!("error")), "{answer}");
    }
    push(&server, &push_path(&server, &uuid).await, json!({"n": 1, "m": 5})).await;
    let (status, answer) = server.call("key", "POST", &format!("/api/formatted_data/{uuid}"), &wrong).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_queries_at_once_run_once() {
    let server = Arc::new(server().await);
    let rows: Vec<_> = (0..20_000).map(|n| json!({"n": n})).collect();
    let uuid = server.storage("key", json!(rows)).await;
    let asked = pipeline(json!({"group_by": ["n"], "select": [{"name": "n", "agg_function": "sum"}],
                                "order_by": [{"name": "n", "direction": "desc"}], "limit": 3}));
    let tasks = (0..32).map(|_| {
        let (server, uuid, asked) = (Arc::clone(&server), uuid.clone(), asked.clone());
        tokio::spawn(async move { ask(&server, &uuid, &asked).await })
    });
    let mut misses = 0;
    for task in tasks.collect::<Vec<_>>() {
        let (data, status) = task.await.unwrap();
        assert_eq!(data, json!([[19_999, 19_999], [19_998, 19_998], [19_997, 19_997]]));
        misses += usize::from(status == MISS);
    }
    assert_eq!(misses, 1);
    assert_eq!(server.metric("key", "serenytics_queries_total{outcome=\"ok\"}").await, 1.0);
}

/// How long writers and readers work at the same time.
const WORK: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_older_than_its_request() {
    let server = Arc::new(server().await);
    let uuid = server.storage("key", json!([{"n": 0}])).await;
    let path = push_path(&server, &uuid).await;
    let (begun, acknowledged) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(1)));
    let done = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for writer in 0..16 {
        let (server, uuid, path) = (Arc::clone(&server), uuid.clone(), path.clone());
        let (begun, acknowledged, done) = (Arc::clone(&begun), Arc::clone(&acknowledged), Arc::clone(&done));
        writers.push(tokio::spawn(async move {
            while !done.load(Ordering::SeqCst) {
                begun.fetch_add(1, Ordering::SeqCst);
                match writer % 8 {
                    0 => batch(&server, &uuid, json!([{"action": "insert", "rows": [{"n": 1}]}])).await,
                    _ => push(&server, &path, json!({"n": 1})).await,
                }
                acknowledged.fetch_add(1, Ordering::SeqCst);
                // Without a pause between writes, no answer would be asked for twice.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }));
    }
    let mut readers = Vec::new();
    for _ in 0..16 {
        let (server, uuid) = (Arc::clone(&server), uuid.clone());
        let (begun, acknowledged) = (Arc::clone(&begun), Arc::clone(&acknowledged));
        readers.push(tokio::spawn(async move {
            let (mut hits, end) = (0, Instant::now() + WORK);
            while Instant::now() < end {
                let least = acknowledged.load(Ordering::SeqCst);
                let (data, status) = ask(&server, &uuid, &count()).await;
                let most = begun.load(Ordering::SeqCst);
                let rows = data[0][0].as_u64().unwrap();
                assert!((least..=most).contains(&rows), "{rows} rows, but {least} to {most} were written: {status}");
                hits += u64::from(status == HIT);
            }
            hits
        }));
    }
    let mut hits = 0;
    for reader in readers {
        hits += reader.await.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(hits > 0, "the cache was not used");
    assert_eq!(ask(&server, &uuid, &count()).await.0, json!([[acknowledged.load(Ordering::SeqCst)]]));
}
