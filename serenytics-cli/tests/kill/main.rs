//! Kills the server with SIGKILL at random times during pushes, batches and reloads. Every acknowledged row must be there
//! exactly once, and no operation may be partly applied.
//!
//! Each run prints its seed. `KILL_SEED=N` repeats a run, and `KILL_ROUNDS=N` sets the number of kills.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod model;
#[path = "../support/mod.rs"]
mod support;
mod workers;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use support::Serving;

use self::model::{Keyed, Rows};
use self::workers::{Api, Random};

/// Number of rounds per data folder. Few rounds keep its tables small.
const ROUNDS_OF_A_FOLDER: usize = 20;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_loses_no_acknowledged_write_and_leaves_no_partial_write() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed = setting("KILL_SEED").unwrap_or(now);
    let rounds = setting("KILL_ROUNDS").map_or(100, |rounds| rounds as usize);
    eprintln!("KILL_SEED={seed}");
    let mut random = Random::new(seed);
    let mut operations = 0;
    for first in (0..rounds).step_by(ROUNDS_OF_A_FOLDER) {
        operations += run_rounds(&mut random, ROUNDS_OF_A_FOLDER.min(rounds - first)).await;
    }
    eprintln!("{operations} operations were acknowledged");
    assert!(operations > rounds as u64, "only {operations} operations: too few to prove anything");
}

/// The storages of a data folder, with their expected content.
struct World {
    /// Receives pushes, some with new columns, and inserting batches.
    pushed: Rows,
    /// Receives pushes, and batches that replace the same rows repeatedly.
    keyed: Rows,
    keys: Keyed,
    /// Receives pushes and reloads.
    reloaded: Rows,
    /// Receives pushes of large rows, which cause merges.
    large: Rows,
}

/// Runs the rounds of one data folder. Returns the number of acknowledged operations.
async fn run_rounds(random: &mut Random, rounds: usize) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let mut world: Option<World> = None;
    let mut operations = 0;
    // After the last kill, one round stops the server normally.
    for round in 0..=rounds + 1 {
        let serving = Serving::start(folder.path(), &["--api-key", "key"]);
        let api = Arc::new(Api::new(&serving.url));
        if let Some(world) = &mut world {
            operations += check(world, &api).await;
        }
        if round >= rounds {
            serving.stop("TERM");
            continue;
        }
        let world = match &mut world {
            Some(world) => world,
            None => world.insert(World {
                pushed: Rows::new(api.storage().await),
                keyed: Rows::new(api.keyed_storage().await),
                keys: Keyed::default(),
                reloaded: Rows::new(api.storage().await),
                large: Rows::new(api.storage().await),
            }),
        };
        let mut workers = Vec::new();
        for _ in 0..2 {
            workers.push(tokio::spawn(workers::push(
                Arc::clone(&api),
                world.pushed.shared(),
                random.fork(),
                Shape::Wide,
            )));
            workers.push(tokio::spawn(workers::push(
                Arc::clone(&api),
                world.large.shared(),
                random.fork(),
                Shape::Large,
            )));
        }
        for rows in [&world.pushed, &world.keyed, &world.reloaded] {
            workers.push(tokio::spawn(workers::push(Arc::clone(&api), rows.shared(), random.fork(), Shape::Narrow)));
        }
        workers.push(tokio::spawn(workers::insert(Arc::clone(&api), world.pushed.shared(), random.fork())));
        workers.push(tokio::spawn(workers::replace(Arc::clone(&api), world.keyed.shared(), world.keys.shared())));
        workers.push(tokio::spawn(workers::reload(Arc::clone(&api), world.reloaded.shared(), random.fork())));
        tokio::time::sleep(Duration::from_millis(random.below(300))).await;
        // Dropping kills the server.
        drop(serving);
        for worker in workers {
            worker.await.unwrap();
        }
    }
    operations
}

/// The shape of a pushed row.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Narrow,
    Wide,
    Large,
}

async fn check(world: &mut World, api: &Api) -> u64 {
    let mut operations = 0;
    for rows in [&mut world.pushed, &mut world.keyed, &mut world.large] {
        let ids = api.cells(&rows.uuid(), &json!({"select": ["id"]})).await;
        operations += rows.check(&ids, None);
    }
    let keyed = json!({"select": ["key", "value"], "where": [{"name": "key", "op": "is_defined"}]});
    operations += world.keys.check(&api.rows(&world.keyed.uuid(), &keyed).await);

    let rows = api.rows(&world.reloaded.uuid(), &json!({"select": ["id", "tag"]})).await;
    let (loaded, pushed): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| !row[1].is_null());
    let tags: Vec<u64> = loaded.iter().map(|row| row[1].as_u64().unwrap()).collect();
    let tag = tags.first().copied();
    assert!(tags.iter().all(|other| Some(*other) == tag), "rows of several reloads: {tags:?}");
    assert!([0, workers::RELOADED].contains(&tags.len()), "{} rows of a reload", tags.len());
    let ids: Vec<Value> = pushed.into_iter().map(|row| row[0].clone()).filter(|id| !id.is_null()).collect();
    operations + world.reloaded.check(&ids, Some(tag))
}
