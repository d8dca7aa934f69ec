//! Recovery of data folders after a kill, and damaged data folders.

use std::path::Path;

use serde_json::json;
use serenytics_local::Local;
use tempfile::TempDir;

use crate::support::{LocalEngine, copied, segments, walk, with_pushes};

#[tokio::test]
async fn pushes_survive_a_kill_at_any_time() {
    let (_, uuid, left, before) = with_pushes().await;
    let length = std::fs::metadata(&segments(left.path(), &uuid)[0]).unwrap().len();
    // Each of the three groups has a row of 7 bytes and 36 bytes of framing.
    for cut in (0..length).step_by(5).chain([length]) {
        let folder = copied(left.path());
        // The rows after the cut were not acknowledged yet.
        std::fs::remove_file(folder.path().join("storages").join(format!("{uuid}.acknowledged"))).unwrap();
        for catalogue in ["catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm"] {
            std::fs::copy(before.path().join(catalogue), folder.path().join(catalogue)).unwrap();
        }
        let segment = &segments(folder.path(), &uuid)[0];
        std::fs::File::options().write(true).open(segment).unwrap().set_len(cut).unwrap();
        let kept = cut / (length / 3);
        let mut rows: Vec<_> = (0..=kept).map(|n| json!([n])).collect();
        let engine = LocalEngine::on(folder).await;
        assert_eq!(engine.rows(&uuid, json!({})).await, json!(rows), "cut at {cut} of {length}");
        engine.push(&uuid, json!({"n": 4})).await;
        rows.push(json!([4]));
        let engine = engine.restart().await;
        assert_eq!(engine.rows(&uuid, json!({})).await, json!(rows));
    }
}

#[tokio::test]
async fn merged_wal_segment_that_was_not_removed_adds_no_rows() {
    let (engine, uuid, before, _) = with_pushes().await;
    let segment = &segments(before.path(), &uuid)[0];
    let put_back = |folder: &TempDir| {
        assert!(segments(folder.path(), &uuid).is_empty());
        let journal = folder.path().join("storages").join(&uuid).join("_journal");
        std::fs::copy(segment, journal.join(segment.file_name().unwrap())).unwrap();
    };
    engine.insert(&uuid, json!([{"n": 4}])).await;
    let after = copied(engine.folder.path());
    put_back(&after);
    let recovered = LocalEngine::on(after).await;
    let rows = json!([[0], [1], [2], [3], [4]]);
    assert_eq!(recovered.rows(&uuid, json!({})).await, rows);
    recovered.push(&uuid, json!({"n": 5})).await;
    let recovered = recovered.restart().await;
    assert_eq!(recovered.rows(&uuid, json!({})).await, json!([[0], [1], [2], [3], [4], [5]]));
    // The same after a reload, which drops the rows pushed before it.
    engine.load(&uuid, "other\nx\n").await.unwrap();
    let after = copied(engine.folder.path());
    put_back(&after);
    let recovered = LocalEngine::on(after).await;
    assert_eq!(recovered.rows(&uuid, json!({})).await, json!([["x"]]));
}

#[tokio::test]
async fn damaged_storage_is_an_error_and_others_work() {
    let (engine, journal, folder, _) = with_pushes().await;
    engine.local.shutdown().await;
    let engine = LocalEngine::on(folder).await;
    let (log, fine) = (engine.loaded("n\n1\n").await, engine.loaded("n\n2\n").await);
    engine.push(&fine, json!({"n": 3})).await;
    // A storage that was not used yet keeps its write-ahead log.
    let folder = engine.stop().await;
    let segment = &segments(folder.path(), &journal)[0];
    let mut bytes = std::fs::read(segment).unwrap();
    bytes[40] ^= 1;
    std::fs::write(segment, &bytes).unwrap();
    let commit = folder.path().join("storages").join(&log).join("_delta_log/00000000000000000000.json");
    std::fs::write(commit, "{\"nonsense\"").unwrap();

    let engine = LocalEngine::on(folder).await;
    let query = json!({"order": "row_by_row"});
    let (status, answer) = engine.ask(&journal, query.clone()).await;
    let error = answer["errors"][0].as_str().unwrap();
    assert_eq!(status, 500);
    assert!(error.contains("is damaged: its write-ahead log"), "{error}");
    assert!(error.contains(".rows` cannot be read from byte 0 on, and acknowledged rows follow"), "{error}");
    let push = engine.push_path(&journal).await;
    let (status, answer) = engine.call_with_key("POST", &push, r#"{"n": 9}"#, None).await;
    assert_eq!((status, answer["errors"][0].as_str().unwrap()), (500, error));
    let (status, answer) = engine.ask(&log, query.clone()).await;
    let error = answer["errors"][0].as_str().unwrap();
    assert_eq!(status, 500);
    assert!(error.contains("00000000000000000000.json` is not JSON from byte 0 on"), "{error}");
    assert_eq!(engine.rows(&fine, json!({})).await, json!([[2], [3]]));
    // A damaged storage can be removed.
    for uuid in [journal, log] {
        assert_eq!(engine.call("DELETE", &format!("/api/data_source/{uuid}"), "").await.0, 204);
        assert!(!engine.storage_folder(&uuid).exists());
    }
    let engine = engine.restart().await;
    assert_eq!(engine.rows(&fine, json!({})).await, json!([[2], [3]]));
}

#[tokio::test]
async fn storage_with_thousands_of_commits_opens_quickly() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    for n in 0..210 {
        engine.insert(&uuid, json!([{"n": n}])).await;
    }
    let log = engine.storage_folder(&uuid).join("_delta_log");
    let checkpoints = std::fs::read_dir(log)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().ends_with(".checkpoint.parquet"));
    assert_eq!(checkpoints.count(), 2);
    let engine = engine.restart().await;
    let count = json!({"select": [{"name": "$$count$$", "agg_function": "sum"}]});
    assert_eq!(engine.rows(&uuid, count).await, json!([[210]]));
}

#[tokio::test]
async fn missing_or_empty_catalogue_is_an_error_and_deletes_nothing() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("n\n1\n2\n").await;
    engine.push(&uuid, json!({"n": 3})).await;
    // A killed engine leaves rows of its catalogue in the log of SQLite, a stopped one does not.
    let killed = copied(engine.folder.path());
    let stopped = engine.stop().await;
    for folder in [killed, stopped] {
        let catalogue = folder.path().join("catalogue.sqlite");
        let backup = std::fs::read(&catalogue).unwrap();
        for empty in [false, true] {
            std::fs::remove_file(&catalogue).unwrap();
            if empty {
                std::fs::write(&catalogue, "").unwrap();
            }
            let error = Local::open(folder.path()).await.unwrap_err().to_string();
            assert!(error.contains("has 1 storages") && error.contains("restore the file from a backup"), "{error}");
            std::fs::write(&catalogue, "").unwrap();
        }
        std::fs::write(&catalogue, backup).unwrap();
        let engine = LocalEngine::on(folder).await;
        assert_eq!(engine.rows(&uuid, json!({"order_by": ["n"]})).await, json!([[1], [2], [3]]));
    }
}

#[tokio::test]
async fn storages_that_the_catalogue_does_not_know_are_moved_and_not_deleted() {
    let engine = LocalEngine::start().await;
    let old = engine.loaded("n\n1\n").await;
    let folder = engine.stop().await;
    let backup = copied(folder.path());
    let engine = LocalEngine::on(folder).await;
    let new = engine.loaded("n\n2\n").await;
    engine.push(&new, json!({"n": 3})).await;
    let folder = engine.stop().await;
    for (name, restored) in
        [("catalogue.sqlite", true), ("catalogue.sqlite-wal", false), ("catalogue.sqlite-shm", false)]
    {
        let file = folder.path().join(name);
        if restored {
            std::fs::copy(backup.path().join(name), file).unwrap();
        } else if file.exists() {
            std::fs::remove_file(file).unwrap();
        }
    }
    let newer = copied(folder.path());
    let engine = LocalEngine::on(folder).await;
    assert_eq!(engine.rows(&old, json!({})).await, json!([[1]]));
    let unknown = engine.folder.path().join("unknown");
    assert!(unknown.join("uploads").join(&new).is_file());
    let files = |folder: &Path| {
        let mut files: Vec<_> = walk(folder).into_iter().map(|file| std::fs::read(file).unwrap()).collect();
        files.sort();
        files
    };
    let kept = files(&unknown.join("storages").join(&new));
    assert!(!kept.is_empty());
    assert_eq!(kept, files(&newer.path().join("storages").join(&new)));
}
