//! CSV files: type inference, forced types, NULLs, and invalid files.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::support::{LocalEngine, empty};

fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn csv_types_are_inferred_and_missing_values_are_null() {
    let engine = LocalEngine::start().await;
    let csv = "n,x,t,s,na,none,mixed\n\
               1,1.5,2013-01-01T05:00:00Z,a,NA,,1\n\
               NA,NaN,NA,NA,NA,,2013-01-01\n\
               -3,2,2013-01-02,,NA,,x\n\
               ,,2013-01-01T01:00:00.25+02:00,\"q\"\"\n,\",NA,,\n";
    let uuid = engine.loaded(csv).await;
    let columns = engine.columns(&uuid).await;
    assert_eq!(columns, ["n int", "x float", "t datetime", "s str", "na str", "none str", "mixed str"]);
    let rows = json!([
        [1, 1.5, "2013-01-01T05:00:00", "a", "NA", null, "1"],
        [null, null, null, "NA", "NA", null, "2013-01-01"],
        [-3, 2.0, "2013-01-02T00:00:00", null, "NA", null, "x"],
        [null, null, "2012-12-31T23:00:00.25", "q\"\n,", "NA", null, null],
    ]);
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
}

#[tokio::test]
async fn csv_with_gzip_byte_order_mark_separator_and_invalid_utf8() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let config = json!({"originalFileName": "a.csv.gz", "jsonContent": {"separator": ";"}});
    engine.load_file(&uuid, gzipped("\u{feff}a;b\n1;x,y\n"), config.clone()).await.unwrap();
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1, "x,y"]]));
    // Compression is detected from the content of the file.
    engine.load_file(&uuid, "a;b\n2;z\n", config).await.unwrap();
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[2, "z"]]));

    let uuid = engine.storage().await;
    engine.load(&uuid, b"a\nv\xe9lo\n".to_vec()).await.unwrap();
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([["v?lo"]]));
}

#[tokio::test]
async fn csv_forced_types_override_inference() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let forced = json!({"force_types": {"zip": "str", "n": "float64", "t": "datetime", "gone": "int32"}}).to_string();
    let config = json!({"originalFileName": "a.csv", "jsonContent": {"advanced_options": forced}});
    engine.load_file(&uuid, "zip,n,t\n01000,1,20130101\nNA,NA,NA\n", config).await.unwrap();
    assert_eq!(engine.columns(&uuid).await, ["zip str", "n float", "t datetime"]);
    let rows = json!([["01000", 1.0, "2013-01-01T00:00:00"], ["NA", null, null]]);
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
}

#[tokio::test]
async fn csv_keeps_unusual_column_names() {
    let engine = LocalEngine::start().await;
    let names = ["Order Date", "a.b", "x;y(z)=", "é", "select", "k0", "o1", "it's", "\"q\""];
    let row = json!([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let header = names.map(|name| format!("\"{}\"", name.replace('"', "\"\""))).join(",");
    let uuid = engine.loaded(&format!("{header}\n1,2,3,4,5,6,7,8,9\n")).await;
    assert_eq!(engine.rows(&uuid, json!({"select": names})).await, json!([row]));
    for name in names {
        let stage = json!({
            "group_by": [name],
            "select": [{"name": name, "agg_function": "sum"}],
            "where": [{"name": name, "op": ">", "value": "0"}],
            "order_by": [name],
        });
        let rows = engine.rows(&uuid, stage).await;
        assert_eq!(rows[0][0], rows[0][1], "{name}");
    }
    let engine = engine.restart().await;
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([row]));
}

#[tokio::test]
async fn reload_replaces_rows_and_columns() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("a,b\n1,x\n").await;
    engine.load(&uuid, "t,a\n2013-01-01,y\n2013-01-02,z\n").await.unwrap();
    assert_eq!(engine.columns(&uuid).await, ["t datetime", "a str"]);
    let rows = json!([["2013-01-01T00:00:00", "y"], ["2013-01-02T00:00:00", "z"]]);
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
    let engine = engine.restart().await;
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
}

#[tokio::test]
async fn reload_from_a_header_only_keeps_the_columns() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("a,b\n").await;
    assert_eq!(engine.ask(&uuid, json!({"only_headers": true})).await, empty());
    assert_eq!(engine.ask(&uuid, json!({"order": "row_by_row"})).await, empty());
    engine.insert(&uuid, json!([{"b": "x", "c": 1}])).await;
    assert_eq!(engine.columns(&uuid).await, ["a str", "b str"]);
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[null, "x"]]));
    // Reloading such a file also empties a storage with rows.
    engine.load(&uuid, "a,b\n").await.unwrap();
    assert_eq!(engine.ask(&uuid, json!({"only_headers": true})).await, empty());
}

#[tokio::test]
async fn reload_from_an_invalid_file_changes_nothing() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("a\n1\n").await;
    let csv = json!({"originalFileName": "a.csv", "jsonContent": {}});
    let forced = |types: serde_json::Value| {
        let options = json!({"force_types": types}).to_string();
        json!({"originalFileName": "a.csv", "jsonContent": {"advanced_options": options}})
    };
    let mut cut = gzipped(&"a,b\n1,2\n".repeat(1000));
    cut.truncate(20);
    let long = format!("a\n\"{}", "x".repeat(40 * 1024 * 1024));
    let cases: Vec<(Vec<u8>, serde_json::Value, &str)> = vec![
        (b"".to_vec(), csv.clone(), "the file is empty"),
        (b"$$count$$,a\n1,2\n".to_vec(), csv.clone(), "column 1 is named \"$$count$$\""),
        (b"a,\n1,2\n".to_vec(), csv.clone(), "column 2 has no name"),
        (vec![b','; 3000], csv.clone(), "there are 3001 columns, but a storage may have at most 2000"),
        (vec![b','; 5_000_000], csv.clone(), "a record has more than four million separators"),
        ([b"a,b\n", &[b','; 5_000_000][..]].concat(), csv.clone(), "a record has more than four million separators"),
        (b"a,b\n1,2\n3\n".to_vec(), csv.clone(), "line 3 has 1 field and the first line names 2 columns"),
        (b"a,b\n1,2,3\n".to_vec(), csv.clone(), "line 2 has 3 fields"),
        (cut, csv.clone(), "the file is damaged"),
        (long.into_bytes(), csv.clone(), "an unclosed quote"),
        (b"a,b\n1,2\n2.5,2\n".to_vec(), forced(json!({"a": "int"})), "line 3, column \"a\": \"2.5\" is not an integer"),
        (b"a\nx\n".to_vec(), forced(json!({"a": "datetime"})), "\"x\" is not a datetime"),
        (b"a\nx\n".to_vec(), forced(json!({"a": "text"})), "expected one of str, int"),
        (b"a\nx\n".to_vec(), json!({"jsonContent": {"separator": "::"}}), "expected one character"),
        (b"x".to_vec(), json!({"originalFileName": "a.pd025_pickle", "jsonContent": {}}), "pandas pickle"),
        (b"x".to_vec(), json!({"originalFileName": "a.xlsx", "jsonContent": {}}), "expected a name that ends in .csv"),
    ];
    for (file, config, expected) in cases {
        let error = engine.load_file(&uuid, file, config.clone()).await.unwrap_err();
        assert!(error.contains(expected), "{config}: {error}");
        assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1]]), "{config}");
    }
    let files = std::fs::read_dir(engine.folder.path().join("storages").join(&uuid)).unwrap().count();
    assert_eq!(files, 2, "the log and one commit's files are all that is left");
}

#[tokio::test]
async fn csv_with_many_rows_keeps_their_order() {
    let engine = LocalEngine::start().await;
    let mut csv = String::from("n,text\n");
    for n in 0..50_000 {
        csv.push_str(&format!("{n},row {n}\n"));
    }
    let uuid = engine.loaded(&csv).await;
    let rows = engine.rows(&uuid, json!({"select": ["n"]})).await;
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 50_000);
    assert!(rows.iter().enumerate().all(|(index, row)| row[0] == json!(index)));
    let stage = json!({"select": [{"name": "n", "agg_function": "sum"}, {"name": "text", "agg_function": "dcount"}]});
    assert_eq!(engine.rows(&uuid, stage).await, json!([[1_249_975_000, 50_000]]));
}

#[tokio::test]
async fn csv_line_endings() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("a,b\r\n1,x\r\n\r\n2,\"y\r\nz\"").await;
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1, "x"], [2, "y\r\nz"]]));
}
