//! Exports and signed uploads: by the official Python client, and the memory of large exports.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use support::Serving;
use support::python::{python, script};

#[test]
fn export_in_every_format_by_the_official_client() {
    let folder = tempfile::tempdir().unwrap();
    let python = python();
    let serving = Serving::start(folder.path(), &["--api-key", "key", "--python", python.to_str().unwrap()]);
    let seen = script("exports.py", &serving.url, "key", &[]);
    let table = |text: Value, days: [&str; 2]| {
        json!({"columns": ["id", "text", "amount", "day"], "data": [
            [1, "a|b", 1.5, days[0]],
            [2, text, null, null],
            [3, null, 3.0, days[1]],
        ]})
    };
    // pandas reads an empty string in a CSV file as a missing value.
    let texts = table(json!(null), ["2013-01-01T05:00:00", "2013-01-02T00:00:00"]);
    for format in ["auto", "csv", "csv.gz"] {
        for quotes in ["False", "True"] {
            assert_eq!(seen[format!("{format} {quotes}")], texts, "{format} {quotes}");
        }
    }
    assert_eq!(seen["old"], texts);
    assert_eq!(seen["parquet False"], table(json!(""), ["2013-01-01T05:00:00.000", "2013-01-02T00:00:00.000"]));
    assert_eq!(seen["copied"], json!([true, true]));
    assert_eq!(seen["join"]["columns"], json!(["s.id", "s.text", "s.amount", "s.day", "r.id", "r.region"]));
    serving.stop("TERM");
}

#[test]
fn signed_upload_by_both_clients() {
    let folder = tempfile::tempdir().unwrap();
    let python = python();
    for arguments in [&["--sign-uploads"][..], &[]] {
        let arguments = [&["--api-key", "key", "--python", python.to_str().unwrap()], arguments].concat();
        let serving = Serving::start(folder.path(), &arguments);
        let seen = script("one_frame.py", &serving.url, "key", &[]);
        assert_eq!(seen, json!([{"name": "a", "type": "int"}]), "{arguments:?}");
        load_with_rust_client(&serving.url, folder.path());
        serving.stop("TERM");
    }
}

/// Loads a CSV file with the Rust client.
fn load_with_rust_client(url: &str, folder: &Path) {
    let file = folder.join("flights.csv");
    std::fs::write(&file, "carrier,flight\nUA,1545\nAA,1141\n").unwrap();
    let client = serenytics_core::Client::builder().url(url).api_key("key").build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let source = client.get_or_create_storage("flights").await.unwrap();
        source.reload_from_csv(&file).send().await.unwrap();
        assert_eq!(source.row_count().await.unwrap(), 2);
    });
}

/// Memory that the server may use while it loads and exports a million rows.
#[cfg(target_os = "linux")]
const MEMORY: usize = 400 * 1024 * 1024;

#[cfg(target_os = "linux")]
#[test]
fn export_of_a_million_rows_uses_little_memory() {
    const ROWS: u32 = 1_000_000;

    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--api-key", "key"]);
    let file = folder.path().join("rows.csv");
    let mut output = std::io::BufWriter::new(std::fs::File::create(&file).unwrap());
    writeln!(output, "id,text,amount,day").unwrap();
    for n in 0..ROWS {
        writeln!(output, "{n},the text of row {n},{n}.25,2013-01-01T05:00:00").unwrap();
    }
    output.flush().unwrap();
    let expected = std::fs::metadata(&file).unwrap().len();
    let client = serenytics_core::Client::builder().url(&serving.url).api_key("key").build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let source = client.get_or_create_storage("rows").await.unwrap();
        source.reload_from_csv(&file).send().await.unwrap();
        let http = reqwest::Client::new();
        for format in ["csv", "csv.gz", "parquet"] {
            let path = format!("{}/api/data_source/{}/export_source_data", serving.url, source.uuid());
            let body = json!({"export_format": format}).to_string();
            let answer = http.post(path).header("x-api-key", "key").body(body).send().await.unwrap();
            let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            let mut answer = http.get(answer["csv_url"].as_str().unwrap()).send().await.unwrap();
            let mut size = 0;
            while let Some(piece) = answer.chunk().await.unwrap() {
                size += piece.len() as u64;
            }
            assert!(if format == "csv" { size == expected } else { size > 1_000_000 }, "{format}: {size} bytes");
        }
    });
    let peak = serving.peak_memory();
    assert!(peak < MEMORY, "{} MiB", peak / 1024 / 1024);
    serving.stop("TERM");
}
