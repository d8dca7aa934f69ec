//! Batches: type inference, invalid values, replaced and deleted rows, concurrency.

use serde_json::{Value, json};

use crate::support::{LocalEngine, empty};

#[tokio::test]
async fn batch_into_an_empty_storage_defines_the_columns() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let body = r#"{"operations": [{"action": "insert", "rows": [
        {"z": "x", "n": 1, "x": 1, "t": "2013-01-01T05:00:00Z", "none": null, "b": true, "m": 1},
        {"n": NaN, "x": 2.5, "t": "2013-01-02", "late": "", "m": "a"}
    ]}]}"#;
    let (status, answer) = engine.call("POST", &format!("/api/data_source/{uuid}/batch"), body).await;
    assert_eq!((status, answer), (200, json!({"status": "ok"})));
    let columns = ["z str", "n int", "x float", "t datetime", "none str", "b str", "m str", "late str"];
    assert_eq!(engine.columns(&uuid).await, columns);
    let rows = json!([
        ["x", 1, 1.0, "2013-01-01T05:00:00", null, "true", "1", null],
        [null, null, 2.5, "2013-01-02T00:00:00", null, null, "a", ""],
    ]);
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
}

#[tokio::test]
async fn batch_into_an_empty_storage_uses_forced_types() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let forced = json!({"force_types": {"zip": "str", "n": "float"}}).to_string();
    let config = json!({"jsonContent": {"advanced_options": forced}}).to_string();
    engine.call("PUT", &format!("/api/data_source/{uuid}"), config).await;
    engine.insert(&uuid, json!([{"n": 1, "zip": 1000}])).await;
    assert_eq!(engine.columns(&uuid).await, ["n float", "zip str"]);
}

#[tokio::test]
async fn batch_with_an_invalid_value_changes_nothing() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("i,x,t,s\n1,1.5,2013-01-01,a\n").await;
    let before = engine.rows(&uuid, json!({})).await;
    let types = json!({"i": "an integer", "x": "a number", "t": "a datetime", "s": "a text"});
    let cases = [
        (json!({"x": "3,4"}), "3,4"),
        (json!({"i": 2.5}), "2.5"),
        (json!({"i": "2.0"}), "2.0"),
        (json!({"i": 1e30}), "1e+30"),
        (json!({"i": ""}), ""),
        (json!({"i": true}), "true"),
        (json!({"t": "tomorrow"}), "tomorrow"),
        (json!({"t": 20130101}), "20130101"),
        (json!({"s": ["a"]}), "[\"a\"]"),
    ];
    for (row, given) in cases {
        let rows = json!([{"action": "insert", "rows": [{"i": 7}, row]}]);
        let (status, answer) = engine.batch(&uuid, rows).await;
        let message =
            format!("invalid data \"{given}\" was pushed and is incompatible with current table column types");
        let (name, _) = row.as_object().unwrap().iter().next().unwrap();
        let place = format!("operation 1, row 2, column {name:?}: not {}", types[name].as_str().unwrap());
        assert_eq!((status, answer), (400, json!({"status": "error", "errors": [message, place]})), "{row}");
        assert_eq!(engine.rows(&uuid, json!({})).await, before);
    }
    // These fit.
    let rows = json!([
        {"i": 2.0, "x": 3, "t": "2013-01-02T10:00:00+01:00", "s": 5, "unknown": {}},
        {"i": "4", "x": "3.4", "s": ""},
    ]);
    engine.insert(&uuid, rows).await;
    let rows = json!([[1, 1.5, "2013-01-01T00:00:00", "a"], [2, 3.0, "2013-01-02T09:00:00", "5"], [4, 3.4, null, ""],]);
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
}

#[tokio::test]
async fn batch_operations_run_in_order() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("id,v\n1,a\n2,b\n3,c\n,d\n").await;
    let insert = |rows: Value| json!({"action": "insert", "rows": rows});
    let upsert = |rows: Value| json!({"action": "insertOrUpdate", "rows": rows, "primaryKey": "id"});
    let delete = |keys: Value| json!({"action": "delete", "rows": keys, "primaryKey": "id"});
    let operations = json!([
        insert(json!([{"id": 4, "v": "new"}, {"id": 5, "v": "gone"}])),
        upsert(json!([{"id": 2, "v": "B"}, {"id": 4, "v": "D1"}, {"id": 4, "v": "D2"}, {"id": 6}])),
        delete(json!([3, "5", 99])),
    ]);
    assert_eq!(engine.batch(&uuid, operations).await.0, 200);
    let rows = json!([[1, "a"], [null, "d"], [2, "B"], [4, "D2"], [6, null]]);
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
    let log = engine.folder.path().join("storages").join(&uuid).join("_delta_log");
    assert_eq!(std::fs::read_dir(&log).unwrap().count(), 2, "a batch is one commit");

    // Deleting everything leaves an empty storage with its columns.
    assert_eq!(engine.batch(&uuid, json!([delete(json!([1, 2, 4, 6]))])).await.0, 200);
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[null, "d"]]));
    let by_value = json!([{"action": "delete", "rows": ["d"], "primaryKey": "v"}]);
    assert_eq!(engine.batch(&uuid, by_value).await.0, 200);
    assert_eq!(engine.ask(&uuid, json!({"order": "row_by_row"})).await, empty());
    engine.insert(&uuid, json!([{"id": "8", "w": 1}])).await;
    assert_eq!(engine.columns(&uuid).await, ["id int", "v str"]);
    let engine = engine.restart().await;
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[8, null]]));
}

#[tokio::test]
async fn batch_operation_does_not_change_rows_of_later_operations() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("id,v\n1,a\n2,b\n").await;
    let insert = |rows: Value| json!({"action": "insert", "rows": rows});
    let upsert = |key: &str, rows: Value| json!({"action": "insertOrUpdate", "rows": rows, "primaryKey": key});
    let delete = |key: &str, keys: Value| json!({"action": "delete", "rows": keys, "primaryKey": key});
    let operations = json!([
        insert(json!([{"id": 3, "v": "c"}, {"id": 3, "v": "again"}, {"id": 4, "v": "d"}, {"v": "no key"}])),
        delete("id", json!([3, 1])),
        insert(json!([{"id": 3, "v": "back"}, {"id": 1, "v": "back"}, {"id": 7, "v": "d"}])),
        delete("v", json!(["d"])),
        upsert("id", json!([{"id": 7, "v": "d"}, {"id": 8, "v": "d"}])),
        upsert("v", json!([{"id": 7, "v": "e"}, {"id": 9, "v": "back"}])),
        delete("id", json!([8])),
        insert(json!([{"id": 8, "v": "last"}])),
    ]);
    assert_eq!(engine.batch(&uuid, operations).await.0, 200);
    let rows = json!([[2, "b"], [null, "no key"], [7, "d"], [7, "e"], [9, "back"], [8, "last"]]);
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
}

#[tokio::test]
async fn batch_of_a_thousand_operations_scans_the_rows_once() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let rows: Vec<_> = (0..100_000).map(|n| json!({"a": n % 1000})).collect();
    let mut operations = vec![json!({"action": "insert", "rows": rows})];
    operations.extend((0..999).map(|n| json!({"action": "delete", "rows": [n], "primaryKey": "a"})));
    let begun = std::time::Instant::now();
    assert_eq!(engine.batch(&uuid, operations.into()).await.0, 200);
    assert!(begun.elapsed().as_secs() < 15, "{:?}", begun.elapsed());
    let count = json!({"group_by": ["a"], "select": [{"name": "$$count$$", "agg_function": "sum"}]});
    assert_eq!(engine.rows(&uuid, count).await, json!([[999, 100]]));
}

#[tokio::test]
async fn batch_finds_keys_of_every_type() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("i,x,t,s\n1,0.5,2013-01-01,a\n2,-0.0,2013-01-02,b\n").await;
    for (key, value) in [("i", json!(1)), ("x", json!(0)), ("t", json!("2013-01-01T01:00:00+01:00")), ("s", json!("b"))]
    {
        let row = json!({key: value, "i": 9});
        let upsert = json!([{"action": "insertOrUpdate", "rows": [row], "primaryKey": key}]);
        assert_eq!(engine.batch(&uuid, upsert).await.0, 200, "{key}");
        let count = json!({"select": [{"name": "$$count$$", "agg_function": "sum"}]});
        let rows = engine.rows(&uuid, count).await[0][0].as_i64().unwrap();
        assert!(rows >= 2, "{key}: {rows} rows");
        engine.load(&uuid, "i,x,t,s\n1,0.5,2013-01-01,a\n2,-0.0,2013-01-02,b\n").await.unwrap();
    }
}

#[tokio::test]
async fn batch_with_mistakes_is_rejected_with_a_reason() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("id,v\n1,a\n").await;
    let cases = [
        (json!([{"action": "upsert", "rows": []}]), "one of insert, insertOrUpdate, delete"),
        (json!([{"action": "insert", "rows": [1]}]), "a value that is not an object"),
        (json!([{"action": "insertOrUpdate", "rows": [{"id": 1}]}]), "need `primaryKey`"),
        (json!([{"action": "delete", "rows": [1], "primaryKey": "nope"}]), "is not a column"),
        (
            json!([{"action": "insertOrUpdate", "rows": [{"v": "x"}], "primaryKey": "id"}]),
            "the primary key \"id\" has no value",
        ),
        (json!([{"action": "delete", "rows": [null], "primaryKey": "id"}]), "a primary key is never null"),
        (json!([{"action": "delete", "rows": [{"id": 1}], "primaryKey": "id"}]), "not objects"),
        (json!({"action": "insert"}), "invalid JSON body"),
    ];
    for (operations, expected) in cases {
        let (status, answer) = engine.batch(&uuid, operations.clone()).await;
        assert_eq!(status, 400, "{operations}: {answer}");
        assert!(answer["errors"][0].as_str().unwrap().contains(expected), "{operations}: {answer}");
    }
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1, "a"]]));
}

#[tokio::test]
async fn batch_files_are_compacted() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    for n in 0..110 {
        engine.insert(&uuid, json!([{"n": n}])).await;
    }
    let rows = engine.rows(&uuid, json!({})).await;
    let expected: Vec<_> = (0..110).map(|n| json!([n])).collect();
    assert_eq!(rows, json!(expected));
    let folders = std::fs::read_dir(engine.folder.path().join("storages").join(&uuid)).unwrap().count();
    assert!(folders < 40, "{folders} commits' files are left");
    // By now the log has a checkpoint.
    let engine = engine.restart().await;
    assert_eq!(engine.rows(&uuid, json!({})).await, json!(expected));
}

#[tokio::test]
async fn concurrent_batches_lose_no_rows() {
    let engine = std::sync::Arc::new(LocalEngine::start().await);
    let uuid = engine.loaded("n\n0\n").await;
    let writers: Vec<_> = (1..=8)
        .map(|n| {
            let (engine, uuid) = (std::sync::Arc::clone(&engine), uuid.clone());
            tokio::spawn(async move { engine.insert(&uuid, json!([{"n": n}])).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let stage = json!({"select": [{"name": "n", "agg_function": "sum"}]});
    assert_eq!(engine.rows(&uuid, stage).await, json!([[36]]));
}

#[tokio::test]
async fn batch_with_too_many_columns_is_rejected() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let row: serde_json::Map<_, _> = (0..3000).map(|n| (format!("c{n}"), json!(n))).collect();
    let (status, answer) = engine.batch(&uuid, json!([{"action": "insert", "rows": [row]}])).await;
    assert_eq!(status, 400);
    assert!(answer["errors"][0].as_str().unwrap().contains("a storage may have at most 2000"), "{answer}");
}

#[tokio::test]
async fn reload_and_batch_are_atomic_for_readers() {
    let engine = std::sync::Arc::new(LocalEngine::start().await);
    let csv = |value: i32| format!("n\n{}", format!("{value}\n").repeat(2000));
    let uuid = engine.loaded(&csv(1)).await;
    let writer = {
        let (engine, uuid) = (std::sync::Arc::clone(&engine), uuid.clone());
        tokio::spawn(async move {
            for value in 2..10 {
                engine.load(&uuid, csv(value)).await.unwrap();
                let delete = json!([{"action": "delete", "rows": [value], "primaryKey": "n"}, {
                    "action": "insert", "rows": vec![json!({"n": 1}); 2000],
                }]);
                assert_eq!(engine.batch(&uuid, delete).await.0, 200);
            }
        })
    };
    let mut answers = 0;
    while !writer.is_finished() {
        let rows = engine.rows(&uuid, json!({"select": ["n"]})).await;
        let rows = rows.as_array().unwrap();
        assert_eq!(rows.len(), 2000);
        assert!(rows.iter().all(|row| row == &rows[0]));
        answers += 1;
    }
    writer.await.unwrap();
    assert!(answers > 5, "{answers} answers");
}
