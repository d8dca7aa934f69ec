//! A full disk: writes are rejected, queries still work, and writes work again when there is space. A limit on the size
//! of files replaces the full disk: writes fail in the same way, and the test needs no special rights.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::Serving;

/// Maximum size of a file in KiB: enough for the catalogue and the first writes.
const LIMIT: u64 = 400;

struct Full {
    serving: Serving,
    http: reqwest::Client,
}

impl Full {
    fn start(folder: &Path) -> Full {
        // A soft limit can be raised again. Ignoring SIGXFSZ makes a write beyond it fail with an error.
        let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$0\" \"$@\"", LIMIT * 1024 / 512);
        Full { serving: Serving::start_by(&["sh", "-c", &script], folder), http: reqwest::Client::new() }
    }

    /// Sets the maximum size of a file.
    fn limit(&self, bytes: &str) {
        let id = self.serving.id().to_string();
        let done = Command::new("prlimit").args(["--pid", &id, &format!("--fsize={bytes}:")]).status().unwrap();
        assert!(done.success());
    }

    async fn call(&self, method: &str, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.serving.url)).header("x-api-key", "key");
        let answer = request.body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call("POST", path, body.to_string()).await
    }

    /// Creates a storage and returns its path, the path of its pushes and the path of its queries.
    async fn storage(&self) -> (String, String, String) {
        let body = json!({"name": "x", "type": "Storage", "originalFileName": "x.csv"});
        let (_, source) = self.post("/api/data_source", body).await;
        let (uuid, token) = (source["uuid"].as_str().unwrap(), source["token"].as_str().unwrap());
        let path = format!("/api/data_source/{uuid}");
        (path.clone(), format!("{path}/push/{token}"), format!("/api/formatted_data/{uuid}"))
    }

    /// Returns the column `n` of a storage.
    async fn numbers(&self, query: &str) -> Vec<i64> {
        let stage = json!({"order": "row_by_row", "data_processing_pipeline": [{"select": ["n"]}]});
        let (status, answer) = self.post(query, stage).await;
        assert_eq!((status, &answer["status"]), (200, &json!("ok")), "{answer}");
        answer["data"].as_array().unwrap().iter().map(|row| row[0].as_i64().unwrap()).collect()
    }
}

/// Returns text that does not compress.
fn noise(length: usize, mut seed: u64) -> String {
    let mut text = String::with_capacity(length);
    for _ in 0..length {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(char::from(b' ' + 2 + (seed >> 58) as u8));
    }
    text.replace(['"', '\\', ','], "x")
}

#[tokio::test]
async fn full_disk_rejects_writes_and_loses_no_rows() {
    let folder = tempfile::tempdir().unwrap();
    let full = Full::start(folder.path());
    let (path, push, query) = full.storage().await;
    let insert = |n: i64, text: &str| json!({"operations": [{"action": "insert", "rows": [{"n": n, "text": text}]}]});
    assert_eq!(full.post(&format!("{path}/batch"), insert(0, "first")).await.0, 200);
    let mut expected = vec![0];

    // A batch and a reload whose data files are too large.
    let (status, answer) = full.post(&format!("{path}/batch"), insert(1, &noise(2_000_000, 1))).await;
    assert_eq!(status, 500, "{answer}");
    let error = answer["errors"][0].as_str().unwrap();
    assert!(error.contains("a data file could not be written") && error.contains("File too large"), "{error}");
    assert!(error.contains("free space on the disk") && !error.to_lowercase().contains("parquet"), "{error}");
    // Even a small batch would not fit soon.
    assert_eq!(full.call("GET", "/health", "").await.0, 503);
    assert_eq!(full.numbers(&query).await, expected);
    full.limit("unlimited");
    let file = format!("n,text\n7,{}\n", noise(2_000_000, 2));
    assert_eq!(full.call("POST", &format!("{path}/file"), file).await.0, 201);
    full.limit(&(LIMIT * 1024).to_string());
    let (_, task) = full.post(&format!("{path}/reload_from_file"), json!({"async": true})).await;
    let task = format!("/api/task/{}", task["task_id"].as_str().unwrap());
    let state = loop {
        let (_, state) = full.call("GET", &task, "").await;
        if state["status"] != "pending" {
            break state;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert!(state["errors"][0].as_str().unwrap().contains("a data file could not be written"), "{state}");
    assert_eq!(full.numbers(&query).await, expected);

    // Pushes until the write-ahead log reaches the limit: a row that does not fit leaves nothing.
    let mut refused = Vec::new();
    for n in 2..10 {
        let (status, answer) = full.post(&push, json!({"n": n, "text": noise(90_000, n as u64)})).await;
        match status {
            200 => expected.push(n),
            _ => refused.push((status, answer["errors"][0].as_str().unwrap().to_owned())),
        }
        assert_eq!(full.numbers(&query).await, expected);
    }
    let (status, error) = refused.first().expect("the write-ahead log exceeds the limit");
    assert_eq!(*status, 500);
    assert!(
        error.contains("the row could not be written to the write-ahead log") && error.contains("File too large"),
        "{error}"
    );

    // With free space, all writes work again.
    full.limit("unlimited");
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(full.call("GET", "/health", "").await.0, 200);
    for n in 20..23 {
        assert_eq!(full.post(&push, json!({"n": n, "text": noise(90_000, n as u64)})).await.0, 200);
        expected.push(n);
    }
    assert_eq!(full.post(&format!("{path}/batch"), insert(30, &noise(2_000_000, 3))).await.0, 200);
    expected.push(30);
    assert_eq!(full.numbers(&query).await, expected);

    // The rows survive a kill.
    drop(full);
    let full = Full::start(folder.path());
    assert_eq!(full.numbers(&query).await, expected);
    assert_eq!(full.serving.stop("TERM").status.code(), Some(0));
}

#[tokio::test]
async fn merge_on_full_disk_is_retried_later() {
    let folder = tempfile::tempdir().unwrap();
    let full = Full::start(folder.path());
    let (_, push, query) = full.storage().await;
    for n in 0..3 {
        assert_eq!(full.post(&push, json!({"n": n, "text": noise(30_000, n as u64)})).await.0, 200);
    }
    // No room for even the smallest file.
    full.limit("0");
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(full.numbers(&query).await, [0, 1, 2]);
    assert_eq!(full.post(&push, json!({"n": 9})).await.0, 500);
    full.limit("unlimited");
    assert_eq!(full.post(&push, json!({"n": 3})).await.0, 200);
    let uuid = query.rsplit('/').next().unwrap();
    let journal = folder.path().join("storages").join(uuid).join("_journal");
    let begun = std::time::Instant::now();
    while std::fs::read_dir(&journal).unwrap().count() > 0 {
        assert!(begun.elapsed().as_secs() < 60, "the rows are not merged");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(full.numbers(&query).await, [0, 1, 2, 3]);
}
