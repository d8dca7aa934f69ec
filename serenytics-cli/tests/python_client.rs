//! Calls of the official Python client, unmodified, against `serenytics serve`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use serenytics_query::wire::{Pipeline, ROW_BY_ROW};
use support::Serving;
use support::python::python;

const CSV: &str = "carrier,flight,dep_delay,time_hour\n\
                   UA,1545,2,2013-01-01T05:00:00Z\n\
                   UA,1714,4,2013-01-01T05:00:00Z\n\
                   AA,1141,2,2013-01-01T05:00:00Z\n\
                   B6,725,-1,2013-01-01T05:00:00Z\n\
                   UA,1696,NA,2013-01-02T05:00:00Z\n\
                   AA,301,11.5,2013-01-02T06:00:00Z\n";

fn seen_by_python(url: &str, key: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/check.py");
    let mut child = Command::new(python())
        .arg(script)
        .env("PYTHON_CLIENT_API_DOMAIN", url)
        .env("CHECK_API_KEY", key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(CSV.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the columns and rows of the storage, read with the Rust client.
fn seen_by_rust(url: &str, key: &str) -> (Value, Value) {
    let client = serenytics_core::Client::builder().url(url).api_key(key).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let source = client.source("flights").await.unwrap();
        let options = Pipeline { order: Some(ROW_BY_ROW.to_owned()), ..Pipeline::default() };
        let answer = client.fetch_raw(&source, &options).await.unwrap();
        assert_eq!(answer.columns, source.columns().await.unwrap());
        assert_eq!(answer.rows.len() as u64, source.row_count().await.unwrap());
        (json!(answer.columns), json!(answer.rows))
    })
}

#[test]
fn official_client_sees_the_same_data_as_the_rust_client() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--api-key", "key"]);
    let seen = seen_by_python(&serving.url, "key");
    let columns = |flight: &str| {
        json!([
            {"name": "carrier", "type": "str"},
            {"name": "flight", "type": flight},
            {"name": "dep_delay", "type": "float"},
            {"name": "time_hour", "type": "datetime"},
        ])
    };
    let expected = json!({
        "empty": "Storage source is empty",
        "sources": ["flights"],
        "rows": 6,
        "columns": columns("int"),
        "data": [
            ["UA", 1545, 2.0, "2013-01-01T05:00:00"],
            ["UA", 1714, 4.0, "2013-01-01T05:00:00"],
            ["AA", 1141, 2.0, "2013-01-01T05:00:00"],
            ["B6", 725, -1.0, "2013-01-01T05:00:00"],
            ["UA", 1696, null, "2013-01-02T05:00:00"],
            ["AA", 301, 11.5, "2013-01-02T06:00:00"],
        ],
        "pipeline": [
            ["AA", "2013-01-02T00:00:00", 11.5, 1],
            ["UA", "2013-01-01T00:00:00", 3.0, 2],
            ["AA", "2013-01-01T00:00:00", 2.0, 1],
        ],
        "dataframe": ["carrier", "flight", "dep_delay", "time_hour"],
        "forced": columns("str"),
        "misfit": "invalid data \"3,4\" was pushed and is incompatible with current table column types",
        "after": [["B6", -1.0, 1], ["UA", 6.0, 3], ["YY", null, 1], ["ZZ", 7.0, 1]],
        "typo": "no column `carier` in `flights`; did you mean `carrier`? (item 1 of `select`)",
        "unknown": "Source with uuid or name \"00000000-0000-4000-8000-000000000000\" does not exist",
        "unauthorized": "Unauthorized: please check your API key and retry",
        "web apps": [],
    });
    for (name, expected) in expected.as_object().unwrap() {
        assert_eq!(&seen[name], expected, "{name}");
    }
    // The Rust client sees the same final state.
    let (columns, rows) = seen_by_rust(&serving.url, "key");
    assert_eq!(seen["last columns"], columns);
    assert_eq!(seen["last rows"], rows);
    serving.stop("TERM");
}
