//! Harnesses that start an engine or a server, with helpers for requests.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Map, Value, json};
use serenytics_local::{Local, Server, ServerBuilder};
use tempfile::TempDir;

/// The embedded engine (`Local`) on a temporary data folder.
pub struct LocalEngine {
    pub local: Local,
    pub folder: TempDir,
    http: Client,
}

impl LocalEngine {
    pub async fn start() -> LocalEngine {
        LocalEngine::on(tempfile::tempdir().unwrap()).await
    }

    pub async fn on(folder: TempDir) -> LocalEngine {
        let local = Local::open(folder.path()).await.unwrap();
        LocalEngine { local, folder, http: Client::new() }
    }

    /// Stops the engine and returns its folder.
    pub async fn stop(self) -> TempDir {
        self.local.shutdown().await;
        self.folder
    }

    /// Restarts the engine on the same folder.
    pub async fn restart(self) -> LocalEngine {
        LocalEngine::on(self.stop().await).await
    }

    /// Sends a request with the API key. Returns the status and the JSON body.
    pub async fn call(&self, method: &str, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        self.call_with_key(method, path, body, Some(self.local.api_key())).await
    }

    pub async fn call_with_key(
        &self,
        method: &str,
        path: &str,
        body: impl Into<reqwest::Body>,
        key: Option<&str>,
    ) -> (u16, Value) {
        let (status, text) = send(&self.http, method, &format!("{}{path}", self.local.url()), body, key).await;
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    /// Creates a storage and returns its uuid.
    pub async fn storage(&self) -> String {
        let body = json!({"name": "flights", "type": "Storage", "jsonContent": {}});
        let (status, source) = self.call("POST", "/api/data_source", body.to_string()).await;
        assert_eq!(status, 201, "{source}");
        source["uuid"].as_str().unwrap().to_owned()
    }

    /// Creates a storage and loads a CSV file.
    pub async fn loaded(&self, csv: &str) -> String {
        let uuid = self.storage().await;
        self.load(&uuid, csv).await.unwrap();
        uuid
    }

    /// Loads a CSV file. An error is the error of the task.
    pub async fn load(&self, uuid: &str, csv: impl Into<Vec<u8>>) -> Result<Value, String> {
        self.load_file(uuid, csv, json!({"originalFileName": "flights.csv"})).await
    }

    /// Saves `config`, uploads a file and loads it. An error is the error of the task.
    pub async fn load_file(&self, uuid: &str, file: impl Into<Vec<u8>>, config: Value) -> Result<Value, String> {
        self.attach(uuid, file, config).await;
        self.run(uuid, "reload_from_file", json!({"async": true})).await
    }

    /// Saves `config` and uploads a file.
    pub async fn attach(&self, uuid: &str, file: impl Into<Vec<u8>>, config: Value) {
        let path = format!("/api/data_source/{uuid}");
        let (status, answer) = self.call("PUT", &path, config.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        let (status, answer) = self.call("POST", &format!("{path}/file"), file.into()).await;
        assert_eq!(status, 201, "{answer}");
    }

    /// Sends a request that starts a task, and waits for the task. An error is the error of the task.
    pub async fn run(&self, uuid: &str, call: &str, body: Value) -> Result<Value, String> {
        let (status, answer) = self.call("POST", &format!("/api/data_source/{uuid}/{call}"), body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        let task = answer["task_id"].as_str().unwrap();
        loop {
            let (status, answer) = self.call("GET", &format!("/api/task/{task}"), "").await;
            assert_eq!(status, 200, "{answer}");
            if let Some(errors) = answer.get("errors") {
                return Err(errors[0].as_str().unwrap().to_owned());
            }
            if answer["status"] != "pending" {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Sends a batch. Returns the status and the JSON body.
    pub async fn batch(&self, uuid: &str, operations: Value) -> (u16, Value) {
        let body = json!({"async": false, "operations": operations}).to_string();
        self.call("POST", &format!("/api/data_source/{uuid}/batch"), body).await
    }

    /// Inserts rows. Panics on an error.
    pub async fn insert(&self, uuid: &str, rows: Value) {
        let answer = self.batch(uuid, json!([{"action": "insert", "rows": rows}])).await;
        assert_eq!(answer, (200, json!({"status": "ok"})));
    }

    /// Returns the path for pushes to a storage.
    pub async fn push_path(&self, uuid: &str) -> String {
        let (status, source) = self.call("GET", &format!("/api/data_source/{uuid}"), "").await;
        assert_eq!(status, 200, "{source}");
        format!("/api/data_source/{uuid}/push/{}", source["token"].as_str().unwrap())
    }

    /// Pushes a row. Panics on an error.
    pub async fn push(&self, uuid: &str, row: Value) {
        let path = self.push_path(uuid).await;
        let answer = self.call_with_key("POST", &path, row.to_string(), None).await;
        assert_eq!(answer, (200, json!({"status": "ok"})), "{row}");
    }

    /// Pushes an invalid row and returns the error.
    pub async fn push_rejection(&self, uuid: &str, row: Value) -> String {
        let path = self.push_path(uuid).await;
        let (status, answer) = self.call_with_key("POST", &path, row.to_string(), None).await;
        assert_eq!((status, &answer["status"]), (400, &json!("error")), "{row}: {answer}");
        answer["errors"][0].as_str().unwrap().to_owned()
    }

    /// Returns the folder of a storage.
    pub fn storage_folder(&self, uuid: &str) -> PathBuf {
        self.folder.path().join("storages").join(uuid)
    }

    /// Sends a query with these options. Returns the status and the JSON body.
    pub async fn ask(&self, uuid: &str, options: Value) -> (u16, Value) {
        self.call("POST", &format!("/api/formatted_data/{uuid}"), options.to_string()).await
    }

    /// Runs a query of one stage and returns the whole body. Panics on an error.
    pub async fn query(&self, uuid: &str, stage: Value) -> Value {
        let options = json!({"order": "row_by_row", "data_processing_pipeline": [stage]});
        let (status, answer) = self.ask(uuid, options).await;
        assert_eq!((status, &answer["status"]), (200, &json!("ok")), "{stage}: {answer}");
        answer
    }

    /// Runs a query of one stage and returns its rows. Panics on an error.
    pub async fn rows(&self, uuid: &str, stage: Value) -> Value {
        self.query(uuid, stage).await["data"].take()
    }

    /// Runs an invalid query of one stage and returns its errors.
    pub async fn rejection(&self, uuid: &str, stage: Value) -> String {
        let options = json!({"order": "row_by_row", "data_processing_pipeline": [stage]});
        let (status, answer) = self.ask(uuid, options).await;
        assert_eq!((status, &answer["status"]), (400, &json!("error")), "{stage}: {answer}");
        answer["errors"].as_array().unwrap().iter().map(|e| e.as_str().unwrap()).collect::<Vec<_>>().join("; ")
    }

    /// Saves the measures of a source, each as `(uuid, name, formula)`.
    pub async fn save_measures(&self, uuid: &str, measures: &[(&str, &str, &str)]) {
        let measure = |(uuid, name, formula): &(&str, &str, &str)| {
            ((*uuid).to_owned(), json!({"name": name, "type": "formula", "data": {"formula": formula}}))
        };
        let measures: Map<String, Value> = measures.iter().map(measure).collect();
        let (status, source) = self.call("GET", &format!("/api/data_source/{uuid}"), "").await;
        assert_eq!(status, 200, "{source}");
        let mut content = source["jsonContent"].clone();
        content["measures"] = measures.into();
        let body = json!({"jsonContent": content}).to_string();
        let (status, answer) = self.call("PUT", &format!("/api/data_source/{uuid}"), body).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Returns the columns of a storage, each as `"name type"`.
    pub async fn columns(&self, uuid: &str) -> Vec<String> {
        let (status, answer) = self.ask(uuid, json!({"only_headers": true})).await;
        assert_eq!((status, &answer["status"]), (200, &json!("ok")), "{answer}");
        let titles = answer["columns_titles"].as_array().unwrap().iter();
        titles.map(|t| format!("{} {}", t["name"].as_str().unwrap(), t["type"].as_str().unwrap())).collect()
    }
}

async fn send(
    http: &Client,
    method: &str,
    url: &str,
    body: impl Into<reqwest::Body>,
    key: Option<&str>,
) -> (u16, String) {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = http.request(method, url).body(body).header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The response for a query of an empty storage.
pub fn empty() -> (u16, Value) {
    (200, json!({"status": "error", "errors": ["Storage source is empty"]}))
}

/// A uuid that no object has.
pub const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

/// A server with the settings of the test, on a temporary data folder.
pub struct TestServer {
    pub server: Server,
    pub folder: TempDir,
    pub http: Client,
}

impl TestServer {
    pub async fn start(settings: impl FnOnce(ServerBuilder) -> ServerBuilder) -> TestServer {
        TestServer::on(tempfile::tempdir().unwrap(), settings).await
    }

    pub async fn on(folder: TempDir, settings: impl FnOnce(ServerBuilder) -> ServerBuilder) -> TestServer {
        let server = settings(Server::builder(folder.path())).start().await.unwrap();
        TestServer { server, folder, http: Client::new() }
    }

    /// Restarts the server with other settings on the same folder.
    pub async fn restart(self, settings: impl FnOnce(ServerBuilder) -> ServerBuilder) -> TestServer {
        self.server.shutdown().await;
        TestServer::on(self.folder, settings).await
    }

    /// Builds a request with this API key; without a key if it is empty.
    pub fn request(&self, key: &str, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.server.url()));
        if key.is_empty() { request } else { request.header("x-api-key", key) }
    }

    /// Sends a request. Returns the status and the JSON body.
    pub async fn call(&self, key: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
        let answer = self.request(key, method, path).body(body.to_owned()).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    /// Creates a storage with these rows.
    pub async fn storage(&self, key: &str, rows: Value) -> String {
        let body = r#"{"name": "x", "type": "Storage", "jsonContent": {}}"#;
        let (status, source) = self.call(key, "POST", "/api/data_source", body).await;
        assert_eq!(status, 201, "{source}");
        let uuid = source["uuid"].as_str().unwrap();
        let batch = json!({"operations": [{"action": "insert", "rows": rows}]}).to_string();
        let (status, answer) = self.call(key, "POST", &format!("/api/data_source/{uuid}/batch"), &batch).await;
        assert_eq!(status, 200, "{answer}");
        uuid.to_owned()
    }

    /// Returns all metrics.
    pub async fn metrics(&self, key: &str) -> String {
        let answer = self.request(key, "GET", "/metrics").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    }

    /// Returns the value of one series of the metrics; 0 if it does not exist.
    pub async fn metric(&self, key: &str, series: &str) -> f64 {
        let text = self.metrics(key).await;
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Logs in as a user and returns a new API key.
    pub async fn log_in(&self, login: &str, password: &str) -> String {
        let answer = self.request("", "GET", "/api/token").basic_auth(login, Some(password)).send().await.unwrap();
        let token: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let token = token["token"].as_str().unwrap();
        let answer = self.request("", "POST", "/api/api_key").header("x-auth-token", token).send().await.unwrap();
        let key: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        key["api_key"].as_str().unwrap().to_owned()
    }
}

/// A server whose only API key is `key`.
pub struct TestServerWithKey(TestServer);

impl TestServerWithKey {
    pub async fn start(settings: impl FnOnce(ServerBuilder) -> ServerBuilder) -> TestServerWithKey {
        TestServerWithKey(TestServer::start(|server| settings(server.api_key("key"))).await)
    }

    /// Restarts the server with other settings on the same folder.
    pub async fn restart(self, settings: impl FnOnce(ServerBuilder) -> ServerBuilder) -> TestServerWithKey {
        TestServerWithKey(self.0.restart(|server| settings(server.api_key("key"))).await)
    }

    /// Returns the data folder.
    pub fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    /// Sends a request with the API key. Returns the status and the JSON body.
    pub async fn call(&self, method: &str, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let (status, text) = self.text(method, path, body, Some("key")).await;
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    /// Sends a request with the API key. Returns the status and the body.
    pub async fn text(
        &self,
        method: &str,
        path: &str,
        body: impl Into<reqwest::Body>,
        key: Option<&str>,
    ) -> (u16, String) {
        send(&self.0.http, method, &format!("{}{path}", self.0.server.url()), body, key).await
    }

    /// Repeats a GET request until the response satisfies the condition, and returns the response.
    pub async fn until(&self, path: &str, is_good: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..2_000 {
            let (status, answer) = self.call("GET", path, "").await;
            assert_eq!(status, 200, "{answer}");
            if is_good(&answer) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{path} does not get there");
    }
}

/// Builds the query string that filters a list by name.
pub fn by_name(name: &str) -> String {
    let filter = json!({"filters": [{"name": "name", "op": "eq", "val": name}]}).to_string();
    let encoded: String = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("?q={encoded}")
}

/// Copies a data folder, as if the engine were killed now.
pub fn copied(from: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(from, folder.path());
    folder
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Returns all files below a folder.
pub fn walk(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// Returns the segments of a storage's write-ahead log.
pub fn segments(folder: &Path, uuid: &str) -> Vec<PathBuf> {
    let journal = folder.join("storages").join(uuid).join("_journal");
    std::fs::read_dir(journal).unwrap().map(|segment| segment.unwrap().path()).collect()
}

/// Returns an engine whose storage has the row 0 in its table and the rows 1 to 3 in its write-ahead log, and copies of
/// its folder at that time, because the engine merges the rows soon, and before the pushes.
pub async fn with_pushes() -> (LocalEngine, String, TempDir, TempDir) {
    loop {
        let engine = LocalEngine::start().await;
        let uuid = engine.loaded("n\n0\n").await;
        let before = copied(engine.folder.path());
        for n in 1..=3 {
            engine.push(&uuid, json!({"n": n})).await;
        }
        let folder = copied(engine.folder.path());
        if segments(folder.path(), &uuid).len() == 1 {
            return (engine, uuid, folder, before);
        }
    }
}
