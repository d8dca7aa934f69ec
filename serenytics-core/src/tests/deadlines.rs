//! Timeouts: each call has one, and its error names the setting.

use std::time::{Duration, Instant};

use serde_json::Map;

use super::server::{Manner, Reply, TestServer, ok};
use super::{ANSWER, COUNTRIES, SOURCE, list};
use crate::Client;

#[tokio::test]
async fn timeout_error_names_its_setting() {
    let server = TestServer::start(|_, _| Reply::Silence).await;
    let client = Client::builder().url(&server.url).api_key("k").read_timeout(Duration::from_millis(50));
    let error = client.build().unwrap().sources().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(
        error.to_string(),
        "GET /api/data_source: the server sent nothing for 50ms; `read_timeout` of the client's builder sets this timeout"
    );
    let error = server.client().with_timeout(Duration::from_millis(50)).sources().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(
        error.to_string(),
        "GET /api/data_source: no response within 50ms; `timeout` of the client's builder, or `with_timeout`, sets this timeout"
    );
    assert_eq!(server.asked().len(), 2);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.csv");
    std::fs::write(&path, "a\n1\n").unwrap();
    let server = TestServer::start(|number, _| if number == 1 { list(&[SOURCE]) } else { Reply::Silence }).await;
    let source = server.client().source("sales").await.unwrap();
    let error = source.reload_from_csv(&path).timeout(Duration::from_millis(50)).send().await.unwrap_err();
    assert!(error.to_string().ends_with("no response within 50ms; `timeout` of the load sets this timeout"), "{error}");
}

#[tokio::test]
async fn load_timeout_applies_while_the_file_is_read_and_stops_the_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.csv");
    // Gzipping this takes minutes. The test can only end after the reading thread has ended.
    std::fs::File::create(&path).unwrap().set_len(1 << 36).unwrap();
    let server = TestServer::start(|_, asked| match asked.line.split_once(' ').unwrap_or_default().1 {
        "/api/data_source/u1" => ok(SOURCE),
        line if line.contains("sign_s3") => ok(r#"{"status":"error"}"#),
        _ => list(&[SOURCE]),
    })
    .await;
    let source = server.client().source("sales").await.unwrap();
    let started = Instant::now();
    let error = source.reload_from_csv(&path).timeout(Duration::from_millis(300)).send().await.unwrap_err();
    assert!(error.is_timeout() && started.elapsed().as_secs() < 10, "{error}");
    assert_eq!(error.to_string(), "the file was not read within 300ms; `timeout` of the load sets this timeout");
}

#[tokio::test]
async fn timeout_applies_to_all_requests_of_a_call() {
    let slow = Duration::from_millis(300);
    let server = TestServer::start(move |_, asked| match asked.line.starts_with("POST") {
        true => Reply::After(slow, Box::new(ok(ANSWER))),
        false => Reply::After(slow, Box::new(list(&[SOURCE]))),
    })
    .await;
    let client = server.client().with_timeout(Duration::from_millis(450));
    // Each of the two requests would be in time by itself.
    let error = client.fetch(&COUNTRIES).await.unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("within 450ms"), "{error}");
    // The source is known now, so that one request is enough.
    assert_eq!(client.fetch(&COUNTRIES).await.unwrap().len(), 2);

    let server = TestServer::start(move |_, _| Reply::After(slow, Box::new(list(&[])))).await;
    let started = Instant::now();
    assert!(server.client().with_timeout(Duration::from_millis(450)).get_or_create_storage("s").await.is_err());
    // A busy machine may be late, but no third request was sent.
    assert!(started.elapsed() < 10 * slow, "{:?}", started.elapsed());

    // The same for calls that ask for the columns or the source first.
    let server = TestServer::start(move |number, asked| match asked.line.starts_with("POST") {
        true => Reply::After(slow, Box::new(ok(ANSWER))),
        false if number == 1 => ok(SOURCE),
        false => Reply::After(slow, Box::new(ok(SOURCE))),
    })
    .await;
    let client = server.client().with_timeout(Duration::from_millis(450));
    let source = client.source_by_uuid("u1").await.unwrap();
    assert!(source.get_data().await.unwrap_err().is_timeout());
    assert!(source.schema_file().await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn with_timeout_also_extends_the_read_timeout() {
    let server = TestServer::start(move |_, asked| match asked.line.starts_with("POST") {
        true => Reply::After(Duration::from_millis(600), Box::new(ok(ANSWER))),
        false => list(&[SOURCE]),
    })
    .await;
    let client = Client::builder().url(&server.url).api_key("key").read_timeout(Duration::from_millis(200));
    let client = client.build().unwrap();
    assert!(client.fetch(&COUNTRIES).await.unwrap_err().is_timeout());
    assert_eq!(client.with_timeout(Duration::from_secs(60)).fetch(&COUNTRIES).await.unwrap().len(), 2);
}

#[tokio::test]
async fn read_timeout_starts_after_the_request_body() {
    let pause = Duration::from_millis(3000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.csv.gz");
    let long = vec![0; 32 << 20];
    std::fs::write(&path, [&[0x1f, 0x8b], &long[..]].concat()).unwrap();
    for silent in [false, true] {
        let reply = move |_, asked: &super::server::Asked| match asked.line.split(' ').next_back().unwrap_or_default() {
            "/api/data_source/u1" => ok(SOURCE),
            line if line.contains("sign_s3") => ok(r#"{"status":"error"}"#),
            line if line.ends_with("reload_from_file") => ok(r#"{"task_id":"t"}"#),
            line if line.contains("?q=") => list(&[SOURCE]),
            _ if silent => Reply::Silence,
            line if line.ends_with("/file") => Reply::Answer(201, "", String::new()),
            _ => ok(r#"{"status":"ok"}"#),
        };
        let manner = move |line: &str| match line.contains("/batch") || line.contains("/u1/file") {
            true => Manner::Later(pause),
            false => Manner::AtOnce,
        };
        let server = TestServer::start_reading(manner, reply).await;
        let client = Client::builder().url(&server.url).api_key("k").read_timeout(Duration::from_millis(1500));
        let source = client.build().unwrap().source("sales").await.unwrap();
        let text = String::from_utf8(vec![b'x'; 32 << 20]).unwrap();
        let row = Map::from_iter([("a".to_owned(), text.into())]);
        for (body, outcome) in
            [("bytes", source.insert([row]).await), ("stream", source.reload_from_csv(&path).send().await)]
        {
            match outcome {
                Ok(()) => assert!(!silent, "{body}"),
                Err(error) => assert!(silent && error.to_string().contains("nothing for 1s 500ms"), "{body}: {error}"),
            }
        }
    }
}
