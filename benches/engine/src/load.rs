//! Runs queries, pushes and batches at the same time on a few storages, and checks that no call fails.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::api::{Api, Storage};
use crate::rows;
use crate::server::Process;
use crate::times::Times;

const STORAGES: usize = 4;
const ROWS: u64 = 200_000;

/// The calls that each connection makes, in this order.
const TURNS: [&str; 10] = ["groups", "push", "rows", "push", "maximum", "push", "groups", "push", "distinct", "batch"];

pub async fn run(connections: usize, seconds: u64) {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path());
    let api = Api::new(&server.url);
    let mut storages = Vec::new();
    for index in 0..STORAGES {
        let storage = api.storage(&format!("storage {index}")).await;
        api.reload(&storage, rows::csv(ROWS)).await;
        storages.push(storage);
    }
    let idle = server.memory();
    server.reset_peak();
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds);
    let mut running = JoinSet::new();
    for connection in 0..connections {
        let (api, storages) = (api.clone(), storages.clone());
        running.spawn(async move {
            let mut times: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
            let mut turn = connection * 7;
            while Instant::now() < end {
                turn += 1;
                let what = TURNS[turn % TURNS.len()];
                let begun = Instant::now();
                call(&api, &storages[turn % STORAGES], what, (connection << 32 | turn) as u64).await;
                times.entry(what).or_default().push(begun.elapsed());
            }
            times
        });
    }
    let mut halfway = f64::NAN;
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(500)).await;
        if begun.elapsed().as_secs() * 2 >= seconds && halfway.is_nan() {
            halfway = server.peak();
        }
    }
    let mut all: BTreeMap<&str, Times> = BTreeMap::new();
    for (what, times) in running.join_all().await.into_iter().flatten() {
        all.entry(what).or_default().0.extend(times);
    }
    let taken = begun.elapsed().as_secs_f64();
    println!("{connections} connections, {taken:.0} s, no error\n");
    println!("| call | per second | ms, p50 | ms, p99 |\n| --- | ---: | ---: | ---: |");
    for (what, times) in &all {
        let rate = times.0.len() as f64 / taken;
        println!("| {what} | {rate:.1} | {:.0} | {:.0} |", times.median(), times.at(0.99));
    }
    let total: usize = all.values().map(|times| times.0.len()).sum();
    println!("| all | {:.1} | | |\n", total as f64 / taken);
    println!(
        "Memory, MiB: {idle:.0} before, peak {halfway:.0} in the first half, {:.0} in the whole run.",
        server.peak()
    );
}

async fn call(api: &Api, storage: &Storage, what: &str, row: u64) {
    let aggregate = |name: &str, function: &str| json!({"name": name, "agg_function": function});
    let stage: Value = match what {
        "push" => return api.push(storage, rows::object(row).to_string()).await,
        "batch" => return api.insert(storage, (0..100).map(|other| rows::object(row ^ other << 20)).collect()).await,
        "groups" => json!({
            "group_by": ["country", {"name": "date", "timeslot": "month"}],
            "select": [aggregate("revenue", "sum"), aggregate("$$count$$", "sum")],
        }),
        "rows" => json!({"where": [{"name": "customer", "op": "<", "value": "2000"}], "limit": 1000}),
        "maximum" => json!({
            "select": [aggregate("revenue", "max")],
            "where": [{"name": "country", "op": "==", "value": "C07"}],
        }),
        _ => json!({"group_by": ["country"], "select": [aggregate("customer", "dcount")]}),
    };
    api.query(storage, stage).await;
}
