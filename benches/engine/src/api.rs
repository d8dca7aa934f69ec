//! A minimal client for the REST API, with the calls that the benchmarks make.

use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::server::KEY;

/// A client of one server.
#[derive(Clone)]
pub struct Api {
    http: Client,
    url: String,
}

/// A storage: its uuid and its push token.
#[derive(Clone)]
pub struct Storage {
    pub uuid: String,
    pub token: String,
}

impl Api {
    pub fn new(url: &str) -> Api {
        Api { http: Client::builder().no_proxy().build().unwrap(), url: url.to_owned() }
    }

    async fn call(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        let url = format!("{}{path}", self.url);
        let answer = self.http.post(url).header("x-api-key", KEY).body(body).send().await.unwrap();
        let status = answer.status();
        if !status.is_success() {
            panic!("{path}: {status} {}", answer.text().await.unwrap());
        }
        answer
    }

    async fn json(&self, path: &str, body: Value) -> Value {
        parsed(self.call(path, body.to_string()).await).await
    }

    pub async fn storage(&self, name: &str) -> Storage {
        let source = self.json("/api/data_source", json!({"name": name, "type": "Storage"})).await;
        Storage { uuid: text(&source["uuid"]), token: text(&source["token"]) }
    }

    /// Replaces all rows with those of a CSV file and waits until they are loaded.
    pub async fn reload(&self, storage: &Storage, csv: reqwest::Body) {
        let path = format!("/api/data_source/{}", storage.uuid);
        let put = self.http.put(format!("{}{path}", self.url)).header("x-api-key", KEY);
        let saved = put.body(json!({"originalFileName": "rows.csv"}).to_string()).send().await.unwrap();
        assert!(saved.status().is_success(), "{:?}", saved.text().await);
        self.call(&format!("{path}/file"), csv).await;
        let task = text(&self.json(&format!("{path}/reload_from_file"), json!({"async": true})).await["task_id"]);
        loop {
            let get = self.http.get(format!("{}/api/task/{task}", self.url)).header("x-api-key", KEY);
            let state = parsed(get.send().await.unwrap()).await;
            match state["status"].as_str() {
                Some("pending") => tokio::time::sleep(Duration::from_millis(100)).await,
                Some("done") => return,
                _ => panic!("{state}"),
            }
        }
    }

    /// Removes the stored answers of queries on a storage.
    pub async fn invalidate_cache(&self, storage: &Storage) {
        self.call(&format!("/api/data_source/{}/invalidate_cache", storage.uuid), "").await;
    }

    pub async fn insert(&self, storage: &Storage, rows: Vec<Value>) {
        let body = json!({"operations": [{"action": "insert", "rows": rows}]});
        self.json(&format!("/api/data_source/{}/batch", storage.uuid), body).await;
    }

    pub async fn push(&self, storage: &Storage, row: String) {
        let path = format!("/api/data_source/{}/push/{}", storage.uuid, storage.token);
        self.call(&path, row).await.bytes().await.unwrap();
    }

    /// Sends a query and returns the response before its body is read.
    pub async fn begin(&self, storage: &Storage, stage: Value) -> Response {
        let body = json!({"order": "row_by_row", "data_processing_pipeline": [stage]});
        self.call(&format!("/api/formatted_data/{}", storage.uuid), body.to_string()).await
    }

    pub async fn query(&self, storage: &Storage, stage: Value) -> Vec<Value> {
        let mut answer = parsed(self.begin(storage, stage).await).await;
        assert_eq!(answer["status"], "ok", "{answer}");
        match answer["data"].take() {
            Value::Array(rows) => rows,
            other => panic!("{other}"),
        }
    }

    pub async fn count(&self, storage: &Storage) -> u64 {
        let stage = json!({"select": [{"name": "$$count$$", "agg_function": "sum"}]});
        self.query(storage, stage).await[0][0].as_u64().unwrap()
    }
}

async fn parsed(answer: Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
