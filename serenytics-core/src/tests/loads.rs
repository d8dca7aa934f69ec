//! Loading files: the order of the calls, both ways of uploading, tasks that fail.

use std::time::Duration;

use serde_json::{Value, json};

use super::server::{CANARY, Reply, TestServer, ok};
use super::{SOURCE, list, printed};
use crate::Progress;

/// A server that loads files, which it wants at a signed URL or itself.
async fn loading(signed: bool, task: &'static str) -> TestServer {
    TestServer::start(move |number, asked| {
        let (_, path) = asked.line.split_once(' ').unwrap_or_default();
        let host = asked.headers.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        match path.split('?').next().unwrap_or_default() {
            "/api/data_source" => list(&[SOURCE]),
            "/api/data_source/sign_s3/" if signed => {
                ok(format!(r#"{{"signed_request":"http://{host}/bucket/u1?Signature=canary-signed"}}"#))
            }
            "/api/data_source/sign_s3/" => ok(r#"{"status":"error"}"#),
            "/api/data_source/u1/file" => Reply::Answer(201, "", String::new()),
            "/api/data_source/u1/reload_from_file" => ok(r#"{"task_id":"t1"}"#),
            "/api/task/t1" if number < 8 => ok(r#"{"status":"pending"}"#),
            "/api/task/t1" => ok(task),
            _ => ok("{}"),
        }
    })
    .await
}

fn unzipped(bytes: &[u8]) -> String {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(bytes), &mut text).unwrap();
    text
}

#[tokio::test]
async fn a_file_is_saved_signed_sent_and_loaded_in_this_order() {
    let folder = tempfile::tempdir().unwrap();
    let text = "country,revenue\n".to_owned() + &"FR,12.5\n".repeat(200_000);
    let plain = folder.path().join("sales 1.csv");
    std::fs::write(&plain, &text).unwrap();
    let zipped = folder.path().join("sales 1.csv.gz");
    let mut encoder =
        flate2::GzBuilder::new().write(std::fs::File::create(&zipped).unwrap(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
    encoder.finish().unwrap();

    for signed in [false, true] {
        for path in [&plain, &zipped] {
            let server = loading(signed, r#"{"status":"ok"}"#).await;
            let source = server.client().source("sales").await.unwrap();
            let mut told = Vec::new();
            source.reload_from_csv(path).progress(|progress| told.push(progress)).send().await.unwrap();
            let size = std::fs::metadata(path).unwrap().len();
            assert_eq!(told[told.len() - 2..], [Progress::Uploading { read: size, total: size }, Progress::Loading]);

            let asked = server.asked();
            let lines: Vec<_> = asked.iter().skip(1).take(4).map(|asked| asked.line.as_str()).collect();
            let upload =
                if signed { "PUT /bucket/u1?Signature=canary-signed" } else { "POST /api/data_source/u1/file" };
            assert_eq!(
                lines,
                [
                    "PUT /api/data_source/u1",
                    "GET /api/data_source/sign_s3/?s3_object_type=csv%2Fgz&s3_object_name=u1",
                    upload,
                    "POST /api/data_source/u1/reload_from_file",
                ]
            );
            assert!(asked[5].line == "GET /api/task/t1" && asked[6].line == "GET /api/task/t1");
            let saved: Value = serde_json::from_slice(&asked[1].body).unwrap();
            assert_eq!(saved["originalFileName"], "sales 1.csv.gz");
            assert_eq!((&saved["token"], &saved["jsonContent"]["kept"]), (&json!("t"), &json!(1)));
            let sent = &asked[3];
            assert_eq!(unzipped(&sent.body), text);
            if path == &zipped {
                assert_eq!(sent.body, std::fs::read(&zipped).unwrap());
            }
            if signed {
                assert!(
                    !sent.headers.contains(CANARY) && sent.headers.contains("content-length: "),
                    "{}",
                    sent.headers
                );
                assert!(
                    sent.headers.contains("content-type: csv/gz\r\n")
                        && sent.headers.contains("x-amz-acl: private\r\n")
                );
            } else {
                assert!(sent.headers.contains(CANARY) && sent.headers.contains("content-type: application/json\r\n"));
            }
        }
    }
}

#[tokio::test]
async fn a_task_that_fails_or_never_ends_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.csv");
    std::fs::write(&path, "a\n1\n").unwrap();
    let server = loading(false, r#"{"status":"done","errors":["row 2 has 3 fields"]}"#).await;
    let source = server.client().source("sales").await.unwrap();
    let error = source.reload_from_csv(&path).send().await.unwrap_err();
    assert_eq!(error.to_string(), "GET /api/task/t1: row 2 has 3 fields");
    assert!(error.is_refused_by_server());

    let server = loading(false, r#"{"status":"pending"}"#).await;
    let source = server.client().source("sales").await.unwrap();
    let load = source.reload_from_csv(&path).timeout(Duration::from_millis(600));
    let error = load.send().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[tokio::test]
async fn a_signed_url_is_in_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.csv");
    std::fs::write(&path, "a\n1\n").unwrap();
    let server = TestServer::start(|_, asked| match asked.line.contains("sign_s3") {
        true => ok(r#"{"signed_request":"http://127.0.0.1:1/bucket?Signature=canary-signed"}"#),
        false => list(&[SOURCE]),
    })
    .await;
    let source = server.client().source("sales").await.unwrap();
    let error = source.reload_from_csv(&path).send().await.unwrap_err();
    assert!(error.is_connection() && error.to_string().contains("http://127.0.0.1:1 (signed upload)"), "{error}");
    assert!(!printed(&error).contains("canary"), "{}", printed(&error));
}
