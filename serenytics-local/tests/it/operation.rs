//! Operation: health, metrics and shutdown.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::TestServer;

#[tokio::test]
async fn health_checks_the_catalogue_and_the_data_folder() {
    let server = TestServer::start(|s| s.api_key("key")).await;
    assert_eq!(server.call("", "GET", "/health", "").await, (200, json!({"status": "ok"})));
    // Not even root can write to a deleted folder.
    std::fs::remove_dir_all(server.folder.path().join("uploads")).unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let (status, answer) = server.call("", "GET", "/health", "").await;
    assert_eq!(status, 503);
    assert_eq!(answer["errors"], json!(["the catalogue or the data folder is not usable"]));
    std::fs::create_dir(server.folder.path().join("uploads")).unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(server.call("", "GET", "/health", "").await.0, 200);
}

#[tokio::test]
async fn metrics_need_the_default_account() {
    let server = TestServer::start(|s| s.api_key("key").account_key("tenant", "other")).await;
    assert_eq!(server.request("", "GET", "/metrics").send().await.unwrap().status(), 401);
    assert_eq!(server.request("other", "GET", "/metrics").send().await.unwrap().status(), 404);
    let answer = server.request("key", "GET", "/metrics").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let basic = server.request("", "GET", "/metrics").basic_auth("token", Some("key")).send().await.unwrap();
    assert_eq!(basic.status(), 200);
}

#[tokio::test]
async fn metrics_count_requests_queries_and_rows() {
    let server = TestServer::start(|s| s.api_key("key")).await;
    let uuid = server.storage("key", json!([{"n": 1}, {"n": 2}])).await;
    let path = format!("/api/data_source/{uuid}");
    let (_, source) = server.call("key", "GET", &path, "").await;
    let push = format!("{path}/push/{}", source["token"].as_str().unwrap());
    assert_eq!(server.call("", "POST", &push, r#"{"n": 3}"#).await.0, 200);
    assert_eq!(server.call("", "POST", &format!("{path}/push/wrong"), "{}").await.0, 401);
    assert_eq!(server.call("key", "POST", &format!("/api/formatted_data/{uuid}"), "{}").await.0, 200);
    assert_eq!(server.call("key", "BREW", "/pot", "").await.0, 404);
    let text = server.metrics("key").await;
    let route = "/api/data_source/{uuid}/push/{token}";
    for (series, value) in [
        (r#"serenytics_queries_total{outcome="ok"}"#.to_owned(), 1.0),
        ("serenytics_read_rows_total".to_owned(), 3.0),
        ("serenytics_pushes_total".to_owned(), 1.0),
        (r#"serenytics_written_rows_total{call="batch"}"#.to_owned(), 2.0),
        (r#"serenytics_written_rows_total{call="push"}"#.to_owned(), 1.0),
        (format!(r#"serenytics_requests_total{{method="POST",route="{route}",status="200"}}"#), 1.0),
        (format!(r#"serenytics_requests_total{{method="POST",route="{route}",status="401"}}"#), 1.0),
        (r#"serenytics_requests_total{method="other",route="other",status="404"}"#.to_owned(), 1.0),
        (format!(r#"serenytics_request_duration_seconds_count{{method="POST",route="{route}"}}"#), 2.0),
        ("serenytics_query_memory_limit_bytes".to_owned(), 2_147_483_648.0),
        ("serenytics_panics_total".to_owned(), 0.0),
    ] {
        let line =
            text.lines().find_map(|line| line.strip_prefix(&series)).unwrap_or_else(|| panic!("{series}: {text}"));
        assert_eq!(line.trim().parse(), Ok(value), "{series}");
    }
    assert!(!text.contains(&uuid), "a uuid is among the metrics");
}

#[tokio::test]
async fn shutdown_finishes_an_upload_and_rejects_new_connections() {
    let server = TestServer::start(|s| s.api_key("key")).await;
    let uuid = server.storage("key", json!([])).await;
    let address = server.server.address();
    let mut upload = TcpStream::connect(address).await.unwrap();
    let head =
        format!("POST /api/data_source/{uuid}/file HTTP/1.1\r\nhost: x\r\nx-api-key: key\r\ncontent-length: 4\r\n\r\n");
    upload.write_all(format!("{head}n\n").as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let TestServer { server, folder, .. } = server;
    let stopping = tokio::spawn(server.shutdown());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!stopping.is_finished());
    assert!(TcpStream::connect(address).await.is_err(), "a new connection is accepted");
    upload.write_all(b"1\n").await.unwrap();
    let mut answer = String::new();
    upload.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    stopping.await.unwrap();
    assert_eq!(std::fs::read(folder.path().join("uploads").join(uuid)).unwrap(), b"n\n1\n");
}

#[tokio::test]
async fn shutdown_finishes_a_query_and_a_load() {
    let server = TestServer::start(|s| s.api_key("key")).await;
    let rows: Vec<_> = (0..30_000).map(|n| json!({"n": n, "text": "x".repeat(100)})).collect();
    let uuid = server.storage("key", json!(rows)).await;
    let query = format!("/api/formatted_data/{uuid}");
    let answer = server.request("key", "POST", &query).body(r#"{"order": "row_by_row"}"#).send().await.unwrap();
    let loaded = server.storage("key", json!([])).await;
    let path = format!("/api/data_source/{loaded}");
    assert_eq!(server.call("key", "PUT", &path, r#"{"originalFileName": "x.csv"}"#).await.0, 200);
    let file = format!("n\n{}", "1\n".repeat(100_000));
    assert_eq!(server.call("key", "POST", &format!("{path}/file"), &file).await.0, 201);
    let (_, task) = server.call("key", "POST", &format!("{path}/reload_from_file"), "{}").await;
    let TestServer { server, folder, .. } = server;
    let stopping = tokio::spawn(server.shutdown());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let answer: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(answer["data"].as_array().unwrap().len(), 30_000);
    stopping.await.unwrap();
    let server = TestServer::on(folder, |s| s.api_key("key")).await;
    let (_, task) = server.call("key", "GET", &format!("/api/task/{}", task["task_id"].as_str().unwrap()), "").await;
    assert_eq!(task, json!({"status": "done", "nb_rows": 100_000}));
}

#[tokio::test]
async fn shutdown_timeout_cancels_running_requests() {
    let server = TestServer::start(|s| s.api_key("key").shutdown_timeout(Duration::from_millis(300))).await;
    let mut upload = TcpStream::connect(server.server.address()).await.unwrap();
    upload
        .write_all(b"POST /api/script HTTP/1.1\r\nhost: x\r\nx-api-key: key\r\ncontent-length: 9\r\n\r\n{")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begun = Instant::now();
    server.server.shutdown().await;
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(250) && took < Duration::from_secs(4), "{took:?}");
}
