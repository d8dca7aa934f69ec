//! Measures the result cache: the time of a query and of its stored answer, and the answers per second of a dashboard.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::api::Api;
use crate::queries::queries;
use crate::rows;
use crate::server::Process;
use crate::times::Times;

/// The default size of the result cache in bytes.
const CACHE: usize = 256 << 20;
/// The number of different queries of the dashboard.
const TILES: usize = 20;

pub async fn run(rows: u64, runs: usize, connections: usize, seconds: u64) {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start_with_cache(folder.path(), CACHE);
    let api = Api::new(&server.url);
    let storage = api.storage("rows").await;
    api.reload(&storage, rows::csv(rows)).await;
    println!("| query over {rows} rows, ms, minimum (median) | first | repeated | first / repeated |");
    println!("| --- | ---: | ---: | ---: |");
    for query in queries() {
        let (mut first, mut repeated) = (Times::default(), Times::default());
        for _ in 0..runs {
            api.invalidate_cache(&storage).await;
            for times in [&mut first, &mut repeated] {
                let begun = Instant::now();
                api.query(&storage, query.stage.clone()).await;
                times.0.push(begun.elapsed());
            }
        }
        let cell = |times: &Times| format!("{:.2} ({:.2})", times.at(0.0), times.median());
        let ratio = |part: f64| first.at(part) / repeated.at(part);
        let (least, median) = (ratio(0.0), ratio(0.5));
        println!("| {} | {} | {} | {least:.0} ({median:.0}) |", query.name, cell(&first), cell(&repeated));
    }
    let idle = server.memory();
    server.reset_peak();
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds);
    let mut running = JoinSet::new();
    for connection in 0..connections {
        let (api, storage) = (api.clone(), storage.clone());
        running.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let begun = Instant::now();
                api.query(&storage, tile((connection + times.len()) % TILES)).await;
                times.push(begun.elapsed());
            }
            times
        });
    }
    let times = Times(running.join_all().await.into_iter().flatten().collect());
    let rate = times.0.len() as f64 / begun.elapsed().as_secs_f64();
    println!("\n{connections} connections, {TILES} different queries, {seconds} s:\n");
    println!("| answers per second | ms, p50 | ms, p99 | memory of the server before, MiB | at the peak |");
    println!("| ---: | ---: | ---: | ---: | ---: |");
    println!("| {rate:.0} | {:.1} | {:.1} | {idle:.0} | {:.0} |", times.median(), times.at(0.99), server.peak());
}

/// Returns one of the queries of a dashboard: the revenue of a product by country.
fn tile(number: usize) -> Value {
    json!({
        "group_by": ["country"],
        "select": [{"name": "revenue", "agg_function": "sum"}],
        "where": [{"name": "product", "op": "==", "value": format!("product {number}")}],
    })
}
