//! Loads from S3 by the official client and the Rust client. The S3 server is moto, which checks signatures.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use serenytics::{Client, ForceType, S3Credentials};
use support::Serving;
use support::python::{environment, script};

/// An S3 server that is killed when this is dropped.
struct S3Server {
    child: Child,
    url: String,
}

impl S3Server {
    fn start() -> S3Server {
        let python = environment("s3-server", &["moto[server,s3]<6"]);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/s3_server.py");
        let mut command = Command::new(python);
        let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        assert!(url.starts_with("http://"), "the S3 server did not start");
        S3Server { child, url: url.trim().to_owned() }
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn load_from_s3_succeeds_or_reports_the_reason() {
    let s3 = S3Server::start();
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--api-key", "key", "--s3-endpoint", &s3.url]);
    let seen = script("s3.py", &serving.url, "key", &[]);
    let public = json!({"columns": ["zip int", "n int"], "rows": 1, "first": [7, 7]});
    assert_eq!(seen["odd"], json!({"columns": ["zip str", "n int"], "rows": 2, "first": ["01000", 1]}));
    assert_eq!(seen["gzipped"], json!({"columns": ["zip int", "n int"], "rows": 50_000, "first": [1, 2]}));
    assert_eq!(seen["public"], public);
    for (name, expected) in [
        ("no bucket", "there is no bucket \"sales-2014\" in S3"),
        ("no key", "there is no object \"small.csv\" in the bucket \"sales-2013\""),
        ("no credentials", "it is not public: add s3_credentials"),
        ("wrong secret", "(SignatureDoesNotMatch): the credentials are wrong"),
        ("wrong key", "(InvalidAccessKeyId): the credentials are wrong"),
        ("half of them", "aws_secret_access_key=.."),
        ("elsewhere", "expected 3 to 63"),
        ("up", "expected the name of an object"),
    ] {
        assert!(seen[name].as_str().unwrap_or_default().contains(expected), "{name}: {}", seen[name]);
    }
    assert_eq!(seen["at last"], public, "a failed load left data");
    load_with_rust_client(&serving.url);
    assert_eq!(std::fs::read_dir(folder.path().join("uploads")).unwrap().count(), 0);
    serving.stop("TERM");
}

fn load_with_rust_client(url: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::builder().url(url).api_key("key").build().unwrap();
        let source = client.get_or_create_storage("ours").await.unwrap();
        let credentials = |secret| S3Credentials::new("AKIAEXAMPLE", secret);
        let load = source.reload_from_s3("sales-2013", "a/b c+é=1.csv").separator(';').region("eu-west-1");
        load.force_type("zip", ForceType::Str).credentials(credentials("the/secret+of=tests")).send().await.unwrap();
        assert_eq!(json!(source.get_data().await.unwrap().rows[0]), json!(["01000", 1]));
        let load = source.reload_from_s3("sales-2013", "large.csv.gz").credentials(credentials("the/secret+of=testsx"));
        let error = load.send().await.unwrap_err();
        assert!(error.is_rejected() && error.to_string().contains("the credentials are wrong"), "{error}");
        assert!(!error.to_string().contains("the/secret"), "{error}");
        source.reload_from_s3("sales-2013", "public.csv").send().await.unwrap();
        assert_eq!(source.row_count().await.unwrap(), 1);
    });
}
