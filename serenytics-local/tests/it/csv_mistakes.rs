//! CSV files with mistakes: quotes, other formats, separators and headers. No load loses a row or a
//! character silently.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::LocalEngine;

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Reloads and updates a storage from a file. Both must fail with the same message and change nothing.
async fn rejection(engine: &LocalEngine, uuid: &str, file: &[u8]) -> String {
    let before = engine.rows(uuid, json!({})).await;
    let reload = engine.load(uuid, file).await.unwrap_err();
    engine.attach(uuid, file, json!({"originalFileName": "a.csv"})).await;
    let update = engine.run(uuid, "update_from_file", json!({"primary_key": "id", "async": true})).await.unwrap_err();
    assert_eq!(reload, update, "{:?}", String::from_utf8_lossy(file));
    assert_eq!(engine.rows(uuid, json!({})).await, before);
    reload
}

#[tokio::test]
async fn invalid_quotes_are_rejected_with_their_line() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("id,t\n1,a\n").await;
    let many: String = (2..100_000).map(|n| format!("{n},x\n")).collect();
    let late = format!("id,t\n{many}100000,\"x\n100001,y\n");
    for (file, expected) in [
        ("id,t\n1,\"foo\n2,bar\n", "line 2: a quote opens here and is never closed"),
        ("id,t\n1,foo\n2,\"", "line 3: a quote opens here and is never closed"),
        ("id,t\n1,\"a\nb\"\n\n\n2,\"c\"\"\n3,d\n", "line 6: a quote opens here and is never closed"),
        ("id,\"t\n1,foo\n", "line 1: a quote opens here and is never closed"),
        (&late, "line 100000: a quote opens here and is never closed"),
        (
            "id,t\n1,\"foo\n2,bar\n3,\"baz\n4,q\n",
            "line 4: text follows a closing quote; the quote opens on line 2: close it there, write a quote inside of a \
             quoted field twice, or set another separator",
        ),
        (
            "id,t\n1,\"say \"hi\" now\"\n",
            "line 2: text follows a closing quote: write a quote inside of a quoted field twice, or set another separator",
        ),
        ("id,t\n1,\"x\"y\n", "line 2: text follows a closing quote"),
        ("id,\"t\"x\n1,y\n", "line 1: text follows a closing quote"),
    ] {
        let error = rejection(&engine, &uuid, file.as_bytes()).await;
        assert!(error.starts_with(expected), "{expected}: {error}");
        let error = rejection(&engine, &uuid, &gzipped(file.as_bytes())).await;
        assert!(error.starts_with(expected), "{expected}: {error}");
    }
}

#[tokio::test]
async fn valid_quotes_are_read_unchanged() {
    let engine = LocalEngine::start().await;
    let file = "id,t\n1,\"a\"\"b\"\n2,a\"b\n3,5'10\"\n4,\"x\r\ny, z\"\n5, \"q\"\n6,\"\"\"\"\n7,\"\"\n8,\"s\" \n";
    let uuid = engine.loaded(file).await;
    let rows = json!([
        [1, "a\"b"],
        [2, "a\"b"],
        [3, "5'10\""],
        [4, "x\r\ny, z"],
        [5, " \"q\""],
        [6, "\""],
        [7, null],
        [8, "s "]
    ]);
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
}

#[tokio::test]
async fn other_file_formats_are_named_in_the_error() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("id,t\n1,a\n").await;
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let zip = |entry: &str| [b"PK\x03\x04", &[0; 26][..], entry.as_bytes()].concat();
    for (file, expected) in [
        (utf_16("\u{feff}id,t\n1,a\n"), "the file is encoded in UTF-16, not a CSV file in UTF-8: save it as UTF-8"),
        (utf_16("id,t\n1,a\n"), "the file is encoded in UTF-16"),
        (zip("sales.csv"), "the file is a zip archive, not a CSV file in UTF-8: extract the CSV file from it"),
        (zip("[Content_Types].xml"), "the file is an Excel workbook (.xlsx), not a CSV file in UTF-8: save it as CSV"),
        (b"PAR1\x15\x04\x15\x10".to_vec(), "the file is a Parquet file, not a CSV file in UTF-8: convert it to CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), "the file is a spreadsheet in the old Excel format"),
        (gzipped(&gzipped(b"id,t\n1,a\n")), "the file is gzipped twice, not a CSV file in UTF-8: decompress it once"),
        (gzipped(&zip("sales.csv")), "the file is a zip archive"),
        (b"<!DOCTYPE html>\n<html></html>".to_vec(), "the file is an HTML page"),
        (b"[{\"id\": 1}]".to_vec(), "the file is JSON"),
    ] {
        let error = rejection(&engine, &uuid, &file).await;
        assert!(error.starts_with(expected), "{expected}: {error}");
    }
}

#[tokio::test]
async fn wrong_separators_are_named_in_the_error() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("id,t\n1,a\n").await;
    let every = "every line ends with the separator ',': remove it from the end of the lines";
    for (file, expected) in [
        ("id\tt\n1\ta\n", "the column name \"id\\tt\" contains a tab: is the separator a tab?"),
        ("id\tt,u\n1\ta,2\n", "the column name \"id\\tt\" contains a tab: is the separator a tab?"),
        ("id\u{1}t\n1\n", "the name of column 1, \"id\\u{1}t\", contains a control character"),
        ("id,t,\n1,a,\n2,b,\n", every),
        ("id,t,,\n1,a,,\n", every),
        ("id,t,\n", every),
        ("id,t,\n1,a,\n2,b,c\n", "column 3 has no name: add one"),
        ("id,,t\n1,a,b\n", "column 2 has no name: add one"),
        (",\n1,2\n", "column 1 has no name: add one"),
        (
            "id,t\n1,a,\n2,b,\n",
            "line 2 ends with the separator ',' and the first line does not: remove it from the end of the lines",
        ),
        ("id,t\n1,a\n\n\n2\n", "line 5 has 1 field and the first line names 2 columns"),
        (
            "$$count$$,id\n1,1\n",
            "column 1 is named \"$$count$$\", which means the number of rows in a query: rename it",
        ),
    ] {
        let error = rejection(&engine, &uuid, file.as_bytes()).await;
        assert!(error.starts_with(expected), "{file:?}: {error}");
    }
}

#[tokio::test]
async fn unnamed_index_and_repeated_names_get_documented_names() {
    let engine = LocalEngine::start().await;
    for (file, columns, warnings) in [
        (
            ",id,t\n0,1,a\n1,2,b\n",
            vec!["column_1 int", "id int", "t str"],
            vec!["column 1 has no name: it was loaded as `column_1`"],
        ),
        (
            "\"\",\"id\"\n\"1\",7\n",
            vec!["column_1 int", "id int"],
            vec!["column 1 has no name: it was loaded as `column_1`"],
        ),
        (
            ",,id\na,b,7\n",
            vec!["column_1 str", "column_2 str", "id int"],
            vec![
                "column 1 has no name: it was loaded as `column_1`",
                "column 2 has no name: it was loaded as `column_2`",
            ],
        ),
        (
            "id,a,a,a_2,a\n1,2,3,4,5\n",
            vec!["id int", "a int", "a_3 int", "a_2 int", "a_4 int"],
            vec![
                "columns 2 and 3 are both named `a`: column 3 was loaded as `a_3`",
                "columns 2 and 5 are both named `a`: column 5 was loaded as `a_4`",
            ],
        ),
        (
            "id,p95,P95\n1,2,3\n",
            vec!["id int", "p95 int", "P95_2 int"],
            vec!["the columns `p95` and `P95` differ only in case: column 3 was loaded as `P95_2`"],
        ),
        (
            ",column_1,id\n1,2,3\n",
            vec!["column_1_2 int", "column_1 int", "id int"],
            vec!["column 1 has no name: it was loaded as `column_1_2`"],
        ),
    ] {
        let uuid = engine.storage().await;
        let done = engine.load(&uuid, file).await.unwrap();
        assert_eq!(done["status"], "done");
        assert_eq!(done["warnings"], json!(warnings), "{file:?}");
        assert_eq!(engine.columns(&uuid).await, columns, "{file:?}");
        let rows = engine.rows(&uuid, json!({})).await;
        engine.attach(&uuid, file, json!({"originalFileName": "a.csv"})).await;
        let update = engine.run(&uuid, "update_from_file", json!({"primary_key": "id", "async": true})).await.unwrap();
        assert_eq!(update, done, "{file:?}");
        assert_eq!(engine.rows(&uuid, json!({})).await, rows, "{file:?}");
    }
    let uuid = engine.storage().await;
    let done = engine.load(&uuid, "id\n1\n").await.unwrap();
    assert_eq!(done, json!({"status": "done", "nb_rows": 1}), "a load without warnings");
    let forced = json!({"force_types": {"column_1": "str", "a_2": "float"}}).to_string();
    let config = json!({"originalFileName": "a.csv", "jsonContent": {"advanced_options": forced}});
    engine.load_file(&uuid, ",a,a\n1,2,3\n", config).await.unwrap();
    assert_eq!(engine.columns(&uuid).await, ["column_1 str", "a int", "a_2 float"]);
    let missing: Vec<Value> = Vec::new();
    assert_eq!(
        engine.rows(&uuid, json!({"where": [{"name": "column_1", "op": "is_not_defined"}]})).await,
        json!(missing)
    );
}
