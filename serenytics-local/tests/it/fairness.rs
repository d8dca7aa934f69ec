//! Fairness: clients that send slowly, large queries and wrong passwords do not delay the requests of others.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::TestServer;

const KEY: &str = "key";

/// Sends the head of a request with a long body, then a byte of the body now and then, until the server closes the
/// connection. Returns the response and how long that took.
async fn trickle(server: &TestServer, path: &str, first: &str) -> (String, Duration) {
    let mut connection = TcpStream::connect(server.server.address()).await.unwrap();
    let begun = Instant::now();
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\ncontent-length: 100000\r\n\r\n{first}");
    connection.write_all(head.as_bytes()).await.unwrap();
    let (mut answer, mut buffer) = (Vec::new(), [0; 1024]);
    loop {
        assert!(begun.elapsed() < Duration::from_secs(15), "the connection stays open: {answer:?}");
        match tokio::time::timeout(Duration::from_millis(100), connection.read(&mut buffer)).await {
            Ok(Ok(length @ 1..)) => answer.extend_from_slice(&buffer[..length]),
            Ok(_) => return (String::from_utf8(answer).unwrap(), begun.elapsed()),
            // After the response, the server may close the connection at any time.
            Err(_) => drop(connection.write_all(b" ").await),
        }
    }
}

#[tokio::test]
async fn slow_json_body_is_rejected_and_its_connection_closes() {
    let server = TestServer::start(|s| s.api_key(KEY).client_timeout(Duration::from_secs(1))).await;
    let uuid = server.storage(KEY, json!([{"n": 1}])).await;
    let (_, source) = server.call(KEY, "GET", &format!("/api/data_source/{uuid}"), "").await;
    let push = format!("/api/data_source/{uuid}/push/{}", source["token"].as_str().unwrap());
    for (path, first) in [
        (format!("/api/formatted_data/{uuid}"), "{"),
        (format!("/api/data_source/{uuid}/batch"), ""),
        (push, r#"{"n": "#),
        ("/api/data_source".to_owned(), "{"),
        ("/api/script".to_owned(), "{"),
        ("/api/email".to_owned(), ""),
    ] {
        let (answer, took) = trickle(&server, &path, first).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
        assert!(answer.contains("the client sends too slowly: at least 1024 bytes per second"), "{path}: {answer}");
        assert!(took < Duration::from_secs(5), "{path}: {took:?}");
    }
}

#[tokio::test]
async fn health_and_metrics_answer_while_clients_occupy_all_connections() {
    let server = TestServer::start(|s| s.api_key(KEY).max_connections(4).client_timeout(Duration::from_secs(8))).await;
    let address = server.server.address();
    let mut held = Vec::new();
    // More than the limit: some of them wait.
    for n in 0..40 {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let head = match n % 4 {
            0 => "",
            1 => "GET /hea",
            2 => "GET /api/data_source HTTP/1.1\r\nhost: x\r\n",
            _ => "POST /api/script HTTP/1.1\r\nhost: x\r\nx-api-key: key\r\ncontent-length: 100000\r\n\r\n{",
        };
        connection.write_all(head.as_bytes()).await.unwrap();
        held.push(connection);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begun = Instant::now();
    for _ in 0..5 {
        // A new client opens a new connection.
        let http = reqwest::Client::new();
        let health = http.get(format!("{}/health", server.server.url())).send().await.unwrap();
        assert_eq!(health.status(), 200);
        let metrics =
            http.get(format!("{}/metrics", server.server.url())).header("x-api-key", KEY).send().await.unwrap();
        assert_eq!(metrics.status(), 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    // The request line may arrive in parts.
    let mut slow = TcpStream::connect(address).await.unwrap();
    for part in ["GE", "T /heal", "th HTTP/1.1\r\nhost: x\r\n\r\nGET /api/data_source HTTP/1.1\r\nhost: x\r\n\r\n"] {
        slow.write_all(part.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "a second request was served without a slot: {answer}");
    // Other requests wait for a slot, and get one when the timeout frees it.
    let waits = tokio::time::timeout(Duration::from_millis(500), server.call(KEY, "GET", "/api/data_source", ""));
    assert!(waits.await.is_err(), "a request did not wait for a slot");
    drop(held);
    assert_eq!(server.call(KEY, "GET", "/api/data_source", "").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_queries_do_not_delay_other_requests() {
    let server = TestServer::start(|s| s.api_key(KEY)).await;
    let rows: Vec<_> = (0..1000).map(|n| json!({"n": n, "t": format!("t{n}")})).collect();
    let uuid = server.storage(KEY, json!(rows)).await;
    let path = format!("/api/formatted_data/{uuid}");
    let values: Vec<_> = (0..50_000).map(|n| format!("t{n}")).collect();
    let list = json!(values).to_string();
    let stage = json!({"select": ["n"], "where": [{"name": "t", "op": "in", "value": list}, {"name": "t", "op": "in", "value": list}]});
    let body = json!({"order": "row_by_row", "data_processing_pipeline": [stage]}).to_string();
    let mut queries = Vec::new();
    for _ in 0..10 {
        let request = server.request(KEY, "POST", &path).body(body.clone());
        queries.push(tokio::spawn(async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap().len())
        }));
    }
    let mut slowest = Duration::ZERO;
    while !queries.iter().all(tokio::task::JoinHandle::is_finished) {
        let begun = Instant::now();
        assert_eq!(server.call("", "GET", "/health", "").await.0, 200);
        slowest = slowest.max(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for query in queries {
        let (status, length) = query.await.unwrap();
        assert_eq!(status, 200);
        assert!(length > 1000);
    }
    println!("the slowest response of /health took {slowest:?}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}

#[tokio::test]
async fn wrong_passwords_make_only_the_same_address_wait() {
    let server = TestServer::start(|s| s.user("ada", "engine").user("bob", "motor")).await;
    let log_in = async |login: &str, password: &str, address: &str| {
        let request = server.request("", "GET", "/api/token").basic_auth(login, Some(password));
        // As a proxy on this machine adds it.
        let answer = request.header("x-forwarded-for", format!("198.51.100.9, {address}")).send().await.unwrap();
        let retry_after = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), retry_after, answer.text().await.unwrap())
    };
    let (here, elsewhere) = ("192.0.2.1", "192.0.2.2");
    for _ in 0..4 {
        assert_eq!(log_in("ada", "wrong", here).await.0, 401);
    }
    let (status, retry_after, body) = log_in("ada", "engine", here).await;
    assert_eq!((status, retry_after.as_deref()), (429, Some("1")));
    assert!(body.contains("too many wrong passwords for this login: try again in 1 seconds"), "{body}");
    assert_eq!(log_in("ada", "engine", elsewhere).await.0, 200, "another address waits");
    assert_eq!(log_in("bob", "motor", here).await.0, 200, "another user waits");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(log_in("ada", "wrong", here).await.0, 401);
    assert_eq!(log_in("ada", "engine", here).await.1.as_deref(), Some("2"), "the wait does not grow");
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(log_in("ada", "engine", here).await.0, 200);
    assert_eq!(log_in("ada", "wrong", here).await.0, 401, "the right password does not end the wait");
    // Unknown logins behave in the same way.
    for _ in 0..4 {
        assert_eq!(log_in("eve", "wrong", here).await.0, 401);
    }
    assert_eq!(log_in("eve", "wrong", here).await.0, 429);
}

#[tokio::test]
async fn malformed_host_is_rejected_and_the_public_url_is_used_in_links() {
    let server = TestServer::start(|s| s.api_key(KEY)).await;
    let uuid = server.storage(KEY, json!([{"n": 1}])).await;
    let ask = async |server: &TestServer, hosts: &[&str]| {
        let mut connection = TcpStream::connect(server.server.address()).await.unwrap();
        let hosts: String = hosts.iter().map(|host| format!("host: {host}\r\n")).collect();
        let path = format!("/api/data_source/{uuid}/export_source_data");
        let head = format!(
            "POST {path} HTTP/1.1\r\n{hosts}x-api-key: {KEY}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    for hosts in [
        &["evil.example.com/@127.0.0.1"] as &[&str],
        &["127.0.0.1#evil.example.com"],
        &["a@evil.example.com"],
        &["a\tb"],
        &["a b"],
        &["a?b"],
        &["a\\b"],
        &["a,b"],
        &["\u{e9}"],
        &["a:b"],
        &["a", "b"],
        &["a", "a"],
        &["\x01"],
    ] {
        let answer = ask(&server, hosts).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{hosts:?}: {answer}");
        assert!(!answer.contains("csv_url"), "{hosts:?}: {answer}");
    }
    let answer = ask(&server, &["data.example.com:8080"]).await;
    assert!(answer.contains(r#""csv_url":"http://data.example.com:8080/api/data_source/"#), "{answer}");
    let server = server.restart(|s| s.api_key(KEY).public_url("https://public.example.com/base/")).await;
    let answer = ask(&server, &["data.example.com:8080"]).await;
    assert!(answer.contains(r#""csv_url":"https://public.example.com/base/api/data_source/"#), "{answer}");
    let folder = tempfile::tempdir().unwrap();
    let invalid =
        serenytics_local::Server::builder(folder.path().join("new")).api_key(KEY).public_url("x").start().await;
    assert!(invalid.unwrap_err().to_string().contains("invalid public URL \"x\""));
    assert!(!folder.path().join("new").exists());
}

#[tokio::test]
async fn failed_bind_leaves_no_data_folder() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = serenytics_local::Server::builder(&data).api_key(KEY).listen(taken.local_addr().unwrap());
    let error = server.start().await.unwrap_err();
    assert!(error.to_string().starts_with("could not listen on 127.0.0.1:"), "{error}");
    assert!(!data.exists());
}
