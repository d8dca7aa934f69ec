//! Limits of time, memory, concurrent queries, sizes, slow clients and connections. The server survives all of them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::TestServer;

const KEY: &str = "key";

/// Creates a join whose queries read a billion pairs of rows.
async fn endless(server: &TestServer) -> String {
    let mut uuids = Vec::new();
    for _ in 0..2 {
        let rows: Vec<_> = (0..32_000).map(|n| json!({"k": 1, "n": n})).collect();
        uuids.push(server.storage(KEY, json!(rows)).await);
    }
    let on = json!([{"left": format!("{}.k", uuids[0]), "right": "k"}]);
    let join = json!({"name": "j", "type": "InnerJoin", "jsonContent": {"joinConfig": [
        {"uuid": uuids[0], "prefix": "a"}, {"uuid": uuids[1], "prefix": "b", "on": on}]}});
    let (status, join) = server.call(KEY, "POST", "/api/data_source", &join.to_string()).await;
    assert_eq!(status, 201, "{join}");
    format!("/api/formatted_data/{}", join["uuid"].as_str().unwrap())
}

/// A query whose only row is ready at the end.
const COUNTED: &str = r#"{"order": "row_by_row", "data_processing_pipeline":
    [{"select": [{"name": "$$count$$", "agg_function": "sum"}]}]}"#;

/// A query that returns rows while it runs.
const STREAMED: &str = r#"{"order": "row_by_row"}"#;

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn query_timeout_is_an_error() {
    let server = TestServer::start(|s| s.api_key(KEY).query_timeout(Duration::from_millis(300))).await;
    let path = endless(&server).await;
    let begun = Instant::now();
    let (status, answer) = server.call(KEY, "POST", &path, COUNTED).await;
    assert_eq!(status, 400);
    let error = "the query exceeded the limit of 0.3 seconds: add filters or use fewer groups";
    assert_eq!(answer, json!({"status": "error", "errors": [error]}));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    // If the response has started, the connection ends before it is complete.
    let answer = server.request(KEY, "POST", &path).body(STREAMED).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.is_err(), "an interrupted response looks complete");
    assert_eq!(server.metric(KEY, r#"serenytics_queries_total{outcome="limit"}"#).await, 2.0);
    assert_eq!(server.metric(KEY, "serenytics_queries_running").await, 0.0);
}

#[tokio::test]
async fn query_is_cancelled_when_its_client_disconnects() {
    let server = TestServer::start(|s| s.api_key(KEY)).await;
    let path = endless(&server).await;
    for (body, leaves_after_first_byte) in [(COUNTED, false), (STREAMED, true)] {
        let mut asked = server.request(KEY, "POST", &path).body(body).send();
        if leaves_after_first_byte {
            let mut answer = asked.await.unwrap();
            assert!(answer.chunk().await.unwrap().is_some());
            assert_eq!(server.metric(KEY, "serenytics_queries_running").await, 1.0);
            drop(answer);
        } else {
            let waits = tokio::time::timeout(Duration::from_millis(500), &mut asked).await;
            assert!(waits.is_err(), "the query has ended");
            assert_eq!(server.metric(KEY, "serenytics_queries_running").await, 1.0);
            drop(asked);
        }
        until("the query runs on", async || server.metric(KEY, "serenytics_queries_running").await == 0.0).await;
        until("its memory is still reserved", async || {
            server.metric(KEY, "serenytics_query_memory_bytes").await == 0.0
        })
        .await;
    }
    assert_eq!(server.metric(KEY, r#"serenytics_queries_total{outcome="cut"}"#).await, 2.0);
    let route = r#"method="POST",route="/api/formatted_data/{uuid}",status="499""#;
    assert_eq!(server.metric(KEY, &format!("serenytics_requests_total{{{route}}}")).await, 1.0);
}

#[tokio::test]
async fn query_waits_for_a_free_slot() {
    let server = TestServer::start(|s| s.api_key(KEY).max_concurrent_queries(1)).await;
    let path = endless(&server).await;
    let small = format!("/api/formatted_data/{}", server.storage(KEY, json!([{"n": 1}])).await);
    let long = tokio::spawn(server.request(KEY, "POST", &path).body(COUNTED).send());
    until("no query runs", async || server.metric(KEY, "serenytics_queries_running").await == 1.0).await;
    let waiting = server.call(KEY, "POST", &small, "{}");
    let mut waiting = std::pin::pin!(waiting);
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut waiting).await.is_err());
    assert_eq!(server.metric(KEY, "serenytics_queries_waiting").await, 1.0);
    long.abort();
    assert_eq!(waiting.await.1["data"], json!([[1]]));
    assert_eq!(server.metric(KEY, "serenytics_queries_waiting").await, 0.0);
}

#[tokio::test]
async fn query_over_its_memory_is_an_error() {
    let server = TestServer::start(|s| s.api_key(KEY).query_memory(4 << 20)).await;
    let path = endless(&server).await;
    // The query would have to keep all pairs.
    let (status, answer) = server.call(KEY, "POST", &path, "{}").await;
    assert_eq!(status, 400, "{answer}");
    assert!(answer["errors"][0].as_str().unwrap().starts_with("the query needs more memory"), "{answer}");
    until("memory is still reserved", async || server.metric(KEY, "serenytics_query_memory_bytes").await == 0.0).await;
    let small = server.storage(KEY, json!([{"n": 1}])).await;
    let (_, answer) = server.call(KEY, "POST", &format!("/api/formatted_data/{small}"), "{}").await;
    assert_eq!(answer["data"], json!([[1]]));
}

#[tokio::test]
async fn request_sizes_are_limited() {
    let server = TestServer::start(|s| s.api_key(KEY)).await;
    let long = "x".repeat(256);
    for (path, body) in
        [("/api/data_source", json!({"name": long, "type": "Storage"})), ("/api/script", json!({"name": long}))]
    {
        let (status, answer) = server.call(KEY, "POST", path, &body.to_string()).await;
        assert_eq!(status, 400);
        assert!(
            answer["errors"][0].as_str().unwrap().contains("has 256 characters, more than the limit of 255"),
            "{answer}"
        );
    }
    let uuid = server.storage(KEY, json!([])).await;
    let batch = format!("/api/data_source/{uuid}/batch");
    let insert = |rows: Value| json!({"operations": [{"action": "insert", "rows": rows}]}).to_string();
    let (status, answer) = server.call(KEY, "POST", &batch, &insert(json!([{long: 1}]))).await;
    assert_eq!(status, 400);
    assert_eq!(answer["errors"][0], "the name of column 1 has 256 characters and may have at most 255");
    let columns: serde_json::Map<_, _> = (0..2001).map(|n| (format!("c{n}"), json!(1))).collect();
    assert_eq!(server.call(KEY, "POST", &batch, &insert(json!([columns]))).await.0, 400);

    // This many short values would need far more memory than the body.
    let rows = format!(
        r#"{{"operations": [{{"action": "delete", "primaryKey": "n", "rows": [1{}]}}]}}"#,
        ",1".repeat(5_000_000)
    );
    let (status, answer) = server.call(KEY, "POST", &batch, &rows).await;
    assert_eq!((status, &answer["status"]), (413, &json!("error")));
    assert!(answer["errors"][0].as_str().unwrap().contains("JSON values, more than the limit of 5000000"), "{answer}");
    for open in ["[", r#"{"a":"#] {
        for path in ["/api/data_source", &batch, &format!("/api/formatted_data/{uuid}"), "/api/script"] {
            let (status, answer) = server.call(KEY, "POST", path, &open.repeat(100_000)).await;
            assert_eq!(status, 400, "{path}: {answer}");
        }
        let text = json!({"data_processing_pipeline": [{"where": [
            {"name": "n", "op": "in", "value": open.repeat(100_000)}]}]});
        assert_ne!(server.call(KEY, "POST", &format!("/api/formatted_data/{uuid}"), &text.to_string()).await.0, 500);
    }
}

#[tokio::test]
async fn pending_tasks_are_limited() {
    let server = TestServer::start(|s| s.api_key(KEY)).await;
    let uuid = server.storage(KEY, json!([])).await;
    let path = format!("/api/data_source/{uuid}");
    let file = "n\n1\n".repeat(20_000);
    assert_eq!(server.call(KEY, "PUT", &path, r#"{"originalFileName": "x.csv"}"#).await.0, 200);
    assert_eq!(server.call(KEY, "POST", &format!("{path}/file"), &file).await.0, 201);
    let mut rejected = None;
    for _ in 0..2000 {
        let reload = format!("{path}/reload_from_file");
        let answer = server.request(KEY, "POST", &reload).body("{}").send().await.unwrap();
        if answer.status() != 200 {
            rejected = Some(answer);
            break;
        }
    }
    let rejected = rejected.expect("tasks wait without limit");
    assert_eq!(rejected.status(), 503);
    assert_eq!(rejected.headers()["retry-after"], "1");
    let error = rejected.text().await.unwrap();
    assert!(error.contains("the account has 100 pending tasks"), "{error}");
}

/// Opens a connection and sends these bytes.
async fn sent(server: &TestServer, bytes: &str) -> TcpStream {
    let mut connection = TcpStream::connect(server.server.address()).await.unwrap();
    connection.write_all(bytes.as_bytes()).await.unwrap();
    connection
}

/// Reads until the server closes the connection, which must happen soon.
async fn rest(mut connection: TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), connection.read_to_end(&mut bytes)).await;
    // A reset also closes the connection.
    let _ = read.expect("the connection stays open");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn client_timeout_disconnects_slow_clients() {
    let server = TestServer::start(|s| s.api_key(KEY).client_timeout(Duration::from_secs(1))).await;
    let uuid = server.storage(KEY, json!([])).await;
    for headers in ["", "GET /api/data_source HTT", "GET /api/data_source HTTP/1.1\r\nhost: x\r\nx-slow: 1"] {
        let connection = sent(&server, headers).await;
        let answer = rest(connection).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{headers:?}: {answer}");
    }
    let head = format!("POST /api/data_source/{uuid}/file HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\n");
    let answer = rest(sent(&server, &format!("{head}content-length: 100000\r\n\r\nn\n1\n")).await).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("the client sends too slowly: at least 1024 bytes per second are required"), "{answer}");
    // A client that sends a byte now and then is slow too.
    let mut connection = sent(&server, &format!("{head}content-length: 100000\r\n\r\n")).await;
    let begun = Instant::now();
    while connection.write_all(b"1").await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(10), "bytes arrive one by one");
        let mut answer = [0; 15];
        if let Ok(Ok(_)) = tokio::time::timeout(Duration::from_millis(50), connection.read_exact(&mut answer)).await {
            assert_eq!(&answer, b"HTTP/1.1 400 Ba");
            break;
        }
    }
    assert_eq!(std::fs::read_dir(server.folder.path().join("uploads")).unwrap().count(), 0);
    // A client that does not read its response does not occupy the query.
    let path = endless(&server).await;
    let body = STREAMED.len();
    let query =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\ncontent-length: {body}\r\n\r\n{STREAMED}");
    let connection = sent(&server, &query).await;
    until("no query runs", async || server.metric(KEY, "serenytics_queries_running").await == 1.0).await;
    let cut = r#"serenytics_queries_total{outcome="cut"}"#;
    until("the query is kept", async || server.metric(KEY, cut).await == 1.0).await;
    drop(connection);
    // Neither does a client that reads a few bytes now and then.
    let mut connection = sent(&server, &query).await;
    until("the query is kept", async || {
        let mut few = [0; 10];
        let _ = tokio::time::timeout(Duration::from_millis(50), connection.read(&mut few)).await;
        server.metric(KEY, cut).await == 2.0
    })
    .await;
}

#[tokio::test]
async fn max_connections_limits_open_connections() {
    let patience = Duration::from_secs(2);
    let server = TestServer::start(|s| s.api_key(KEY).max_connections(2).client_timeout(patience)).await;
    let held = (sent(&server, "").await, sent(&server, "").await);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begun = Instant::now();
    assert_eq!(server.call(KEY, "GET", "/api/data_source", "").await.0, 200);
    assert!(begun.elapsed() > Duration::from_secs(1), "a third connection did not wait");
    drop(held);
}
