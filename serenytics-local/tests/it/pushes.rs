//! Pushes: their rows before and after the merge into the table, and new columns.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{LocalEngine, empty};

/// Waits until all pushed rows of a storage are merged into its table.
async fn merged(engine: &LocalEngine, uuid: &str) {
    let journal = engine.storage_folder(uuid).join("_journal");
    let begun = Instant::now();
    while std::fs::read_dir(&journal).unwrap().count() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the rows are not merged");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn push_needs_the_token_but_no_api_key() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let (_, source) = engine.call("GET", &format!("/api/data_source/{uuid}"), "").await;
    let token = source["token"].as_str().unwrap();
    let path = format!("/api/data_source/{uuid}/push/{token}");
    for n in 1..=3 {
        let (status, answer) = engine.call_with_key("POST", &path, json!({"n": n}).to_string(), None).await;
        assert_eq!((status, answer), (200, json!({"status": "ok"})));
    }
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1], [2], [3]]));
    let wrong = format!("/api/data_source/{uuid}/push/nope");
    assert_eq!(engine.call("POST", &wrong, "{}").await.0, 401);
    assert_eq!(engine.call("POST", &path, "[1]").await.0, 400);
}

#[tokio::test]
async fn push_with_an_unknown_field_adds_a_column() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("a\n1\n").await;
    engine.push(&uuid, json!({"a": 2, "s": "x", "none": null})).await;
    assert_eq!(engine.columns(&uuid).await, ["a int", "s str"]);
    engine.push(&uuid, json!({"x": 1.5, "t": "2013-01-01T05:00:00Z", "none": 3})).await;
    engine.push(&uuid, json!({"x": 4, "s": 5})).await;
    engine.push(&uuid, json!({})).await;
    let columns = ["a int", "s str", "none int", "t datetime", "x float"];
    let rows = json!([
        [1, null, null, null, null],
        [2, "x", null, null, null],
        [null, null, 3, "2013-01-01T05:00:00", 1.5],
        [null, "5", null, null, 4.0],
        [null, null, null, null, null],
    ]);
    for _ in 0..2 {
        assert_eq!(engine.columns(&uuid).await, columns);
        assert_eq!(engine.rows(&uuid, json!({})).await, rows);
        // A column that the older file does not have is NULL in every clause.
        for (name, sum, min, count) in [("a", json!(3), json!(1), 2), ("x", json!(5.5), json!(1.5), 2)] {
            let select = ["sum", "min", "dcount"].map(|f| json!({"name": name, "agg_function": f}));
            assert_eq!(engine.rows(&uuid, json!({"select": select})).await, json!([[sum, min, count]]), "{name}");
        }
        let undefined = json!({"select": ["a"], "where": [{"name": "s", "op": "is_not_defined"}]});
        assert_eq!(engine.rows(&uuid, undefined).await, json!([[1], [null], [null]]));
        let groups = json!({"group_by": ["none"], "select": [{"name": "$$count$$", "agg_function": "sum"}],
            "order_by": ["none"]});
        assert_eq!(engine.rows(&uuid, groups).await, json!([[3, 1], [null, 4]]));
        merged(&engine, &uuid).await;
    }
    // A batch can use pushed columns.
    engine.insert(&uuid, json!([{"none": 7}])).await;
    let engine = engine.restart().await;
    assert_eq!(engine.columns(&uuid).await, columns);
    let last = json!({"select": ["none"], "where": [{"name": "none", "op": ">", "value": 3}]});
    assert_eq!(engine.rows(&uuid, last).await, json!([[7]]));
}

#[tokio::test]
async fn push_into_an_empty_storage_defines_the_columns() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let forced = json!({"force_types": {"zip": "str", "n": "float"}}).to_string();
    let config = json!({"jsonContent": {"advanced_options": forced}}).to_string();
    engine.call("PUT", &format!("/api/data_source/{uuid}"), config).await;
    let path = engine.push_path(&uuid).await;
    for row in ["{}", r#"{"n": null}"#, r#"{"n": 1, "n": null}"#] {
        let (status, answer) = engine.call_with_key("POST", &path, row, None).await;
        let rejection = answer["errors"][0].as_str().unwrap();
        assert_eq!(status, 400);
        assert!(rejection.starts_with("the row has no value, and the storage has no columns yet"), "{rejection}");
    }
    assert_eq!(engine.ask(&uuid, json!({"order": "row_by_row"})).await, empty());
    let row = r#"{"n": 1, "b": true, "zip": 1000, "nan": NaN, "b": "NaN"}"#;
    assert_eq!(engine.call_with_key("POST", &path, row, None).await.0, 200);
    assert_eq!(engine.columns(&uuid).await, ["n float", "b str", "zip str"]);
    let rows = json!([[1.0, "NaN", "1000"]]);
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
    let engine = engine.restart().await;
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
    // Saved options apply to later columns.
    let config = json!({"jsonContent": {}}).to_string();
    engine.call("PUT", &format!("/api/data_source/{uuid}"), config).await;
    engine.push(&uuid, json!({"m": 1, "n": 2})).await;
    assert_eq!(engine.columns(&uuid).await, ["n float", "b str", "zip str", "m int"]);
}

#[tokio::test]
async fn push_of_an_invalid_row_writes_nothing() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("i,x\n1,1.5\n").await;
    engine.push(&uuid, json!({"i": 2, "new": 1})).await;
    let cases = [
        (json!({"x": "3,4"}), "3,4"),
        (json!({"i": 2.5}), "2.5"),
        (json!({"new": "x"}), "x"),
        (json!({"i": 3, "newer": {"a": 1}}), "{\"a\":1}"),
        (json!({"newest": 1, "i": "x"}), "x"),
    ];
    for (row, given) in cases {
        let message =
            format!("invalid data \"{given}\" was pushed and is incompatible with current table column types");
        assert_eq!(engine.push_rejection(&uuid, row).await, message);
    }
    let rejection = engine.push_rejection(&uuid, json!({"I": 1})).await;
    assert_eq!(rejection, "columns \"i\" and \"I\" differ only in case: rename one");
    let rejection = engine.push_rejection(&uuid, json!({"": 1})).await;
    assert_eq!(rejection, "column 4 has no name: add one");
    let many: serde_json::Map<_, _> = (0..2000).map(|n| (format!("c{n}"), json!(n))).collect();
    let rejection = engine.push_rejection(&uuid, many.into()).await;
    assert!(rejection.contains("a storage may have at most 2000"), "{rejection}");
    assert_eq!(engine.columns(&uuid).await, ["i int", "x float", "new int"]);
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1, 1.5, null], [2, null, 1]]));
}

#[tokio::test]
async fn concurrent_pushes_agree_on_types() {
    let engine = Arc::new(LocalEngine::start().await);
    for round in 0..5 {
        let uuid = engine.storage().await;
        let path = engine.push_path(&uuid).await;
        let pushes: Vec<_> = (0..32)
            .map(|n| {
                let (engine, path) = (Arc::clone(&engine), path.clone());
                let value = if n % 2 == round % 2 { json!(n) } else { json!("a text") };
                tokio::spawn(async move {
                    engine.call_with_key("POST", &path, json!({"v": value}).to_string(), None).await.0
                })
            })
            .collect();
        let mut taken = 0;
        for push in pushes {
            match push.await.unwrap() {
                200 => taken += 1,
                status => assert_eq!(status, 400),
            }
        }
        let columns = engine.columns(&uuid).await;
        let rows = engine.rows(&uuid, json!({})).await;
        assert_eq!(rows.as_array().unwrap().len(), taken);
        match columns[0].as_str() {
            "v int" => assert_eq!(taken, 16),
            other => assert_eq!((other, taken), ("v str", 32)),
        }
    }
}

#[tokio::test]
async fn query_sees_acknowledged_pushes_during_other_pushes() {
    let engine = Arc::new(LocalEngine::start().await);
    let uuid = engine.loaded("n\n0\n").await;
    let path = engine.push_path(&uuid).await;
    let begun = Instant::now();
    let acknowledged = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let pusher = {
        let (engine, acknowledged) = (Arc::clone(&engine), Arc::clone(&acknowledged));
        tokio::spawn(async move {
            let mut n = 0;
            // Long enough for merges in between.
            while begun.elapsed() < Duration::from_secs(7) {
                n += 1;
                assert_eq!(engine.call_with_key("POST", &path, json!({"n": n}).to_string(), None).await.0, 200);
                acknowledged.store(n, std::sync::atomic::Ordering::SeqCst);
                if n % 100 == 0 {
                    tokio::time::sleep(Duration::from_millis(2500)).await;
                }
            }
            n
        })
    };
    let mut queries = 0;
    while !pusher.is_finished() {
        let before = acknowledged.load(std::sync::atomic::Ordering::SeqCst);
        let rows = engine.rows(&uuid, json!({"select": ["n"]})).await;
        let seen: Vec<u64> = rows.as_array().unwrap().iter().map(|row| row[0].as_u64().unwrap()).collect();
        assert!(seen.iter().copied().eq(0..seen.len() as u64), "{seen:?}");
        assert!(seen.len() as u64 > before, "{} rows after {before} pushes", seen.len());
        let sum =
            json!({"select": [{"name": "n", "agg_function": "max"}, {"name": "$$count$$", "agg_function": "sum"}]});
        let row = &engine.rows(&uuid, sum).await[0];
        assert_eq!(row[0].as_u64().unwrap() + 1, row[1].as_u64().unwrap());
        queries += 1;
    }
    let pushed = pusher.await.unwrap();
    assert!(queries > 5 && pushed > 100, "{queries} queries, {pushed} pushes");
    let engine = Arc::into_inner(engine).unwrap().restart().await;
    let rows = engine.rows(&uuid, json!({"select": ["n"]})).await;
    assert_eq!(rows, json!((0..=pushed).map(|n| json!([n])).collect::<Vec<_>>()));
}

#[tokio::test]
async fn query_covers_files_and_unmerged_rows() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("n,s\n1,a\n2,b\n3,c\n").await;
    for (n, s) in [(4, "a"), (5, "b"), (6, "c")] {
        engine.push(&uuid, json!({"n": n, "s": s})).await;
    }
    let where_s = |s: &str| json!([{"name": "s", "op": "==", "value": s}]);
    let cases = [
        (json!({"select": ["n"], "limit": 4}), json!([[1], [2], [3], [4]])),
        (json!({"select": ["n"], "limit": 2}), json!([[1], [2]])),
        (json!({"select": ["n"], "where": where_s("b")}), json!([[2], [5]])),
        (json!({"select": ["n"], "where": where_s("c"), "limit": 1}), json!([[3]])),
        (
            json!({"select": ["n"], "order_by": [{"name": "n", "direction": "desc"}], "limit": 4}),
            json!([[6], [5], [4], [3]]),
        ),
        (
            json!({"group_by": ["s"], "select": [{"name": "n", "agg_function": "sum"}], "order_by": ["s"]}),
            json!([["a", 5], ["b", 7], ["c", 9]]),
        ),
        (
            json!({"select": [{"name": "n", "agg_function": "dcount"}], "where": [{"name": "n", "op": "==", "value": 9}]}),
            json!([[0]]),
        ),
        (json!({"select": [{"name": "sum([n]) / count()"}]}), json!([[3.5]])),
    ];
    for (stage, expected) in cases {
        assert_eq!(engine.rows(&uuid, stage.clone()).await, expected, "{stage}");
    }
    let (_, columns) = engine.ask(&uuid, json!({"data_processing_pipeline": [{"select": ["s"]}]})).await;
    assert_eq!(columns["data"], json!([["a", "b", "c", "a", "b", "c"]]));
    // A sum beyond 64 bits is an error, also for unmerged rows.
    engine.push(&uuid, json!({"n": i64::MAX})).await;
    let rejection = engine.rejection(&uuid, json!({"select": [{"name": "n", "agg_function": "sum"}]})).await;
    assert!(rejection.contains("64 bits"), "{rejection}");
    engine.save_measures(&uuid, &[("u", "twice", "[n] + [n]")]).await;
    let measure = json!({"select": [{"name": "twice", "measureUuid": "u"}]});
    assert!(engine.rejection(&uuid, measure).await.contains("64 bits"));
}

#[tokio::test]
async fn join_covers_unmerged_rows() {
    let engine = LocalEngine::start().await;
    let (sales, regions) = (engine.loaded("country,n\nFR,1\n").await, engine.storage().await);
    let config = json!({"name": "joined", "type": "InnerJoin", "jsonContent": {"joinConfig": [
        {"uuid": sales, "prefix": "s"},
        {"uuid": regions, "prefix": "r", "on": [{"left": format!("{sales}.country"), "right": "country"}]},
    ]}});
    let (status, join) = engine.call("POST", "/api/data_source", config.to_string()).await;
    assert_eq!(status, 201, "{join}");
    let join = join["uuid"].as_str().unwrap();
    assert_eq!(engine.ask(join, json!({"order": "row_by_row"})).await, empty());
    engine.push(&regions, json!({"country": "FR", "region": "Europe"})).await;
    engine.push(&sales, json!({"country": "FR", "n": 2})).await;
    engine.push(&sales, json!({"country": "US", "n": 4})).await;
    let stage = json!({"group_by": [format!("{regions}.region")],
        "select": [{"name": format!("{sales}.n"), "agg_function": "sum"}]});
    assert_eq!(engine.rows(join, stage.clone()).await, json!([["Europe", 3]]));
    let engine = engine.restart().await;
    assert_eq!(engine.rows(join, stage).await, json!([["Europe", 3]]));
}

#[tokio::test]
async fn batch_and_reload_apply_to_unmerged_rows() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("id,v\n1,a\n2,b\n").await;
    engine.push(&uuid, json!({"id": 3, "v": "c", "w": 1})).await;
    engine.push(&uuid, json!({"id": 4, "v": "d"})).await;
    engine.push(&uuid, json!({"id": 5, "v": "e"})).await;
    let operations = json!([
        {"action": "insertOrUpdate", "primaryKey": "id", "rows": [{"id": 4, "v": "D", "w": 2}, {"id": 1, "v": "A"}]},
        {"action": "delete", "primaryKey": "v", "rows": ["c"]},
    ]);
    assert_eq!(engine.batch(&uuid, operations).await.0, 200);
    let rows = json!([[2, "b", null], [5, "e", null], [4, "D", 2], [1, "A", null]]);
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
    engine.push(&uuid, json!({"id": 6})).await;
    assert_eq!(
        engine.batch(&uuid, json!([{"action": "delete", "primaryKey": "id", "rows": [1, 2, 4, 5, 6]}])).await.0,
        200
    );
    assert_eq!(engine.ask(&uuid, json!({"order": "row_by_row"})).await, empty());
    engine.push(&uuid, json!({"id": 7})).await;
    let engine = engine.restart().await;
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[7, null, null]]));

    // A reload drops pushed rows and their columns.
    engine.push(&uuid, json!({"id": 8, "z": "text"})).await;
    engine.load(&uuid, "z\n1\n").await.unwrap();
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1]]));
    engine.push(&uuid, json!({"z": 2})).await;
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1], [2]]));
    let engine = engine.restart().await;
    assert_eq!(engine.columns(&uuid).await, ["z int"]);
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1], [2]]));
}

#[tokio::test]
async fn batch_of_deletions_counts_unmerged_rows_once() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    for id in 0..3 {
        engine.push(&uuid, json!({"id": id})).await;
    }
    // The table does not exist yet; the batch creates it from the remaining rows.
    assert_eq!(engine.batch(&uuid, json!([{"action": "delete", "primaryKey": "id", "rows": [0, 1, 2]}])).await.0, 200);
    assert_eq!(engine.ask(&uuid, json!({"order": "row_by_row"})).await, empty());
    engine.push(&uuid, json!({"id": 3})).await;
    let engine = engine.restart().await;
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[3]]));
}

#[tokio::test]
async fn pushed_rows_are_merged_into_few_files() {
    let engine = Arc::new(LocalEngine::start().await);
    let uuid = engine.storage().await;
    let path = engine.push_path(&uuid).await;
    // Strings that are long enough for several merges.
    let text = "x".repeat(200_000);
    let pushers: Vec<_> = (0..8)
        .map(|pusher| {
            let (engine, path, text) = (Arc::clone(&engine), path.clone(), text.clone());
            tokio::spawn(async move {
                for n in 0..50 {
                    let row = json!({"id": pusher * 50 + n, "text": text});
                    assert_eq!(engine.call_with_key("POST", &path, row.to_string(), None).await.0, 200);
                }
            })
        })
        .collect();
    for pusher in pushers {
        pusher.await.unwrap();
    }
    let check = json!({"select": [{"name": "id", "agg_function": "dcount"}, {"name": "id", "agg_function": "sum"},
        {"name": "$$count$$", "agg_function": "sum"}]});
    let expected = json!([[400, 79_800, 400]]);
    assert_eq!(engine.rows(&uuid, check.clone()).await, expected);
    merged(&engine, &uuid).await;
    assert_eq!(engine.rows(&uuid, check.clone()).await, expected);
    let commits = std::fs::read_dir(engine.storage_folder(&uuid).join("_delta_log")).unwrap().count();
    assert!((2..60).contains(&commits), "{commits} commits");
    let engine = Arc::into_inner(engine).unwrap().restart().await;
    assert_eq!(engine.rows(&uuid, check).await, expected);
}

#[tokio::test]
async fn push_to_a_deleted_source_is_rejected() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let path = engine.push_path(&uuid).await;
    engine.push(&uuid, json!({"n": 1})).await;
    assert_eq!(engine.call("DELETE", &format!("/api/data_source/{uuid}"), "").await.0, 204);
    let (status, answer): (u16, Value) = engine.call_with_key("POST", &path, r#"{"n": 2}"#, None).await;
    assert_eq!(status, 401, "{answer}");
    assert!(!engine.storage_folder(&uuid).exists());
}
