//! Compares `serenytics serve` with its OpenAPI document: Schemathesis sends valid and invalid requests for a minute.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::Serving;
use support::python::environment;

const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// A part of the document that one run of Schemathesis tests.
struct Part {
    /// The paths, as a regular expression.
    paths: &'static str,
    /// The header with the key, spelled as in the document.
    key: &'static str,
    phases: &'static str,
    /// Time limit in seconds.
    seconds: &'static str,
}

const PARTS: [Part; 2] = [
    Part {
        paths: "^/(?!data-api/)",
        key: "X-Api-Key: key",
        phases: "examples,coverage,fuzzing,stateful",
        seconds: "50",
    },
    // No link leads from its responses to other calls, so there is no stateful phase.
    Part { paths: "^/data-api/", key: "x-api-key: data", phases: "examples,coverage,fuzzing", seconds: "10" },
];

/// The checks of each response against the document.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,ignored_auth";

fn post(url: &str, path: &str, body: &str) -> Value {
    let request = reqwest::Client::new().post(format!("{url}{path}")).header("x-api-key", "key").body(body.to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let text = runtime.block_on(async { request.send().await.unwrap().text().await.unwrap() });
    serde_json::from_str(&text).unwrap()
}

/// Creates sources and scripts and returns the configuration that uses their uuids: generated uuids would never exist.
/// DELETE calls use only what Schemathesis created itself.
fn configuration(url: &str) -> String {
    let source = post(url, "/api/data_source", r#"{"name": "sales", "type": "Storage"}"#);
    let source = source["uuid"].as_str().unwrap();
    let rows = r#"{"operations": [{"action": "insert", "rows": [{"country": "FR", "revenue": 120.5, "invoice": 1}]}]}"#;
    assert_eq!(post(url, &format!("/api/data_source/{source}/batch"), rows)["status"], "ok");
    let script = post(url, "/api/script", r#"{"name": "nightly"}"#);
    let script = script["uuid"].as_str().unwrap();
    format!(
        r#"
[checks]
not_a_server_error.expected-statuses = ["2xx", "4xx", "501"]
[[operations]]
include-path-regex = "^/api/(data_source|formatted_data)/"
exclude-method = "DELETE"
parameters = {{ "path.uuid" = "{source}" }}
[[operations]]
include-path-regex = "^/api/script/"
exclude-method = "DELETE"
parameters = {{ "path.uuid" = "{script}" }}
[[operations]]
include-path-regex = "^/data-api/"
parameters = {{ "path.uuid" = "{source}" }}
"#
    )
}

fn schemathesis(folder: &Path, url: &str, part: &Part) -> String {
    let file = folder.join("schemathesis.toml");
    let output = Command::new(environment("python-schemathesis", &[SCHEMATHESIS]).with_file_name("schemathesis"))
        .current_dir(folder)
        .arg("--config-file")
        .arg(&file)
        .args(["run", &format!("{url}/api/openapi.json"), "--checks", CHECKS])
        .args(["--include-path-regex", part.paths, "--header", part.key, "--phases", part.phases])
        .args([
            "--seed",
            "1",
            "--max-time",
            part.seconds,
            "--max-examples",
            "50",
            "--warnings",
            "off",
            "--continue-on-failure",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn openapi_document_matches_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let serving = Serving::start(
        &data,
        &[
            "--api-key",
            "key",
            "--user",
            "ada:engine",
            "--data-api-key",
            "data",
            "--data-api-source",
            "sales",
            "--sign-uploads",
            "--log",
            "error",
            "--s3-endpoint",
            "http://127.0.0.1:9",
        ],
    );
    std::fs::write(folder.path().join("schemathesis.toml"), configuration(&serving.url)).unwrap();
    let (mut calls, mut operations) = (0, 0);
    for part in &PARTS {
        let text = schemathesis(folder.path(), &serving.url, part);
        let number = |text: &str| text.trim().parse::<u32>().ok();
        let value_of = |what: &str| text.lines().find_map(|line| line.trim().strip_prefix(what));
        calls += text.lines().find_map(|line| number(line.split(" generated").next()?)).unwrap_or_default();
        let selected = value_of("Selected: ").and_then(|selected| number(selected.split('/').next()?));
        assert_eq!(value_of("Tested: ").and_then(number), selected, "some operations were not tested: {text}");
        operations += selected.unwrap_or_default();
    }
    assert!(calls > 1_000 && operations > 50, "too few calls: {calls} calls of {operations} operations");
    println!("{calls} calls of {operations} operations");
    let output = serving.stop("TERM");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
