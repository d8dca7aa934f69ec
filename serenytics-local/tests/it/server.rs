//! The server: keys, users, the lock of the data folder, restarts, and unsupported calls.

use serde_json::json;
use serenytics_local::{Local, Server};

use crate::support::LocalEngine;

#[tokio::test]
async fn request_without_a_valid_key_is_rejected() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    for (method, path) in [
        ("GET", "/api/data_source".to_owned()),
        ("POST", format!("/api/formatted_data/{uuid}")),
        ("POST", format!("/api/data_source/{uuid}/batch")),
        ("DELETE", format!("/api/data_source/{uuid}")),
        ("GET", "/api/web_app".to_owned()),
        ("PATCH", "/api/data_source".to_owned()),
    ] {
        for key in [None, Some(""), Some("wrong")] {
            let (status, answer) = engine.call_with_key(method, &path, "{}", key).await;
            assert_eq!((status, &answer["status"]), (401, &json!("error")), "{method} {path} {key:?}");
        }
    }
}

#[tokio::test]
async fn unsupported_calls_are_501() {
    let engine = LocalEngine::start().await;
    let (status, answer) = engine.call("GET", "/api/folder", "").await;
    assert_eq!(status, 501);
    assert_eq!(answer["errors"][0], "GET /api/folder is not emulated by the embedded engine");
    assert_eq!(engine.call("POST", "/data-api/query-model/x", "").await.0, 401);
    assert_eq!(engine.call("POST", "/data-api/other", "").await.0, 404);
    assert_eq!(engine.call("GET", "/", "").await.0, 404);
    assert_eq!(engine.call("PATCH", "/api/data_source", "").await.0, 405);
}

#[tokio::test]
async fn data_folder_can_be_opened_only_once() {
    let engine = LocalEngine::start().await;
    let error = Local::open(engine.folder.path()).await.unwrap_err();
    assert!(error.is_locked());
    assert!(error.to_string().contains("is in use by another engine"), "{error}");
    let engine = engine.restart().await;
    drop(engine.local);
    Local::open(engine.folder.path()).await.unwrap();
}

#[tokio::test]
async fn data_survives_a_restart() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("a,t\n1,2013-01-01\n").await;
    engine.insert(&uuid, json!([{"a": 2}])).await;
    let engine = engine.restart().await;
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1, "2013-01-01T00:00:00"], [2, null]]));
    engine.insert(&uuid, json!([{"a": 3}])).await;
    let engine = engine.restart().await;
    assert_eq!(engine.rows(&uuid, json!({"select": ["a"]})).await, json!([[1], [2], [3]]));
}

#[tokio::test]
async fn user_creates_keys_that_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let http = reqwest::Client::new();
    let server = Server::builder(folder.path()).user("ada", "engine").start().await.unwrap();
    let token = |password: &'static str, url: String| {
        let request = http.get(format!("{url}/api/token")).basic_auth("ada", Some(password));
        async { request.send().await.unwrap() }
    };
    assert_eq!(token("wrong", server.url().to_owned()).await.status(), 401);
    let answer = token("engine", server.url().to_owned()).await.text().await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let request = http.post(format!("{}/api/api_key", server.url()));
    let request = request.header("x-auth-token", answer["token"].as_str().unwrap());
    let answer = request.send().await.unwrap().text().await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let key = answer["api_key"].as_str().unwrap();
    assert_eq!(http.post(format!("{}/api/api_key", server.url())).send().await.unwrap().status(), 401);
    server.shutdown().await;

    let server = Server::builder(folder.path()).api_key("other").start().await.unwrap();
    let list = |key: String| http.get(format!("{}/api/data_source", server.url())).header("x-api-key", key).send();
    assert_eq!(list(key.to_owned()).await.unwrap().status(), 200);
    assert_eq!(list("other".to_owned()).await.unwrap().status(), 200);
    let old = http.get(format!("{}/api/data_source", server.url())).basic_auth("token", Some(key));
    assert_eq!(old.send().await.unwrap().status(), 200);
    let bytes = std::fs::read(folder.path().join("catalogue.sqlite")).unwrap();
    assert!(!bytes.windows(key.len()).any(|window| window == key.as_bytes()), "the key is on the disk");
}

#[tokio::test]
async fn server_without_a_key_or_user_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let error = Server::builder(folder.path()).start().await.unwrap_err();
    assert!(error.to_string().contains("no one could use the server"), "{error}");
    let error = Server::builder(folder.path()).api_key(" ").start().await.unwrap_err();
    assert!(error.to_string().contains("an API key is empty"), "{error}");
}

#[tokio::test]
async fn upload_limit_rejects_large_files() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::builder(folder.path()).api_key("key").upload_limit(1000).start().await.unwrap();
    let http = reqwest::Client::new();
    let post = |path: String, body: Vec<u8>| {
        http.post(format!("{}{path}", server.url())).header("x-api-key", "key").body(body).send()
    };
    let source = post("/api/data_source".to_owned(), br#"{"name": "x", "type": "Storage"}"#.to_vec()).await.unwrap();
    let source: serde_json::Value = serde_json::from_str(&source.text().await.unwrap()).unwrap();
    let path = format!("/api/data_source/{}/file", source["uuid"].as_str().unwrap());
    assert_eq!(post(path.clone(), vec![b'x'; 1000]).await.unwrap().status(), 201);
    assert_eq!(post(path, vec![b'x'; 1001]).await.unwrap().status(), 413);
    assert_eq!(std::fs::read_dir(folder.path().join("uploads")).unwrap().count(), 1);
}

#[tokio::test]
async fn query_over_the_memory_limit_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::builder(folder.path()).api_key("key").query_memory(64 * 1024).start().await.unwrap();
    let http = reqwest::Client::new();
    let post = |path: String, body: String| {
        http.post(format!("{}{path}", server.url())).header("x-api-key", "key").body(body).send()
    };
    let source = post("/api/data_source".to_owned(), r#"{"name": "x", "type": "Storage"}"#.to_owned()).await.unwrap();
    let source: serde_json::Value = serde_json::from_str(&source.text().await.unwrap()).unwrap();
    let uuid = source["uuid"].as_str().unwrap();
    let rows: Vec<_> = (0..20_000).map(|n| json!({"n": n, "text": format!("some text {n}")})).collect();
    let batch = json!({"operations": [{"action": "insert", "rows": rows}]}).to_string();
    assert_eq!(post(format!("/api/data_source/{uuid}/batch"), batch).await.unwrap().status(), 200);
    let answer = post(format!("/api/formatted_data/{uuid}"), "{}".to_owned()).await.unwrap();
    assert_eq!(answer.status(), 400);
    let text = answer.text().await.unwrap();
    assert!(text.contains("needs more memory"), "{text}");
    let rows = post(format!("/api/formatted_data/{uuid}"), r#"{"order": "row_by_row"}"#.to_owned()).await.unwrap();
    assert_eq!(rows.status(), 200);
}

#[tokio::test]
async fn local_client_is_ready() {
    let engine = LocalEngine::start().await;
    let client = engine.local.client();
    let source = client.get_or_create_storage("flights").await.unwrap();
    assert_eq!(source.row_count().await.unwrap(), 0);
    let file = engine.folder.path().join("flights.csv");
    std::fs::write(&file, "carrier,flight\nUA,1545\nAA,1141\n").unwrap();
    source.reload_from_csv(&file).send().await.unwrap();
    assert_eq!(source.row_count().await.unwrap(), 2);
    let columns: Vec<_> = source.columns().await.unwrap().into_iter().map(|column| column.name).collect();
    assert_eq!(columns, ["carrier", "flight"]);
    source.delete().await.unwrap();
    assert!(client.sources().await.unwrap().is_empty());
}
