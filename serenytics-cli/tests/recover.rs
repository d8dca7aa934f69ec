//! `serenytics recover`: lists and takes up unknown and damaged storages.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use support::Serving;

struct Calls {
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Calls {
    fn new() -> Calls {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Calls { http: reqwest::Client::new(), runtime }
    }

    fn call(&self, serving: &Serving, method: &str, path: &str, body: &Value) -> Value {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", serving.url)).header("x-api-key", "key");
        let request = request.body(body.to_string());
        self.runtime.block_on(async {
            let text = request.send().await.unwrap().text().await.unwrap();
            serde_json::from_str(&text).unwrap()
        })
    }

    /// Creates a storage with a row per number, each in a commit.
    fn storage(&self, serving: &Serving, rows: &[i64]) -> String {
        let source = json!({"name": "sales", "type": "Storage", "jsonContent": {}});
        let uuid = self.call(serving, "POST", "/api/data_source", &source)["uuid"].as_str().unwrap().to_owned();
        for n in rows {
            let batch = json!({"operations": [{"action": "insert", "rows": [{"n": n}]}]});
            assert_eq!(
                self.call(serving, "POST", &format!("/api/data_source/{uuid}/batch"), &batch),
                json!({"status": "ok"})
            );
        }
        uuid
    }

    fn rows(&self, serving: &Serving, uuid: &str) -> Value {
        let path = format!("/api/formatted_data/{uuid}");
        self.call(serving, "POST", &path, &json!({"order": "row_by_row"}))["data"].take()
    }
}

fn recover(folder: &Path, arguments: &[&str]) -> Output {
    support::serenytics().arg("recover").arg(folder).args(arguments).output().unwrap()
}

fn recovered(folder: &Path, arguments: &[&str]) -> String {
    let output = recover(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn failed(folder: &Path, arguments: &[&str]) -> String {
    let output = recover(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn serve(folder: &Path) -> Serving {
    Serving::start(folder, &["--api-key", "key"])
}

#[test]
fn unknown_storage_is_listed_and_restored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let calls = Calls::new();
    let serving = serve(path);
    let (one, other) = (calls.storage(&serving, &[1, 2]), calls.storage(&serving, &[3]));
    let error = failed(path, &[]);
    assert!(error.contains("is in use by another engine"), "{error}");
    serving.stop("TERM");
    assert_eq!(recovered(path, &[]), "0 unknown and 0 damaged storages\n");

    for file in ["catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm"] {
        let _ = std::fs::remove_file(path.join(file));
    }
    let text = recovered(path, &[]);
    assert!(text.starts_with("the catalogue is missing or empty"), "{text}");
    assert!(text.contains(&format!("unknown storage {one}: ")) && text.contains(&other), "{text}");
    assert!(text.ends_with("2 unknown and 0 damaged storages\n"), "{text}");
    assert!(!path.join("catalogue.sqlite").exists(), "listing changes nothing");

    let text = recovered(path, &["--restore", &one, "--name", "sales of 2025"]);
    assert_eq!(text, format!("restored the storage {one} as the source {one} with 2 rows\n"));
    // A start moves the other storage aside.
    let serving = serve(path);
    assert_eq!(calls.rows(&serving, &one), json!([[1], [2]]));
    let source = calls.call(&serving, "GET", &format!("/api/data_source/{one}"), &Value::Null);
    assert_eq!(source["name"], "sales of 2025");
    serving.stop("TERM");
    assert!(path.join("unknown/storages").join(&other).exists());
    let text = recovered(path, &["--restore-all", "--account", "tenant"]);
    assert_eq!(text, format!("restored the storage {other} as the source {other} with 1 rows\n"));
    assert_eq!(recovered(path, &[]), "0 unknown and 0 damaged storages\n");
    let serving = Serving::start(path, &["--account", "tenant:key"]);
    assert_eq!(calls.rows(&serving, &other), json!([[3]]));
    let source = calls.call(&serving, "GET", &format!("/api/data_source/{other}"), &Value::Null);
    assert_eq!(source["name"], format!("recovered-{other}"));
}

#[test]
fn damaged_storage_is_listed_and_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let calls = Calls::new();
    let serving = serve(path);
    let (cut, whole) = (calls.storage(&serving, &[1, 2, 3, 4]), calls.storage(&serving, &[5]));
    serving.stop("TERM");
    let log = path.join("storages").join(&cut).join("_delta_log");
    for version in [2, 3] {
        std::fs::remove_file(log.join(format!("{version:020}.json"))).unwrap();
    }
    let text = recovered(path, &[]);
    assert!(text.contains(&format!("damaged storage {cut} of the source `sales`, last known with 4 rows\n")), "{text}");
    assert!(text.contains("00000000000000000002.json` is missing"), "{text}");
    assert!(text.ends_with("0 unknown and 1 damaged storages\n"), "{text}");

    assert_eq!(recovered(path, &["--accept", &cut]), format!("accepted the storage {cut} with 2 rows\n"));
    assert_eq!(recovered(path, &[]), "0 unknown and 0 damaged storages\n");
    assert_eq!(
        std::fs::read_dir(path.join("unknown/files").join(&cut)).unwrap().count(),
        2,
        "the lost commits are kept"
    );
    let serving = serve(path);
    assert_eq!(calls.rows(&serving, &cut), json!([[1], [2]]));
    assert_eq!(calls.rows(&serving, &whole), json!([[5]]));
    serving.stop("TERM");

    let file = std::fs::read_dir(path.join("storages").join(&whole)).unwrap().map(|entry| entry.unwrap().path());
    let data = file
        .filter(|entry| !entry.ends_with("_delta_log") && entry.is_dir())
        .find(|entry| std::fs::read_dir(entry).unwrap().next().is_some());
    std::fs::remove_dir_all(data.unwrap()).unwrap();
    let error = failed(path, &["--accept", &whole]);
    assert!(error.contains(".parquet` is missing"), "{error}");
    assert!(recovered(path, &[]).contains(&format!("damaged storage {whole}")));
}

#[test]
fn invalid_arguments_are_errors_and_create_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    assert!(failed(&missing, &[]).contains("does not exist"));
    assert!(!missing.exists());
    let calls = Calls::new();
    let serving = serve(folder.path());
    calls.storage(&serving, &[1]);
    serving.stop("TERM");
    let unknown = "00000000-0000-4000-8000-000000000000";
    for name in [unknown, "../catalogue.sqlite", ""] {
        assert!(failed(folder.path(), &["--restore", name]).contains("there is no unknown storage"), "{name}");
        assert!(failed(folder.path(), &["--accept", name]).contains("there is no data source"), "{name}");
    }
    assert_eq!(recover(folder.path(), &["--name", "x"]).status.code(), Some(2));
}
