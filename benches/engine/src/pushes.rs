//! Pushes single rows to one storage from many connections, and measures throughput and latency.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::api::Api;
use crate::rows;
use crate::server::Process;
use crate::times::Times;

pub async fn run(connections: usize, seconds: u64) {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path());
    let api = Api::new(&server.url);
    let storage = api.storage("pushed").await;
    api.insert(&storage, vec![rows::object(0)]).await;
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut pushing = JoinSet::new();
    for connection in 0..connections as u64 {
        let (api, storage) = (api.clone(), storage.clone());
        pushing.spawn(async move {
            let mut times = Vec::new();
            let mut row = connection << 32;
            while Instant::now() < end {
                row += 1;
                let body = rows::object(row).to_string();
                let begun = Instant::now();
                api.push(&storage, body).await;
                times.push(begun.elapsed());
            }
            times
        });
    }
    let begun = Instant::now();
    let times = Times(pushing.join_all().await.into_iter().flatten().collect());
    let taken = begun.elapsed().as_secs_f64();
    let pushed = times.0.len();
    assert_eq!(api.count(&storage).await, 1 + pushed as u64, "every acknowledged row is stored");
    println!("| connections | durable pushes per second | ms, p50 | ms, p99 | peak memory, MiB |");
    println!("| ---: | ---: | ---: | ---: | ---: |");
    let rate = pushed as f64 / taken;
    println!("| {connections} | {rate:.0} | {:.1} | {:.1} | {:.0} |", times.median(), times.at(0.99), server.peak());
}
