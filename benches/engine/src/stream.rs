//! Measures how fast the server streams results with many rows, and how much memory it needs.

use std::time::Instant;

use serde_json::{Value, json};

use crate::api::Api;
use crate::rows;
use crate::server::Process;

pub async fn run(rows: u64) {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path());
    let api = Api::new(&server.url);
    let storage = api.storage("rows").await;
    api.reload(&storage, rows::csv(rows)).await;
    println!("| rows | MB | s | rows per second | MiB before | MiB more at the peak |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
    for (rows, stage) in [(rows / 4, json!({"limit": rows / 4})), (rows, Value::Object(Default::default()))] {
        let idle = server.memory();
        server.reset_peak();
        let begun = Instant::now();
        let mut answer = api.begin(&storage, stage).await;
        let (mut size, mut brackets) = (0, 0);
        while let Some(chunk) = answer.chunk().await.unwrap() {
            size += chunk.len();
            brackets += chunk.iter().filter(|byte| **byte == b'[').count();
        }
        // One bracket per row, one for the list of rows and one for the list of titles.
        assert_eq!(brackets as u64, rows + 2);
        let taken = begun.elapsed().as_secs_f64();
        let (size, rate, more) = (size as f64 / 1e6, rows as f64 / taken, server.peak() - idle);
        println!("| {rows} | {size:.0} | {taken:.2} | {rate:.0} | {idle:.0} | {more:.0} |");
    }
}
