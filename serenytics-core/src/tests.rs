//! Tests of the client against a server that answers what it is told to: retries, deadlines, refusals, secrets, uploads.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::problem::{Code, Problem};
use serenytics_query::query::{Part, Query, Template};
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::source::named;
use serenytics_query::value::{Rendered, kind};
use serenytics_query::vocabulary::ColumnType;
use serenytics_query::wire::Options;

use crate::test_server::{CANARY, Reply, TestServer, ok};
use crate::{Client, Error, Progress};

const SOURCE: &str = r#"{"uuid":"u1","name":"sales","type":"Storage","token":"t","jsonContent":{"kept":1}}"#;

fn list(objects: &[&str]) -> Reply {
    ok(format!(r#"{{"num_results":{},"objects":[{}]}}"#, objects.len(), objects.join(",")))
}

const ANSWER: &str = r#"{"columns_titles":[{"name":"country","type":"str"}],"data":[["FR"],["DE"]],"status":"ok"}"#;

fn read_country(cells: &mut CellReader<'_>) -> Result<String, CellError> {
    cells.next()
}

const COUNTRY: &[OutputColumn] =
    &[OutputColumn::fixed("country", "country", OutputType::Column(ColumnType::Str), false, true)];

const COUNTRIES: Query<String> = Query::fixed(
    named("sales"),
    r#"{"order":"row_by_row","data_processing_pipeline":[{"select":["country"]}]}"#,
    std::borrow::Cow::Borrowed(COUNTRY),
    read_country,
);

/// A server that has the source, and answers every query by `reply`.
async fn sales(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> TestServer {
    TestServer::start(move |number, asked| {
        if asked.line.contains("formatted_data") { reply(number) } else { list(&[SOURCE]) }
    })
    .await
}

fn printed(error: &Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn a_query_is_sent_as_it_is_with_the_key_in_its_header() {
    let server = sales(|_| ok(ANSWER)).await;
    let client = server.client();
    assert_eq!(client.fetch(&COUNTRIES).await.unwrap(), ["FR", "DE"]);
    assert_eq!(client.clone().fetch(&COUNTRIES).await.unwrap(), ["FR", "DE"]);
    let asked = server.asked();
    let lines: Vec<_> = asked.iter().map(|asked| asked.line.as_str()).collect();
    assert!(lines[0].starts_with("GET /api/data_source?q=%7B%22filters%22"), "{lines:?}");
    assert_eq!(lines[1..], ["POST /api/formatted_data/u1", "POST /api/formatted_data/u1"]);
    assert_eq!(asked[1].body, COUNTRIES.as_json().as_bytes());
    for header in [
        format!("x-api-key: {CANARY}\r\n"),
        "content-type: application/json\r\n".to_owned(),
        format!("user-agent: serenytics-rust/{}\r\n", env!("CARGO_PKG_VERSION")),
        "accept-encoding: gzip\r\n".to_owned(),
    ] {
        assert!(asked[1].headers.contains(&header), "{}", asked[1].headers);
    }
}

#[tokio::test]
async fn a_path_in_the_url_is_a_prefix() {
    let server = sales(|_| ok(ANSWER)).await;
    for url in [format!("{}/tenant", server.url), format!("{}/tenant/", server.url)] {
        let client = Client::builder().url(url).api_key("k").build().unwrap();
        client.fetch(&COUNTRIES).await.unwrap();
    }
    assert!(server.asked().iter().all(|asked| asked.line.contains(" /tenant/api/")));
}

#[tokio::test]
async fn uuids_cannot_leave_their_place_in_the_path() {
    let server = TestServer::start(|_, _| ok(SOURCE)).await;
    let client = server.client();
    client.source_by_uuid("../task/1?x#y").await.unwrap();
    assert_eq!(server.asked()[0].line, "GET /api/data_source/..%2Ftask%2F1%3Fx%23y");
    for uuid in ["", ".", ".."] {
        assert!(client.source_by_uuid(uuid).await.unwrap_err().is_not_found());
    }
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_server_that_repeats_the_key_does_not_spread_it() {
    let texts = [
        format!(r#"{{"errors":["bad key {CANARY}"]}}"#),
        format!("<p>X-Api-Key: {CANARY}</p>"),
        format!("\"{CANARY}\""),
    ];
    for status in [400, 401, 404, 500, 302] {
        for text in texts.clone() {
            let body = text.clone();
            let server = TestServer::start(move |_, _| {
                Reply::Answer(status, "location: http://elsewhere/canary-7f3a91?canary-7f3a91\r\n", body.clone())
            })
            .await;
            let error = server.client().sources().await.unwrap_err();
            assert!(error.is_refused_by_server() && error.status() == Some(status), "{error:?}");
            assert!(!printed(&error).contains("canary"), "{}", printed(&error));
        }
    }
    let bodies = [
        format!(r#"{{"status":"error","errors":["{CANARY}"]}}"#),
        ANSWER.replace("[\"FR\"]", &format!("[[\"{CANARY}\"]]")),
        ANSWER.replace("\"name\":\"country\"", &format!("\"name\":\"{CANARY}\"")),
        format!("\"{CANARY}\""),
        format!(r#"{{"objects":"{CANARY}"}}"#),
    ];
    for body in bodies {
        let server = sales(move |_| ok(body.clone())).await;
        let error = server.client().fetch(&COUNTRIES).await.unwrap_err();
        assert!(!printed(&error).contains("canary"), "{}", printed(&error));
    }
    let server = TestServer::start(|_, _| ok(format!(r#"{{"objects":"{CANARY}"}}"#))).await;
    let error = server.client().sources().await.unwrap_err();
    assert!(error.is_decode() && !printed(&error).contains("canary"), "{}", printed(&error));
}

#[tokio::test]
async fn refusals_say_what_where_and_what_to_do() {
    let said = |status, headers, body: &'static str| async move {
        let server = TestServer::start(move |_, _| Reply::Answer(status, headers, body.to_owned())).await;
        server.client().sources().await.unwrap_err()
    };
    let unauthorized = said(401, "", r#""Unauthorized""#).await;
    assert_eq!(
        unauthorized.to_string(),
        "GET /api/data_source: 401 Unauthorized: check your API key: Unauthorized"
    );
    assert!(unauthorized.is_unauthorized());
    let refused = said(400, "", r#"{"errors":["one","two"]}"#).await;
    assert_eq!(refused.to_string(), "GET /api/data_source: 400 Bad Request: one");
    let redirect = said(302, "location: https://login.example.com/in?next=1\r\n", "").await;
    assert_eq!(
        redirect.to_string(),
        "GET /api/data_source: 302 Found: the server redirects to https://login.example.com/in, and calls of the API \
         follow no redirect; check the client's URL"
    );
}

#[tokio::test]
async fn what_passes_is_tried_again_if_that_is_safe() {
    let server = sales(|number| match number {
        2 => Reply::Answer(503, "retry-after: 0\r\n", String::new()),
        3 => Reply::Close,
        4 => Reply::Answer(429, "", String::new()),
        _ => ok(ANSWER),
    })
    .await;
    assert_eq!(server.client().fetch(&COUNTRIES).await.unwrap(), ["FR", "DE"]);

    let server = sales(|_| Reply::Answer(502, "retry-after: 0\r\n", "<h1>Bad gateway</h1>".to_owned())).await;
    let error = server.client().fetch(&COUNTRIES).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "POST /api/formatted_data/u1: 502 Bad Gateway: <h1>Bad gateway</h1> (tried 4 times)"
    );
    assert_eq!(server.asked().len(), 5);

    let server = sales(|_| Reply::Answer(503, "retry-after: 3600\r\n", String::new())).await;
    let started = Instant::now();
    assert_eq!(server.client().fetch(&COUNTRIES).await.unwrap_err().status(), Some(503));
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(server.asked().len(), 2);

    let server = sales(|_| Reply::Answer(400, "", String::new())).await;
    assert!(server.client().fetch(&COUNTRIES).await.is_err());
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn what_changes_data_is_sent_once() {
    let server = TestServer::start(|_, asked| match asked.line.starts_with("GET") {
        true => list(&[SOURCE]),
        false => Reply::Answer(503, "retry-after: 0\r\n", String::new()),
    })
    .await;
    let source = server.client().source("sales").await.unwrap();
    let row = json!({"a": 1}).as_object().cloned().unwrap();
    assert_eq!(source.insert([row]).await.unwrap_err().status(), Some(503));
    assert_eq!(source.insert(Vec::<serde_json::Map<String, Value>>::new()).await.ok(), Some(()));
    assert_eq!(source.clone().delete().await.unwrap_err().status(), Some(503));
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn deadlines_pass() {
    let server = TestServer::start(|_, _| Reply::Silence).await;
    let client = Client::builder().url(&server.url).api_key("k").read_timeout(Duration::from_millis(50));
    let error = client.build().unwrap().sources().await.unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("nothing for 50ms"), "{error}");
    let error = server.client().with_timeout(Duration::from_millis(50)).sources().await.unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("50ms"), "{error}");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let client = Client::builder().url("http://127.0.0.1:1").api_key(CANARY).build().unwrap();
    let error = client.with_timeout(Duration::from_millis(400)).sources().await.unwrap_err();
    assert!(error.is_connection() && error.to_string().contains("cannot connect: "), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error() {
    for sent in [0, 1, ANSWER.len() - 1] {
        let server = sales(move |_| Reply::Cut(ANSWER.to_owned(), sent)).await;
        let error = server.client().fetch(&COUNTRIES).await.unwrap_err();
        assert!(error.is_connection(), "{error}");
    }
    let cut = &ANSWER[..ANSWER.len() - 10];
    let server = sales(move |_| ok(cut)).await;
    let error = server.client().fetch(&COUNTRIES).await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("cut"), "{error}");
}

#[tokio::test]
async fn an_empty_storage_has_no_rows() {
    for status in [200, 400] {
        let body = r#"{"status":"error","errors":["Storage source is empty."]}"#;
        let server = sales(move |_| Reply::Answer(status, "", body.to_owned())).await;
        let client = server.client();
        assert!(client.fetch(&COUNTRIES).await.unwrap().is_empty());
        let source = client.source("sales").await.unwrap();
        assert_eq!(source.row_count().await.unwrap(), 0);
        assert!(source.columns().await.unwrap().is_empty());
        assert_eq!(client.fetch_raw(&source, &Options::default()).await.unwrap(), crate::Answer::default());
    }
}

#[tokio::test]
async fn counts_are_read_in_every_form() {
    for (cell, count) in [("[3]", 3), ("[3.0]", 3), ("[null]", 0), ("", 0)] {
        let body = format!(r#"{{"columns_titles":[{{"name":"?","type":"?"}}],"data":[{cell}],"status":"ok"}}"#);
        let server = sales(move |_| ok(body.clone())).await;
        let source = server.client().source("sales").await.unwrap();
        assert_eq!(source.row_count().await.unwrap(), count, "{cell}");
        let body: Value = serde_json::from_slice(&server.asked()[1].body).unwrap();
        assert_eq!(
            body,
            json!({"order": "row_by_row", "data_processing_pipeline": [
                {"select": [{"name": "$$count$$", "agg_function": "sum"}]},
            ]})
        );
    }
}

#[tokio::test]
async fn a_query_with_problems_is_not_sent() {
    let server = sales(|_| ok(ANSWER)).await;
    let template = Template {
        head: r#"{"data_processing_pipeline":[{"select":["country"]"#.into(),
        conditions: vec![vec![Part::Value(0)].into()].into(),
        limit: None,
    };
    let values = [Rendered::scalar::<kind::Float, _>(&f64::NAN)];
    let query = Query::with_values(named("sales"), &template, &values, COUNTRY.into(), read_country);
    let error = server.client().fetch(&query).await.unwrap_err();
    assert!(error.is_invalid_query());
    assert!(matches!(error.problems(), [Problem { code: Code::NotFinite, .. }]));
    assert!(error.to_string().starts_with("the query was not sent:\n  the value NaN"), "{error}");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn names_are_looked_up_and_suggested() {
    let reply = |objects: &'static [&'static str]| {
        TestServer::start(move |_, asked| list(if asked.line.contains("eq") { &objects[..0] } else { objects }))
    };
    let unknown = |server: TestServer, name: &'static str| async move {
        let error = server.client().source(name).await.unwrap_err();
        assert!(error.is_not_found() && !error.is_refused_by_server(), "{error:?}");
        error.to_string()
    };
    assert_eq!(
        unknown(reply(&[SOURCE]).await, "sale").await,
        "there is no source named `sale`; did you mean `sales`?"
    );
    assert_eq!(
        unknown(reply(&[SOURCE]).await, "flights").await,
        "there is no source named `flights`; the server has `sales`"
    );
    assert_eq!(
        unknown(reply(&[]).await, "flights").await,
        "there is no source named `flights`; the server has no source yet"
    );
    let server = TestServer::start(|_, _| list(&[SOURCE, SOURCE])).await;
    let error = server.client().find_source("sales").await.unwrap_err().to_string();
    assert!(error.starts_with("2 sources are named `sales`") && error.contains("`u1`"), "{error}");
}

#[tokio::test]
async fn a_source_that_is_no_storage_is_left_alone() {
    const JOIN: &str = r#"{"uuid":"u2","name":"sales","type":"InnerJoin","jsonContent":{"secret":"x"}}"#;
    let server = TestServer::start(|_, _| list(&[JOIN])).await;
    let client = server.client();
    let source = client.source("sales").await.unwrap();
    assert!(!format!("{source:?}").contains("secret"));
    for error in [
        client.get_or_create_storage("sales").await.unwrap_err(),
        source.insert([serde_json::Map::new()]).await.unwrap_err(),
        source.reload_from_csv("missing.csv").send().await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("InnerJoin"), "{error}");
    }
    assert!(server.asked().iter().all(|asked| asked.line.starts_with("GET")));
}

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
    let mut encoder = flate2::GzBuilder::new().write(std::fs::File::create(&zipped).unwrap(), flate2::Compression::best());
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
                assert!(!sent.headers.contains(CANARY) && sent.headers.contains("content-length: "), "{}", sent.headers);
                assert!(sent.headers.contains("content-type: csv/gz\r\n") && sent.headers.contains("x-amz-acl: private\r\n"));
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

#[test]
fn everything_can_go_to_another_thread() {
    fn check<T: Send>(_: impl FnOnce(&'static Client) -> T) {}
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Client>();
    shared::<crate::DataSource>();
    check(|client| client.fetch(&COUNTRIES));
    check(|client| client.source("sales"));
    check(|client| async { client.source("sales").await?.reload_from_csv("a.csv").send().await });
    check(|client| async { client.source("sales").await?.insert([serde_json::Map::new()]).await });
}
