//! Updates from a file: replaced and inserted rows, and invalid files.

use serde_json::{Value, json};

use crate::support::LocalEngine;

/// Uploads a file and updates a storage from it. An error is the error of the task.
async fn update(engine: &LocalEngine, uuid: &str, csv: &str, key: &str) -> Result<Value, String> {
    engine.attach(uuid, csv, json!({"originalFileName": "a.csv"})).await;
    engine.run(uuid, "update_from_file", json!({"primary_key": key, "async": true})).await
}

#[tokio::test]
async fn update_from_file_replaces_and_inserts_in_one_commit() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("id,v,w\n1,a,x\n2,b,x\n3,c,x\n,d,x\n").await;
    // The last row of equal keys wins, the columns have the order of the file, and missing columns are NULL.
    let done = update(&engine, &uuid, "v,id\nB,2\nnew,4\nnewer,4\nE,5\n", "id").await.unwrap();
    assert_eq!(done, json!({"status": "done", "nb_rows": 6}));
    let rows =
        json!([[1, "a", "x"], [3, "c", "x"], [null, "d", "x"], [2, "B", null], [4, "newer", null], [5, "E", null]]);
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
    let log = engine.folder.path().join("storages").join(&uuid).join("_delta_log");
    assert_eq!(std::fs::read_dir(&log).unwrap().count(), 2, "an update is one commit");
    let engine = engine.restart().await;
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
}

#[tokio::test]
async fn update_from_file_of_an_empty_storage_creates_its_columns() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    update(&engine, &uuid, "id,t\na,2013-01-01\nb,2013-01-02\na,2013-01-03\n", "id").await.unwrap();
    assert_eq!(engine.columns(&uuid).await, ["id str", "t datetime"]);
    let rows = json!([["b", "2013-01-02T00:00:00"], ["a", "2013-01-03T00:00:00"]]);
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
    // A storage that was emptied keeps its columns.
    let emptied = json!([{"action": "delete", "rows": ["a", "b"], "primaryKey": "id"}]);
    assert_eq!(engine.batch(&uuid, emptied).await.0, 200);
    let error = update(&engine, &uuid, "id,t\nx,tomorrow\n", "id").await.unwrap_err();
    assert!(error.contains("line 2, column \"t\": \"tomorrow\" is not a datetime"), "{error}");
}

#[tokio::test]
async fn update_from_file_finds_keys_of_every_type() {
    let engine = LocalEngine::start().await;
    for (key, file) in [
        ("i", "i,x,t,s\n1,9,,z\n"),
        ("x", "x,i\n0,9\n"),
        ("t", "t,i\n2013-01-01T01:00:00+01:00,9\n"),
        ("s", "s,i\nb,9\n"),
    ] {
        let uuid = engine.loaded("i,x,t,s\n1,0.5,2013-01-01,a\n2,-0.0,2013-01-02,b\n").await;
        let done = update(&engine, &uuid, file, key).await.unwrap();
        assert_eq!(done["nb_rows"], 2, "{key}");
    }
}

#[tokio::test]
async fn update_from_file_with_mistakes_changes_nothing() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("id,value\n1,a\n").await;
    for (csv, key, expected) in [
        ("id,value\n1,b\n", "ids", "the primary key \"ids\" is not a column of the storage: did you mean \"id\"?"),
        ("id,value\n1,b\n", "zzz", "it has `id`, `value`"),
        ("id,valu\n1,b\n", "id", "the file's column \"valu\" is not a column of the storage: did you mean \"value\"?"),
        ("value\nb\n", "id", "the file lacks the primary key column \"id\""),
        ("id,value\n1,b\n,c\n", "id", "row 2 of the file has no value for the primary key \"id\""),
        ("id,value\nx,b\n", "id", "line 2, column \"id\": \"x\" is not an integer"),
        ("id,value\n1\n", "id", "line 2 has 1 field"),
        ("", "id", "the file is empty"),
    ] {
        let error = update(&engine, &uuid, csv, key).await.unwrap_err();
        assert!(error.contains(expected), "{csv:?} {key}: {error}");
        assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1, "a"]]), "{csv:?}");
    }
    let path = format!("/api/data_source/{uuid}/update_from_file");
    let (status, answer) = engine.call("POST", &path, r#"{"async": true}"#).await;
    assert_eq!(status, 400);
    assert!(answer["errors"][0].as_str().unwrap().contains("needs `primary_key`"), "{answer}");
    let files = std::fs::read_dir(engine.folder.path().join("storages").join(&uuid)).unwrap().count();
    assert_eq!(files, 2, "the log and one commit's files are all that is left");
}

#[tokio::test]
async fn update_from_file_with_many_rows() {
    let engine = LocalEngine::start().await;
    let file = |from: u32, to: u32, value: &str| {
        let rows: String = (from..to).map(|n| format!("{n},{value}\n")).collect();
        format!("id,value\n{rows}")
    };
    let uuid = engine.loaded(&file(0, 60_000, "1")).await;
    let done = update(&engine, &uuid, &file(40_000, 90_000, "10"), "id").await.unwrap();
    assert_eq!(done["nb_rows"], 90_000);
    let sums = json!({"select": [{"name": "value", "agg_function": "sum"}, {"name": "id", "agg_function": "dcount"}]});
    assert_eq!(engine.rows(&uuid, sums).await, json!([[540_000, 90_000]]));
}
