//! A started engine, and short ways to talk to it.

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Map, Value, json};
use serenytics_local::{Local, Server, ServerBuilder};
use tempfile::TempDir;

/// An engine on a folder that is removed with it.
pub struct Engine {
    pub local: Local,
    pub folder: TempDir,
    http: Client,
}

impl Engine {
    pub async fn start() -> Engine {
        Engine::on(tempfile::tempdir().unwrap()).await
    }

    pub async fn on(folder: TempDir) -> Engine {
        let local = Local::open(folder.path()).await.unwrap();
        Engine { local, folder, http: Client::new() }
    }

    /// Stops the engine and gives its folder.
    pub async fn stop(self) -> TempDir {
        self.local.shutdown().await;
        self.folder
    }

    /// Stops the engine and starts another one on the same folder.
    pub async fn restart(self) -> Engine {
        Engine::on(self.stop().await).await
    }

    /// The status and the body of a call with the key.
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

    /// A new storage's uuid.
    pub async fn storage(&self) -> String {
        let body = json!({"name": "flights", "type": "Storage", "jsonContent": {}});
        let (status, source) = self.call("POST", "/api/data_source", body.to_string()).await;
        assert_eq!(status, 201, "{source}");
        source["uuid"].as_str().unwrap().to_owned()
    }

    /// A new storage that holds a CSV file.
    pub async fn loaded(&self, csv: &str) -> String {
        let uuid = self.storage().await;
        self.load(&uuid, csv).await.unwrap();
        uuid
    }

    /// Loads a CSV file; an error is the task's.
    pub async fn load(&self, uuid: &str, csv: impl Into<Vec<u8>>) -> Result<Value, String> {
        self.load_file(uuid, csv, json!({"originalFileName": "flights.csv"})).await
    }

    /// Saves `config`, uploads a file and loads it; an error is the task's.
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

    /// Makes a call of a source that begins a task, and waits for its end; an error is the task's.
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

    /// The status and answer of a batch of these operations.
    pub async fn batch(&self, uuid: &str, operations: Value) -> (u16, Value) {
        let body = json!({"async": false, "operations": operations}).to_string();
        self.call("POST", &format!("/api/data_source/{uuid}/batch"), body).await
    }

    /// Inserts rows, which has to work.
    pub async fn insert(&self, uuid: &str, rows: Value) {
        let answer = self.batch(uuid, json!([{"action": "insert", "rows": rows}])).await;
        assert_eq!(answer, (200, json!({"status": "ok"})));
    }

    /// The path that rows of a storage are pushed to.
    pub async fn push_path(&self, uuid: &str) -> String {
        let (status, source) = self.call("GET", &format!("/api/data_source/{uuid}"), "").await;
        assert_eq!(status, 200, "{source}");
        format!("/api/data_source/{uuid}/push/{}", source["token"].as_str().unwrap())
    }

    /// Pushes a row, which has to work.
    pub async fn push(&self, uuid: &str, row: Value) {
        let path = self.push_path(uuid).await;
        let answer = self.call_with_key("POST", &path, row.to_string(), None).await;
        assert_eq!(answer, (200, json!({"status": "ok"})), "{row}");
    }

    /// Why a pushed row is refused.
    pub async fn push_refusal(&self, uuid: &str, row: Value) -> String {
        let path = self.push_path(uuid).await;
        let (status, answer) = self.call_with_key("POST", &path, row.to_string(), None).await;
        assert_eq!((status, &answer["status"]), (400, &json!("error")), "{row}: {answer}");
        answer["errors"][0].as_str().unwrap().to_owned()
    }

    /// Where a storage is.
    pub fn storage_folder(&self, uuid: &str) -> std::path::PathBuf {
        self.folder.path().join("storages").join(uuid)
    }

    /// The status and answer of a query with these options.
    pub async fn ask(&self, uuid: &str, options: Value) -> (u16, Value) {
        self.call("POST", &format!("/api/formatted_data/{uuid}"), options.to_string()).await
    }

    /// The whole answer of a query of one stage, which has to work.
    pub async fn query(&self, uuid: &str, stage: Value) -> Value {
        let options = json!({"order": "row_by_row", "data_processing_pipeline": [stage]});
        let (status, answer) = self.ask(uuid, options).await;
        assert_eq!((status, &answer["status"]), (200, &json!("ok")), "{stage}: {answer}");
        answer
    }

    /// The rows of a query of one stage, which has to work.
    pub async fn rows(&self, uuid: &str, stage: Value) -> Value {
        self.query(uuid, stage).await["data"].take()
    }

    /// The errors of a query of one stage, which has to be refused.
    pub async fn refusal(&self, uuid: &str, stage: Value) -> String {
        let options = json!({"order": "row_by_row", "data_processing_pipeline": [stage]});
        let (status, answer) = self.ask(uuid, options).await;
        assert_eq!((status, &answer["status"]), (400, &json!("error")), "{stage}: {answer}");
        answer["errors"].as_array().unwrap().iter().map(|e| e.as_str().unwrap()).collect::<Vec<_>>().join("; ")
    }

    /// Saves the measures of a source: `(uuid, name, formula)` each.
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

    /// The columns of a storage: `"name type"` each.
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

/// The answer of a storage without rows.
pub fn empty() -> (u16, Value) {
    (200, json!({"status": "error", "errors": ["Storage source is empty"]}))
}

/// The uuid of nothing.
pub const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

/// A server with settings of a test's choice, on a folder that is removed with it.
pub struct Served {
    pub server: Server,
    pub folder: TempDir,
    pub http: Client,
}

impl Served {
    pub async fn start(settings: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Served {
        Served::on(tempfile::tempdir().unwrap(), settings).await
    }

    pub async fn on(folder: TempDir, settings: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Served {
        let server = settings(Server::builder(folder.path())).start().await.unwrap();
        Served { server, folder, http: Client::new() }
    }

    /// Stops the server and starts another one, with other settings, on the same folder.
    pub async fn restart(self, settings: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Served {
        self.server.shutdown().await;
        Served::on(self.folder, settings).await
    }

    /// A request with this key; an empty one is not sent.
    pub fn request(&self, key: &str, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.server.url()));
        if key.is_empty() { request } else { request.header("x-api-key", key) }
    }

    /// The status and the body of a call.
    pub async fn call(&self, key: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
        let answer = self.request(key, method, path).body(body.to_owned()).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    /// A new storage that holds these rows.
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

    /// All metrics.
    pub async fn metrics(&self, key: &str) -> String {
        let answer = self.request(key, "GET", "/metrics").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    }

    /// The value of one series of the metrics; 0 if there is none.
    pub async fn metric(&self, key: &str, series: &str) -> f64 {
        let text = self.metrics(key).await;
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    /// A new API key of a user.
    pub async fn log_in(&self, login: &str, password: &str) -> String {
        let answer = self.request("", "GET", "/api/token").basic_auth(login, Some(password)).send().await.unwrap();
        let token: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let token = token["token"].as_str().unwrap();
        let answer = self.request("", "POST", "/api/api_key").header("x-auth-token", token).send().await.unwrap();
        let key: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        key["api_key"].as_str().unwrap().to_owned()
    }
}

/// A server with the one API key `key`.
pub struct Keyed(Served);

impl Keyed {
    pub async fn start(settings: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Keyed {
        Keyed(Served::start(|server| settings(server.api_key("key"))).await)
    }

    /// Stops the server and starts another one, with other settings, on the same folder.
    pub async fn restart(self, settings: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Keyed {
        Keyed(self.0.restart(|server| settings(server.api_key("key"))).await)
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    /// The status and the JSON of a call with the key.
    pub async fn call(&self, method: &str, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let (status, text) = self.text(method, path, body, Some("key")).await;
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    /// The status and the text of a call.
    pub async fn text(
        &self,
        method: &str,
        path: &str,
        body: impl Into<reqwest::Body>,
        key: Option<&str>,
    ) -> (u16, String) {
        send(&self.0.http, method, &format!("{}{path}", self.0.server.url()), body, key).await
    }

    /// The last answer of a call that is repeated until its answer is good.
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

/// The query of a list of what has this name.
pub fn by_name(name: &str) -> String {
    let filter = json!({"filters": [{"name": "name", "op": "eq", "val": name}]}).to_string();
    let encoded: String = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("?q={encoded}")
}
