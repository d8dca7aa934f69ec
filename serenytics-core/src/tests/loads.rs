//! Loads: the order of the calls, both ways of uploading, failing tasks, invalid rows.

use std::time::Duration;

use serde_json::{Value, json};

use super::server::{CANARY, Manner, Reply, TestServer, ok};
use super::{SOURCE, list, printed};
use crate::Progress;

/// The source after a change by someone else.
const CHANGED: &str = r#"{"uuid":"u1","name":"sales","type":"Storage","token":"new","jsonContent":{"kept":2}}"#;

/// Starts a server that loads files, uploaded to a signed URL or to the server itself.
async fn loading(signed: bool, task: &'static str) -> TestServer {
    TestServer::start(move |number, asked| {
        let (_, path) = asked.line.split_once(' ').unwrap_or_default();
        let host = asked.headers.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        match path.split('?').next().unwrap_or_default() {
            "/api/data_source" => list(&[SOURCE]),
            "/api/data_source/u1" => ok(CHANGED),
            "/api/data_source/sign_s3/" if signed => {
                ok(format!(r#"{{"signed_request":"http://{host}/bucket/u1?Signature=canary-signed"}}"#))
            }
            "/api/data_source/sign_s3/" => ok(r#"{"status":"error"}"#),
            "/api/data_source/u1/file" => Reply::Answer(201, "", String::new()),
            "/api/data_source/u1/reload_from_file" => ok(r#"{"task_id":"t1"}"#),
            "/api/task/t1" if number < 9 => ok(r#"{"status":"pending"}"#),
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
async fn reload_from_csv_saves_signs_uploads_and_loads_in_this_order() {
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
            let mut reports = Vec::new();
            source.reload_from_csv(path).progress(|progress| reports.push(progress)).send().await.unwrap();
            let size = std::fs::metadata(path).unwrap().len();
            let uploaded = Progress::Uploading { read: size, total: size };
            let at = reports.iter().position(|report| *report == uploaded).unwrap();
            let is_late = |report: &Progress| *report == uploaded || matches!(report, Progress::Loading { .. });
            assert!(reports[at + 1..].iter().all(is_late));
            assert!(matches!(reports[reports.len() - 1], Progress::Loading { .. }), "{reports:?}");

            let asked = server.asked();
            let lines: Vec<_> = asked.iter().skip(1).take(5).map(|asked| asked.line.as_str()).collect();
            let upload =
                if signed { "PUT /bucket/u1?Signature=canary-signed" } else { "POST /api/data_source/u1/file" };
            assert_eq!(
                lines,
                [
                    "GET /api/data_source/u1",
                    "PUT /api/data_source/u1",
                    "GET /api/data_source/sign_s3/?s3_object_type=csv%2Fgz&s3_object_name=u1",
                    upload,
                    "POST /api/data_source/u1/reload_from_file",
                ]
            );
            assert!(asked[6].line == "GET /api/task/t1" && asked[7].line == "GET /api/task/t1");
            let saved: Value = serde_json::from_slice(&asked[2].body).unwrap();
            assert_eq!(saved["originalFileName"], "sales 1.csv.gz");
            assert_eq!((&saved["token"], &saved["jsonContent"]["kept"]), (&json!("new"), &json!(2)));
            let sent = &asked[4];
            assert!(sent.headers.contains(&format!("content-length: {}\r\n", sent.body.len())), "{}", sent.headers);
            assert_eq!(unzipped(&sent.body), text);
            if path == &zipped {
                assert_eq!(sent.body, std::fs::read(&zipped).unwrap());
            }
            if signed {
                assert!(!sent.headers.contains(CANARY), "{}", sent.headers);
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
async fn load_reports_a_task_that_fails_or_never_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.csv");
    std::fs::write(&path, "a\n1\n").unwrap();
    let server = loading(false, r#"{"status":"done","errors":["row 2 has 3 fields"]}"#).await;
    let source = server.client().source("sales").await.unwrap();
    let error = source.reload_from_csv(&path).send().await.unwrap_err();
    assert_eq!(error.to_string(), "GET /api/task/t1: row 2 has 3 fields");
    assert!(error.is_rejected());

    let server = loading(false, r#"{"status":"pending"}"#).await;
    let source = server.client().source("sales").await.unwrap();
    let load = source.reload_from_csv(&path).timeout(Duration::from_millis(600));
    let error = load.send().await.unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("within 600ms; `timeout` of the load"), "{error}");

    for task in ["{}", r#"{"status":null,"errors":["unknown"]}"#, "[]"] {
        let server = loading(false, task).await;
        let source = server.client().source("sales").await.unwrap();
        let error = source.reload_from_csv(&path).send().await.unwrap_err();
        assert!(error.is_decode() && error.to_string().starts_with("GET /api/task/t1: "), "{error:?}");
    }
}

/// Creates a file that exceeds every buffer and cannot be compressed.
fn long_file(folder: &tempfile::TempDir, name: &str) -> std::path::PathBuf {
    let mut state = 1_u64;
    let mut bytes = vec![0x1f, 0x8b];
    while bytes.len() < 48 << 20 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&state.to_le_bytes()[3..]);
    }
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[tokio::test]
async fn incomplete_upload_is_not_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = long_file(&folder, "sales.csv.gz");
    let never = |line: &str| if line.contains("/u1/file") { Manner::Never } else { Manner::AtOnce };
    let server = TestServer::start_reading(never, |_, asked| match asked.line.split_once(' ').unwrap_or_default().1 {
        "/api/data_source/u1" => ok(SOURCE),
        "/api/data_source/u1/file" => Reply::Answer(201, "", String::new()),
        line if line.contains("sign_s3") => ok(r#"{"status":"error"}"#),
        _ => list(&[SOURCE]),
    })
    .await;
    let source = server.client().source("sales").await.unwrap();
    let error = source.reload_from_csv(&path).timeout(Duration::from_secs(20)).send().await.unwrap_err();
    let message = "POST /api/data_source/u1/file: upload incomplete, nothing was loaded";
    assert!(error.to_string().starts_with(message), "{error}");
    assert!(server.asked().iter().all(|asked| !asked.line.contains("reload_from_file")));
}

#[tokio::test]
async fn rejected_signed_upload_is_not_an_api_error_and_its_secrets_are_redacted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.csv");
    std::fs::write(&path, "a\n1\n").unwrap();
    for status in [401, 403, 404, 307] {
        let server = TestServer::start(move |_, asked| {
            let host = asked.headers.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
            match asked.line.split_once(' ').unwrap_or_default().1 {
                "/api/data_source/u1" => ok(SOURCE),
                line if line.contains("sign_s3") => ok(format!(
                    r#"{{"signed_request":"http://{host}/bucket?AWSAccessKeyId=canary-id&Signature=canary-s"}}"#
                )),
                line if line.contains("/bucket") => Reply::Answer(
                    status,
                    "location: http://elsewhere/canary\r\n",
                    "<Error><Code>Denied</Code><Message>canary-id is not known</Message>\
                     <StringToSign>canary</StringToSign></Error>"
                        .to_owned(),
                ),
                _ => list(&[SOURCE]),
            }
        })
        .await;
        let source = server.client().source("sales").await.unwrap();
        let error = source.reload_from_csv(&path).send().await.unwrap_err();
        let text = printed(&error);
        assert!(!text.contains("canary") && !text.contains("API key") && !text.contains("client's URL"), "{text}");
        assert!(text.contains(&format!("rejected the upload with {status}")), "{text}");
        assert!(text.contains(": Denied: [secret] is not known"), "{text}");
        assert!(error.is_rejected() && !error.is_unauthorized() && !error.is_not_found());
    }
}

#[tokio::test]
async fn signed_url_is_validated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.csv");
    std::fs::write(&path, "a\n1\n").unwrap();
    let responses = [
        (r#"{"signed_request":"ftp://canary@host/"}"#, "invalid `signed_request`"),
        (r#"{"signed_request":"canary"}"#, "invalid `signed_request`"),
        (r#"{"signed_request":null}"#, "no `signed_request`"),
        (r#"{"status":"ok"}"#, "no `signed_request`"),
    ];
    for (answer, said) in responses {
        let server = TestServer::start(move |_, asked| match asked.line.split_once(' ').unwrap_or_default().1 {
            "/api/data_source/u1" => ok(SOURCE),
            line if line.contains("sign_s3") => ok(answer),
            _ => list(&[SOURCE]),
        })
        .await;
        let source = server.client().source("sales").await.unwrap();
        let error = source.reload_from_csv(&path).send().await.unwrap_err();
        assert!(error.is_decode() && error.to_string().starts_with("GET /api/data_source/sign_s3/: "), "{error}");
        assert!(error.to_string().contains(said) && !printed(&error).contains("canary"), "{error}");
    }
    // The status has priority.
    let server = TestServer::start(|_, asked| match asked.line.split_once(' ').unwrap_or_default().1 {
        "/api/data_source/u1" => ok(SOURCE),
        "/api/data_source/u1/file" => Reply::Answer(201, "", String::new()),
        line if line.contains("sign_s3") => ok(r#"{"status":"error","signed_request":"http://127.0.0.1:1/"}"#),
        line if line.contains("reload_from_file") => ok(r#"{"task_id":1}"#),
        line if line.contains("task") => ok(r#"{"status":"done"}"#),
        _ => list(&[SOURCE]),
    })
    .await;
    server.client().source("sales").await.unwrap().reload_from_csv(&path).send().await.unwrap();
}

#[tokio::test]
async fn signed_url_is_not_in_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.csv");
    std::fs::write(&path, "a\n1\n").unwrap();
    let server = TestServer::start(|_, asked| match asked.line.contains("sign_s3") {
        true => ok(r#"{"signed_request":"http://127.0.0.1:1/bucket?Signature=canary-signed"}"#),
        false if asked.line.ends_with("/u1") => ok(SOURCE),
        false => list(&[SOURCE]),
    })
    .await;
    let source = server.client().source("sales").await.unwrap();
    let error = source.reload_from_csv(&path).send().await.unwrap_err();
    assert!(error.is_connection() && error.to_string().contains("http://127.0.0.1:1 (signed upload)"), "{error}");
    assert!(!printed(&error).contains("canary"), "{}", printed(&error));
}

fn numbers(count: u32) -> impl Iterator<Item = Value> {
    (0..count).map(|number| json!({"a": number, "b": format!("text {number}")}))
}

#[tokio::test]
async fn reload_streams_rows_or_spools_them_for_a_signed_upload() {
    for signed in [false, true] {
        let server = loading(signed, r#"{"status":"ok"}"#).await;
        let source = server.client().source("sales").await.unwrap();
        let mut reports = Vec::new();
        source.reload(numbers(100_000)).progress(|progress| reports.push(progress)).send().await.unwrap();
        assert!(matches!(reports[reports.len() - 1], Progress::Loading { .. }), "{reports:?}");
        let rows: Vec<u64> = reports
            .iter()
            .filter_map(|progress| match progress {
                Progress::UploadingRows { rows, .. } => Some(*rows),
                _ => None,
            })
            .collect();
        // For a signed upload, the rows were written to a file.
        assert_eq!(reports.iter().any(|report| matches!(report, Progress::Uploading { .. })), signed, "{reports:?}");
        assert!(rows.is_sorted() && (signed || rows.last() == Some(&100_000)), "{rows:?}");
        let asked = server.asked();
        let saved: Value = serde_json::from_slice(&asked[2].body).unwrap();
        assert_eq!(saved["originalFileName"], "rows.csv.gz");
        let sent = &asked[4];
        // S3 requires a length.
        assert_eq!(sent.headers.contains("content-length: "), signed, "{}", sent.headers);
        assert_eq!(sent.line.starts_with("PUT /bucket"), signed);
        let text = unzipped(&sent.body);
        assert!(text.starts_with("a,b\n0,text 0\n") && text.ends_with("\n99999,text 99999\n"));
        assert_eq!(text.lines().count(), 100_001);
    }
}

#[tokio::test]
async fn invalid_row_cancels_the_load() {
    for signed in [false, true] {
        let server = loading(signed, r#"{"status":"ok"}"#).await;
        let source = server.client().source("sales").await.unwrap();
        let bad = std::iter::once(json!({"a": 1, "b": ""}));
        let error = source.reload(numbers(50_000).chain(bad)).send().await.unwrap_err();
        assert!(error.to_string().contains("nothing was loaded: row 50001, column `b`: an empty string"), "{error}");
        let rows = numbers(50_000).map(Ok).chain(std::iter::once(Err("the disk is gone")));
        let error = source.reload_from_stream(futures_util::stream::iter(rows)).send().await.unwrap_err();
        assert!(
            error.to_string().contains("nothing was loaded: reading row 50001 failed: the disk is gone"),
            "{error}"
        );
        assert!(server.asked().iter().all(|asked| !asked.line.contains("reload_from_file")));
    }
}

#[tokio::test]
async fn invalid_first_row_is_an_error_before_anything_is_sent() {
    let server = loading(false, r#"{"status":"ok"}"#).await;
    let source = server.client().source("sales").await.unwrap();
    let none = Vec::<Value>::new;
    for (load, expected) in [
        (source.reload(none()), "there are no rows to take the columns from"),
        (source.reload([json!({})]), "there are no columns"),
        (source.reload([json!({"Prénom": 1})]), "the column `Prénom` has to be called `prenom`"),
        (source.reload([json!({"a": [1]})]), "row 1, column `a`: a list is not a valid cell"),
        (source.reload([json!({"a": 1})]).columns(["b"]), "column `a` is not a column of"),
        (source.update("id", [json!({"a": 1})]), "there is no column `id`, the primary key; there are `a`"),
        (source.reload_from_array(["a", "b"], [[1]]), "it has 1 cells, but there are 2 columns"),
        (source.reload_from_array(["a", "a"], [[1, 2]]), "repeated columns: `a`"),
        (source.reload([json!({"a": 1})]).separator('é'), "'é' cannot separate"),
        (source.reload_from_csv("a.csv").columns(["a"]), "has a header"),
        (source.reload([json!({"unit price": 1})]).schema::<super::exports::Sales>(), "no column `country`, which"),
    ] {
        let error = load.send().await.unwrap_err();
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn reload_from_s3_makes_the_server_read_the_file() {
    let server = TestServer::start(|_, asked| match asked.line.split_once(' ').unwrap_or_default().1 {
        "/api/data_source/u1/reload_from_s3" => ok(r#"{"task_id":7}"#),
        "/api/task/7" => ok(r#"{"status":"ok"}"#),
        _ => list(&[SOURCE]),
    })
    .await;
    let source = server.client().source("sales").await.unwrap();
    source.reload_from_s3("bucket", "sales.csv").send().await.unwrap();
    let credentials = crate::S3Credentials::new("id", "canary-secret");
    assert!(!format!("{credentials:?}").contains("canary"));
    let load = source.reload_from_s3("bucket", "sales.csv").separator(';').region("eu-west-1").credentials(credentials);
    load.force_type("zip", crate::ForceType::Str).send().await.unwrap();
    let bodies: Vec<Value> = server
        .asked()
        .iter()
        .filter(|asked| asked.line.ends_with("reload_from_s3"))
        .map(|asked| serde_json::from_slice(&asked.body).unwrap())
        .collect();
    assert_eq!(bodies[0], json!({"async": true, "s3_bucket": "bucket", "s3_key": "sales.csv"}));
    assert_eq!(
        bodies[1],
        json!({
            "async": true, "s3_bucket": "bucket", "s3_key": "sales.csv", "s3_csv_separator": ";", "s3_region": "eu-west-1",
            "s3_credentials": "aws_access_key_id=id;aws_secret_access_key=canary-secret", "force_types": {"zip": "str"},
        })
    );
    let server = TestServer::start(|_, asked| match asked.line.starts_with("POST") {
        true => Reply::Answer(400, "", r#"{"errors":["no access with canary-secret"]}"#.to_owned()),
        false => list(&[SOURCE]),
    })
    .await;
    let source = server.client().source("sales").await.unwrap();
    let load = source.reload_from_s3("b", "k").credentials(crate::S3Credentials::new("id", "canary-secret"));
    assert!(!printed(&load.send().await.unwrap_err()).contains("canary"));
}
