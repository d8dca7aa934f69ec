//! Workers that send requests to a server until it is killed.

use std::sync::{Arc, Mutex};

use reqwest::Client;
use serde_json::{Value, json};

use crate::Shape;
use crate::model::{KEYS, SharedRows, Values};

/// Number of rows per reload.
pub const RELOADED: usize = 30;

/// A deterministic random number generator (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn fork(&mut self) -> Random {
        Random(self.next())
    }
}

/// Calls to a server that may be killed at any time.
pub struct Api {
    url: String,
    http: Client,
}

/// The server was killed; the call may or may not have been applied.
pub struct Gone;

impl Api {
    pub fn new(url: &str) -> Api {
        Api { url: url.to_owned(), http: Client::new() }
    }

    /// Sends a request that must succeed unless the server is killed.
    async fn call(&self, method: reqwest::Method, path: &str, body: String) -> Result<Value, Gone> {
        let request = self.http.request(method, format!("{}{path}", self.url)).header("x-api-key", "key").body(body);
        let answer = request.send().await.map_err(|_| Gone)?;
        let status = answer.status();
        let text = answer.text().await.map_err(|_| Gone)?;
        assert!(status.is_success(), "{path}: {status} {text}");
        Ok(serde_json::from_str(&text).unwrap())
    }

    async fn post(&self, path: &str, body: String) -> Result<Value, Gone> {
        self.call(reqwest::Method::POST, path, body).await
    }

    async fn source(&self, uuid: &str) -> Result<Value, Gone> {
        self.call(reqwest::Method::GET, &format!("/api/data_source/{uuid}"), String::new()).await
    }

    /// Creates a storage, on a running server.
    pub async fn storage(&self) -> String {
        let forced = json!({"force_types": {"id": "int", "key": "int", "value": "int", "tag": "int"}}).to_string();
        let content = json!({"advanced_options": forced});
        let body = json!({"name": "x", "type": "Storage", "originalFileName": "x.csv", "jsonContent": content});
        let Ok(source) = self.post("/api/data_source", body.to_string()).await else { panic!("the server is gone") };
        source["uuid"].as_str().unwrap().to_owned()
    }

    /// Creates a storage with the columns of [`replace`].
    pub async fn keyed_storage(&self) -> String {
        let uuid = self.storage().await;
        let body = json!({"operations": [{"action": "insert", "rows": [{"id": null, "key": null, "value": null}]}]});
        let made = self.post(&format!("/api/data_source/{uuid}/batch"), body.to_string()).await;
        assert!(made.is_ok());
        uuid
    }

    /// Returns the rows of a query, on a running server. A storage without columns has no rows.
    pub async fn rows(&self, uuid: &str, stage: &Value) -> Vec<Value> {
        let path = format!("/api/formatted_data/{uuid}");
        let Ok(headers) = self.post(&path, r#"{"only_headers": true}"#.to_owned()).await else {
            panic!("the server is gone")
        };
        let titles: Vec<&str> = headers["columns_titles"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|title| title["name"].as_str().unwrap())
            .collect();
        let select = stage["select"].as_array().unwrap();
        let is_there = |name: &Value| titles.contains(&name.as_str().unwrap());
        // A column that does not exist yet counts as NULL in every row.
        let present: Vec<&Value> = select.iter().filter(|name| is_there(name)).collect();
        if present.is_empty() || stage.get("where").is_some() && present.len() < select.len() {
            return Vec::new();
        }
        let mut known = stage.clone();
        known["select"] = json!(present);
        let query = json!({"order": "row_by_row", "data_processing_pipeline": [known]});
        let Ok(mut answer) = self.post(&path, query.to_string()).await else { panic!("the server is gone") };
        assert_eq!(answer["status"], "ok", "{answer}");
        let Value::Array(rows) = answer["data"].take() else { panic!("{answer}") };
        let widened = |row: Value| {
            let mut cells = row.as_array().unwrap().clone().into_iter();
            select.iter().map(|name| if is_there(name) { cells.next().unwrap() } else { Value::Null }).collect()
        };
        rows.into_iter().map(widened).collect()
    }

    /// Returns the non-NULL cells of a query of one column.
    pub async fn cells(&self, uuid: &str, stage: &Value) -> Vec<Value> {
        let rows = self.rows(uuid, stage).await;
        rows.into_iter().map(|row| row[0].clone()).filter(|cell| !cell.is_null()).collect()
    }
}

/// Pushes rows, one after another.
pub async fn push(api: Arc<Api>, rows: SharedRows, mut random: Random, shape: Shape) {
    let Ok(source) = api.source(&rows.uuid).await else { return };
    let path = format!("/api/data_source/{}/push/{}", rows.uuid, source["token"].as_str().unwrap());
    loop {
        let (index, ids) = rows.add(1);
        let mut row = json!({"id": ids[0]});
        match shape {
            Shape::Wide if random.below(5) == 0 => row[format!("c{}", random.below(30))] = json!(1),
            Shape::Large => row["text"] = "x".repeat(400_000).into(),
            _ => {}
        }
        if api.post(&path, row.to_string()).await.is_err() {
            return;
        }
        rows.added(index);
    }
}

/// Inserts batches of rows, one after another.
pub async fn insert(api: Arc<Api>, rows: SharedRows, mut random: Random) {
    let path = format!("/api/data_source/{}/batch", rows.uuid);
    loop {
        let (index, ids) = rows.add(1 + random.below(50));
        let batch: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
        let body = json!({"operations": [{"action": "insert", "rows": batch}]});
        if api.post(&path, body.to_string()).await.is_err() {
            return;
        }
        rows.added(index);
    }
}

/// Sends batches that replace the same rows and also insert new ones, one after another.
pub async fn replace(api: Arc<Api>, rows: SharedRows, values: Arc<Mutex<Values>>) {
    let path = format!("/api/data_source/{}/batch", rows.uuid);
    loop {
        let value = {
            let mut values = values.lock().unwrap();
            values.sent += 1;
            values.sent
        };
        let (index, ids) = rows.add(3);
        let replaced: Vec<_> = (0..KEYS).map(|key| json!({"key": key, "value": value})).collect();
        let added: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
        let body = json!({"operations": [
            {"action": "delete", "primaryKey": "key", "rows": [0, 1, 2]},
            {"action": "insertOrUpdate", "primaryKey": "key", "rows": replaced},
            {"action": "insert", "rows": added},
        ]});
        if api.post(&path, body.to_string()).await.is_err() {
            return;
        }
        rows.added(index);
        let mut values = values.lock().unwrap();
        values.acknowledged = value;
        values.count += 1;
    }
}

/// Reloads a storage, again and again.
pub async fn reload(api: Arc<Api>, rows: SharedRows, mut random: Random) {
    let path = format!("/api/data_source/{}", rows.uuid);
    loop {
        let tag = rows.reload();
        let file = format!("id,tag\n{}", format!(",{tag}\n").repeat(RELOADED));
        if api.post(&format!("{path}/file"), file).await.is_err() {
            return;
        }
        let Ok(task) = api.post(&format!("{path}/reload_from_file"), r#"{"async": true}"#.to_owned()).await else {
            return;
        };
        loop {
            let task = format!("/api/task/{}", task["task_id"].as_str().unwrap());
            let Ok(state) = api.call(reqwest::Method::GET, &task, String::new()).await else { return };
            assert!(state.get("errors").is_none(), "{state}");
            if state["status"] != "pending" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        rows.reloaded(tag);
        // Leave time for pushes between two reloads.
        tokio::time::sleep(std::time::Duration::from_millis(random.below(80))).await;
    }
}
