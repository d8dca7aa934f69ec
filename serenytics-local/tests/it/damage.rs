//! Damaged storages: calls that use them fail with the file and the way out, and a reload replaces them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{LocalEngine, copied, segments, walk, with_pushes};

/// Checks that every read and write of a storage fails, and that the error names the storage and contains `expected`.
async fn assert_damaged(engine: &LocalEngine, uuid: &str, expected: &str, case: &str) {
    let count = json!({"select": [{"name": "$$count$$", "agg_function": "sum"}]});
    let push = engine.push_path(uuid).await;
    let insert = json!({"operations": [{"action": "insert", "rows": [{"n": 9}]}]}).to_string();
    let answers = [
        engine.ask(uuid, json!({"order": "row_by_row"})).await,
        engine.ask(uuid, json!({"data_processing_pipeline": [count]})).await,
        engine.ask(uuid, json!({"only_headers": true})).await,
        engine.call_with_key("POST", &push, r#"{"n": 9}"#, None).await,
        engine.call("POST", &format!("/api/data_source/{uuid}/batch"), insert).await,
    ];
    for (status, answer) in answers {
        let error = answer["errors"][0].as_str().unwrap_or_else(|| panic!("{case}: {answer}"));
        assert_eq!(status, 500, "{case}: {error}");
        assert!(error.starts_with(&format!("the storage `{uuid}` is damaged: ")), "{case}: {error}");
        assert!(error.contains(expected), "{case}: {error}");
        assert!(error.contains("restore the file from a backup, reload the storage"), "{case}: {error}");
        assert!(!error.contains('\n'), "{case}: {error}");
    }
}

fn data_files(folder: &Path, uuid: &str) -> Vec<PathBuf> {
    let mut files = walk(&folder.join("storages").join(uuid));
    files.retain(|file| !file.to_str().unwrap().contains("_delta_log") && file.extension().unwrap() == "parquet");
    files.sort();
    files
}

fn entry(folder: &Path, uuid: &str, version: u64) -> PathBuf {
    folder.join("storages").join(uuid).join(format!("_delta_log/{version:020}.json"))
}

fn acknowledged(folder: &Path, uuid: &str) -> PathBuf {
    folder.join("storages").join(format!("{uuid}.acknowledged"))
}

fn truncate(file: &Path, length: u64) {
    std::fs::File::options().write(true).open(file).unwrap().set_len(length).unwrap();
}

/// Returns the number of files below a folder, which may be missing.
fn files_below(folder: &Path) -> usize {
    if folder.exists() { walk(folder).len() } else { 0 }
}

/// Changes a byte of a file.
fn flip(file: &Path, position: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[position] ^= 0x10;
    std::fs::write(file, bytes).unwrap();
}

const ROWS: &str = "n,t\n0,a\n1,b\n2,c\n";

/// Returns an engine with a storage of three commits, and another storage.
async fn two_storages() -> (LocalEngine, String, String) {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded(ROWS).await;
    engine.insert(&uuid, json!([{"n": 3, "t": "d"}])).await;
    engine.insert(&uuid, json!([{"n": 4, "t": "e"}])).await;
    let other = engine.loaded("n\n7\n").await;
    (engine, uuid, other)
}

fn all_rows() -> Value {
    json!([[0, "a"], [1, "b"], [2, "c"], [3, "d"], [4, "e"]])
}

/// A kind of damage: its name, the damage of a folder, and a part of the error.
type Case = (&'static str, fn(&Path, &str), &'static str);

const DATA_FILES: &[Case] = &[
    ("removed", |folder, uuid| std::fs::remove_file(&data_files(folder, uuid)[1]).unwrap(), ".parquet` is missing"),
    ("emptied", |folder, uuid| truncate(&data_files(folder, uuid)[0], 0), ".parquet` has 0 bytes instead of"),
    ("cut", |folder, uuid| truncate(&data_files(folder, uuid)[2], 300), ".parquet` has 300 bytes instead of"),
    ("longer", |folder, uuid| truncate(&data_files(folder, uuid)[0], 100_000), ".parquet` has 100000 bytes instead of"),
];

const TABLE: &[Case] = &[
    ("newest removed", |folder, uuid| std::fs::remove_file(entry(folder, uuid, 2)).unwrap(), "000002.json` is missing"),
    ("newest emptied", |folder, uuid| truncate(&entry(folder, uuid, 2), 0), "000002.json` is empty"),
    ("newest cut", |folder, uuid| truncate(&entry(folder, uuid, 2), 40), "000002.json` is not JSON from byte 0 on"),
    ("first emptied", |folder, uuid| truncate(&entry(folder, uuid, 0), 0), "000000.json` is empty"),
    ("middle emptied", |folder, uuid| truncate(&entry(folder, uuid, 1), 0), "000001.json` is empty"),
    ("middle removed", |folder, uuid| std::fs::remove_file(entry(folder, uuid, 1)).unwrap(), "000001.json` is missing"),
    ("middle cut", |folder, uuid| truncate(&entry(folder, uuid, 1), 200), "000001.json` is not JSON from byte"),
    ("middle without a line", |folder, uuid| without_line(&entry(folder, uuid, 1), "\"add\""), "was changed"),
    ("newest without a line", |folder, uuid| without_line(&entry(folder, uuid, 2), "\"add\""), "was changed"),
    (
        "two removed",
        |folder, uuid| {
            std::fs::remove_file(entry(folder, uuid, 2)).unwrap();
            std::fs::remove_file(entry(folder, uuid, 1)).unwrap();
        },
        "000001.json` is missing",
    ),
    (
        "log removed",
        |folder, uuid| {
            std::fs::remove_dir_all(folder.join("storages").join(uuid).join("_delta_log")).unwrap();
        },
        "its log has 0 commits instead of 3",
    ),
    (
        "folder removed",
        |folder, uuid| std::fs::remove_dir_all(folder.join("storages").join(uuid)).unwrap(),
        "is missing",
    ),
    (
        "folder and acknowledged removed",
        |folder, uuid| {
            std::fs::remove_dir_all(folder.join("storages").join(uuid)).unwrap();
            std::fs::remove_file(acknowledged(folder, uuid)).unwrap();
        },
        "is missing",
    ),
    (
        "newest and acknowledged removed",
        |folder, uuid| {
            std::fs::remove_file(entry(folder, uuid, 2)).unwrap();
            std::fs::remove_file(acknowledged(folder, uuid)).unwrap();
        },
        "its log has 2 commits instead of 3",
    ),
    (
        "folder emptied",
        |folder, uuid| {
            std::fs::remove_dir_all(folder.join("storages").join(uuid)).unwrap();
            std::fs::create_dir(folder.join("storages").join(uuid)).unwrap();
        },
        "its log has 0 commits instead of 3",
    ),
];

/// Removes the lines of a file that contain a string.
fn without_line(file: &Path, with: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.contains(with)).collect();
    std::fs::write(file, lines.join("\n")).unwrap();
}

#[tokio::test]
async fn damaged_table_is_an_error_after_a_start_until_it_is_restored_or_reloaded() {
    let (engine, uuid, other) = two_storages().await;
    let whole = engine.stop().await;
    for (case, damage, expected) in DATA_FILES.iter().chain(TABLE) {
        let folder = copied(whole.path());
        damage(folder.path(), &uuid);
        let left: Vec<_> =
            walk(folder.path()).into_iter().filter(|file| file.to_str().unwrap().contains(&uuid)).collect();
        let engine = LocalEngine::on(folder).await;
        assert_damaged(&engine, &uuid, expected, case).await;
        assert_eq!(engine.rows(&other, json!({})).await, json!([[7]]), "{case}");
        assert!(left.iter().all(|file| file.exists()), "{case}: files were deleted");
        // The error does not heal by a restart.
        let engine = engine.restart().await;
        assert_damaged(&engine, &uuid, expected, case).await;
        // A failed reload does not heal it either.
        engine.load(&uuid, "n,n\n1,2,3\n").await.unwrap_err();
        assert_damaged(&engine, &uuid, expected, case).await;
        let restored = engine.stop().await;
        let backup = copied(restored.path());
        let _ = std::fs::remove_dir_all(restored.path().join("storages"));
        for file in walk(&whole.path().join("storages")) {
            let target = restored.path().join(file.strip_prefix(whole.path()).unwrap());
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::copy(&file, target).unwrap();
        }
        let engine = LocalEngine::on(restored).await;
        assert_eq!(engine.rows(&uuid, json!({})).await, all_rows(), "{case}");

        let engine = LocalEngine::on(backup).await;
        let files = files_below(&engine.storage_folder(&uuid));
        engine.load(&uuid, "n\n5\n6\n").await.unwrap();
        engine.push(&uuid, json!({"n": 7})).await;
        let engine = engine.restart().await;
        assert_eq!(engine.rows(&uuid, json!({})).await, json!([[5], [6], [7]]), "{case}");
        let aside = engine.folder.path().join("unknown/storages").join(&uuid);
        assert_eq!(files_below(&aside), files, "{case}: the damaged files are kept");
        assert_eq!(engine.rows(&other, json!({})).await, json!([[7]]), "{case}");
    }
}

#[tokio::test]
async fn damage_is_noticed_while_the_server_runs() {
    for (case, damage, expected) in DATA_FILES.iter().chain(&TABLE[..2]) {
        let (engine, uuid, other) = two_storages().await;
        assert_eq!(engine.rows(&uuid, json!({})).await, all_rows());
        let backup = copied(engine.folder.path());
        damage(engine.folder.path(), &uuid);
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_damaged(&engine, &uuid, expected, case).await;
        assert_eq!(engine.rows(&other, json!({})).await, json!([[7]]), "{case}");
        for file in walk(&backup.path().join("storages").join(&uuid)) {
            let target = engine.folder.path().join(file.strip_prefix(backup.path()).unwrap());
            std::fs::copy(file, target).unwrap();
        }
        assert_eq!(engine.rows(&uuid, json!({})).await, all_rows(), "{case}: restored");
        damage(engine.folder.path(), &uuid);
        tokio::time::sleep(Duration::from_millis(1100)).await;
        engine.load(&uuid, "n\n5\n").await.unwrap();
        engine.insert(&uuid, json!([{"n": 6}])).await;
        let engine = engine.restart().await;
        assert_eq!(engine.rows(&uuid, json!({})).await, json!([[5], [6]]), "{case}: reloaded");
    }
}

#[tokio::test]
async fn file_that_is_damaged_between_two_checks_is_never_skipped() {
    let (engine, uuid, _) = two_storages().await;
    for (case, damage, expected) in DATA_FILES {
        let backup = copied(engine.folder.path());
        assert_eq!(engine.rows(&uuid, json!({})).await, all_rows());
        damage(engine.folder.path(), &uuid);
        let (status, answer) = engine.ask(&uuid, json!({"order": "row_by_row"})).await;
        assert!(status == 500 && answer["errors"][0].as_str().unwrap().contains(expected), "{case}: {answer}");
        for file in data_files(backup.path(), &uuid) {
            std::fs::copy(&file, engine.folder.path().join(file.strip_prefix(backup.path()).unwrap())).unwrap();
        }
    }
}

#[tokio::test]
async fn changed_byte_of_a_data_file_is_an_error_and_never_a_wrong_value() {
    let engine = LocalEngine::start().await;
    let rows: String = (0..500).map(|n| format!("{n},text {},{}.5\n", n % 7, n * 3)).collect();
    let uuid = engine.loaded(&format!("n,t,f\n{rows}")).await;
    let queries = [
        json!({}),
        json!({"select": [{"name": "n", "agg_function": "sum"}, {"name": "f", "agg_function": "max"}]}),
        json!({"select": [{"name": "$$count$$", "agg_function": "sum"}], "group_by": ["t"], "order_by": ["t"]}),
        json!({"select": ["n"], "where": [{"name": "t", "op": "==", "value": "text 3"}]}),
    ];
    let mut expected = Vec::new();
    for query in &queries {
        expected.push(engine.rows(&uuid, query.clone()).await);
    }
    // Nothing of the file is cached after a start.
    let folder = engine.stop().await;
    let file = data_files(folder.path(), &uuid).remove(0);
    let length = std::fs::metadata(&file).unwrap().len() as usize;
    let mut engine = LocalEngine::on(folder).await;
    let mut noticed = 0;
    for (count, position) in (0..length).step_by(23).enumerate() {
        if count % 25 == 0 {
            engine = engine.restart().await;
        }
        flip(&file, position);
        for (query, expected) in queries.iter().zip(&expected) {
            let (status, mut answer) =
                engine.ask(&uuid, json!({"order": "row_by_row", "data_processing_pipeline": [query]})).await;
            if status == 200 {
                assert_eq!(answer["data"].take(), *expected, "byte {position}: {query}");
                continue;
            }
            noticed += 1;
            let error = answer["errors"][0].as_str().unwrap();
            assert!(error.contains(&format!("the storage `{uuid}` is damaged: `{}`", file.display())), "{error}");
            assert!(error.contains("do not match their checksum"), "{error}");
        }
        flip(&file, position);
    }
    assert!(noticed > 4 * length / 23 / 2, "only {noticed} of {length} changes were noticed");
    assert_eq!(engine.rows(&uuid, queries[1].clone()).await, expected[1]);
}

#[tokio::test]
async fn checksums_survive_a_checkpoint_and_damage_is_noticed_by_every_export_and_merge() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("n\n1\n").await;
    for n in 0..105 {
        engine.insert(&uuid, json!([{"n": n}])).await;
    }
    let engine = engine.restart().await;
    let folder = engine.stop().await;
    let file = &data_files(folder.path(), &uuid)[0];
    flip(file, 8);
    let engine = LocalEngine::on(folder).await;
    let (status, answer) = engine.ask(&uuid, json!({"order": "row_by_row"})).await;
    assert!(status == 500 && answer["errors"][0].as_str().unwrap().contains("checksum"), "{answer}");
    // Replacing rows reads the file.
    let replace = json!([{"action": "insertOrUpdate", "primaryKey": "n", "rows": [{"n": 1}]}]);
    let (status, answer) = engine.batch(&uuid, replace).await;
    assert!(status == 500 && answer["errors"][0].as_str().unwrap().contains("checksum"), "{answer}");
}

#[tokio::test]
async fn damaged_checkpoint_is_an_error_and_never_a_wrong_answer() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    for n in 0..102 {
        engine.insert(&uuid, json!([{"n": n}])).await;
    }
    let expected = json!((0..102).map(|n| [n]).collect::<Vec<_>>());
    let whole = engine.stop().await;
    let checkpoint = Path::new("storages").join(&uuid).join("_delta_log/00000000000000000099.checkpoint.parquet");
    let length = std::fs::metadata(whole.path().join(&checkpoint)).unwrap().len();
    let mut noticed = 0;
    for position in (0..length).step_by(length as usize / 40) {
        for cut in [false, true] {
            let folder = copied(whole.path());
            let file = folder.path().join(&checkpoint);
            if cut {
                truncate(&file, position)
            } else {
                flip(&file, position as usize)
            };
            let engine = LocalEngine::on(folder).await;
            let (status, mut answer) = engine.ask(&uuid, json!({"order": "row_by_row"})).await;
            if status == 200 {
                assert_eq!(answer["data"].take(), expected, "{position}, {cut}");
                continue;
            }
            noticed += 1;
            let error = answer["errors"][0].as_str().unwrap();
            assert!(error.contains("is damaged: ") && error.contains("_delta_log"), "{position}, {cut}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
    assert!(noticed > 40, "only {noticed} changes were noticed");
}

/// Damage of a segment: its name, the damage, and a part of the error.
type WalCase = (String, Box<dyn Fn(&Path)>, &'static str);

#[tokio::test]
async fn missing_or_truncated_wal_is_an_error() {
    let (_, uuid, left, _) = with_pushes().await;
    let length = std::fs::metadata(&segments(left.path(), &uuid)[0]).unwrap().len();
    let missing = "are missing in its write-ahead log of pushed rows";
    let mut cases: Vec<WalCase> = vec![
        ("file".to_owned(), Box::new(|path: &Path| std::fs::remove_file(path).unwrap()), missing),
        (
            "folder".to_owned(),
            Box::new(|path: &Path| std::fs::remove_dir_all(path.parent().unwrap()).unwrap()),
            missing,
        ),
    ];
    for cut in (0..length).step_by(17) {
        cases.push((format!("cut at {cut}"), Box::new(move |path: &Path| truncate(path, cut)), missing));
        let changed = if cut < length / 3 * 2 { "cannot be read from byte" } else { missing };
        cases.push((format!("changed at {cut}"), Box::new(move |path: &Path| flip(path, cut as usize)), changed));
    }
    for (case, damage, expected) in cases {
        let folder = copied(left.path());
        damage(&segments(folder.path(), &uuid)[0]);
        let engine = LocalEngine::on(folder).await;
        assert_damaged(&engine, &uuid, expected, &case).await;
        let engine = engine.restart().await;
        assert_damaged(&engine, &uuid, expected, &case).await;
        engine.load(&uuid, "n\n5\n").await.unwrap();
        assert_eq!(engine.restart().await.rows(&uuid, json!({})).await, json!([[5]]), "{case}");
    }
}

#[tokio::test]
async fn missing_or_damaged_acknowledged_file_does_not_make_a_storage_unusable() {
    let (engine, uuid, _) = two_storages().await;
    let whole = engine.stop().await;
    for content in [None, Some(""), Some("nonsense")] {
        let folder = copied(whole.path());
        let file = acknowledged(folder.path(), &uuid);
        match content {
            None => std::fs::remove_file(&file).unwrap(),
            Some(content) => std::fs::write(&file, content).unwrap(),
        }
        let engine = LocalEngine::on(folder).await;
        assert_eq!(engine.rows(&uuid, json!({})).await, all_rows());
        engine.insert(&uuid, json!([{"n": 5, "t": "f"}])).await;
        let folder = engine.stop().await;
        std::fs::remove_file(entry(folder.path(), &uuid, 3)).unwrap();
        let engine = LocalEngine::on(folder).await;
        assert_damaged(&engine, &uuid, "000003.json` is missing", "the file exists again").await;
    }
}

#[tokio::test]
async fn older_catalogue_does_not_make_newer_tables_unusable() {
    let (engine, uuid, _) = two_storages().await;
    let folder = engine.stop().await;
    let catalogue = std::fs::read(folder.path().join("catalogue.sqlite")).unwrap();
    let restore = |folder: &Path| {
        for log in ["catalogue.sqlite-wal", "catalogue.sqlite-shm"] {
            let _ = std::fs::remove_file(folder.join(log));
        }
        std::fs::write(folder.join("catalogue.sqlite"), &catalogue).unwrap();
    };
    let engine = LocalEngine::on(folder).await;
    engine.insert(&uuid, json!([{"n": 5, "t": "f"}])).await;
    engine.push(&uuid, json!({"n": 6, "t": "g"})).await;
    let folder = engine.stop().await;
    restore(folder.path());
    let engine = LocalEngine::on(folder).await;
    let count = json!({"select": [{"name": "$$count$$", "agg_function": "sum"}]});
    assert_eq!(engine.rows(&uuid, count.clone()).await, json!([[7]]));

    // The table was damaged and replaced by one with fewer commits after the backup.
    let folder = engine.stop().await;
    std::fs::remove_dir_all(folder.path().join("storages").join(&uuid)).unwrap();
    let engine = LocalEngine::on(folder).await;
    engine.load(&uuid, "n\n1\n").await.unwrap();
    let folder = engine.stop().await;
    restore(folder.path());
    let engine = LocalEngine::on(folder).await;
    assert_eq!(engine.rows(&uuid, count).await, json!([[1]]));
}
