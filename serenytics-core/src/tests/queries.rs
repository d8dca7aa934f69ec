//! Sources and queries: what is sent, what is not, and how truncated or empty responses are read.

use serde_json::{Map, Value, json};
use serenytics_query::problem::{Code, Problem};
use serenytics_query::query::{Part, Query, Template, Unrendered};
use serenytics_query::rendered::limit;
use serenytics_query::source::named;
use serenytics_query::wire::Pipeline;

use super::server::{CANARY, Reply, TestServer, ok};
use super::{ANSWER, COUNTRIES, COUNTRY, SOURCE, list, read_country, sales};
use crate::Answer;

#[tokio::test]
async fn query_is_sent_unchanged_with_the_key_in_a_header() {
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
async fn truncated_response_is_an_error() {
    for sent in [0, 1, ANSWER.len() - 1] {
        let server = sales(move |_| Reply::Truncated(ANSWER.to_owned(), sent)).await;
        let error = server.client().fetch(&COUNTRIES).await.unwrap_err();
        assert!(error.is_connection(), "{error}");
    }
    let cut = &ANSWER[..ANSWER.len() - 10];
    let server = sales(move |_| ok(cut)).await;
    let error = server.client().fetch(&COUNTRIES).await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("truncated"), "{error}");
}

#[tokio::test]
async fn query_on_an_empty_storage_returns_no_rows() {
    for status in [200, 400] {
        let body = r#"{"status":"error","errors":["Storage source is empty."]}"#;
        let server = sales(move |_| Reply::Answer(status, "", body.to_owned())).await;
        let client = server.client();
        assert!(client.fetch(&COUNTRIES).await.unwrap().is_empty());
        let source = client.source("sales").await.unwrap();
        assert_eq!(source.row_count().await.unwrap(), 0);
        assert!(source.columns().await.unwrap().is_empty());
        assert_eq!(client.fetch_raw(&source, &Pipeline::default()).await.unwrap(), Answer::default());
    }
}

#[tokio::test]
async fn row_count_is_read_in_every_form() {
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
async fn query_with_problems_is_not_sent() {
    let server = sales(|_| ok(ANSWER)).await;
    let template = Template {
        head: r#"{"data_processing_pipeline":[{"select":["country"]"#.into(),
        conditions: vec![].into(),
        limit: Some(Part::Value(0)),
    };
    let values = [limit(&0)];
    let query = Query::with_values(
        &values,
        Unrendered::new(named("sales"), &template, COUNTRY.into(), read_country, Default::default()),
    );
    let error = server.client().fetch(&query).await.unwrap_err();
    assert!(error.is_invalid_query());
    assert!(matches!(error.problems(), [Problem { code: Code::LimitRange, .. }]));
    assert!(error.to_string().starts_with("the query was not sent:\n  `limit` is 0"), "{error}");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn unknown_source_name_error_suggests_a_name() {
    let reply = |objects: &'static [&'static str]| {
        TestServer::start(move |_, asked| list(if asked.line.contains("eq") { &objects[..0] } else { objects }))
    };
    let unknown = |server: TestServer, name: &'static str| async move {
        let error = server.client().source(name).await.unwrap_err();
        assert!(error.is_not_found() && !error.is_rejected(), "{error:?}");
        error.to_string()
    };
    assert_eq!(unknown(reply(&[SOURCE]).await, "sale").await, "there is no source named `sale`; did you mean `sales`?");
    assert_eq!(
        unknown(reply(&[SOURCE]).await, "flights").await,
        "there is no source named `flights`; the server has `sales`"
    );
    assert_eq!(
        unknown(reply(&[]).await, "flights").await,
        "there is no source named `flights`; the server has no sources yet"
    );
    let server = TestServer::start(|_, _| list(&[SOURCE, SOURCE])).await;
    let error = server.client().find_source("sales").await.unwrap_err().to_string();
    assert!(
        error.starts_with("GET /api/data_source: 2 sources are named `sales`") && error.contains("`u1`"),
        "{error}"
    );
}

#[tokio::test]
async fn source_name_must_match_exactly() {
    let others: &[&str] = &[r#"{"uuid":"u2","name":"Sales","type":"Storage"}"#, r#"{"uuid":"u3","name":"sales 2"}"#];
    let server = TestServer::start(move |_, _| list(&[others[0], SOURCE, others[1]])).await;
    assert_eq!(server.client().source("sales").await.unwrap().uuid(), "u1");
    let server = TestServer::start(move |_, _| list(others)).await;
    assert!(server.client().find_source("sales").await.unwrap().is_none());
}

#[tokio::test]
async fn incomplete_sources_do_not_break_the_list() {
    let objects: &[&str] = &[
        r#"{"uuid":"u1","name":null,"type":"Storage"}"#,
        r#"{"uuid":"u2"}"#,
        r#"{"uuid":"u3","name":"n","type":null}"#,
        r#"{"uuid":"u4","name":"n","type":"Newer"}"#,
        r#"{"name":"lost","type":"Storage"}"#,
        r#"{"uuid":null,"name":"lost","type":"Storage"}"#,
        "null",
    ];
    let server = TestServer::start(move |_, _| list(objects)).await;
    let client = server.client();
    let sources = client.sources().await.unwrap();
    let read: Vec<_> =
        sources.iter().map(|source| (source.uuid(), source.name(), source.source_type().name())).collect();
    assert_eq!(read, [("u1", "", "Storage"), ("u2", "", ""), ("u3", "n", ""), ("u4", "n", "Newer")]);
    // A source without uuid is an error if its name is looked up: it would be created a second
    // time.
    let error = client.get_or_create_storage("lost").await.unwrap_err();
    assert!(error.is_decode() && error.to_string().starts_with("GET /api/data_source: "), "{error}");
    let server = TestServer::start(|_, _| ok(r#"{"name":"sales"}"#)).await;
    let error = server.client().source_by_uuid("u1").await.unwrap_err();
    assert!(error.is_decode() && error.to_string().starts_with("GET /api/data_source/u1: "), "{error}");
}

#[tokio::test]
async fn response_without_columns_or_rows_is_an_error() {
    let titles = r#"{"columns_titles":[{"name":"country","type":"?"}],"status":"ok"}"#;
    for (body, lacking) in
        [(r#"{"status":"ok"}"#, "columns_titles"), (titles, "data"), (r#"{"data":[],"status":"ok"}"#, "columns_titles")]
    {
        let server = sales(move |_| ok(body)).await;
        let client = server.client();
        let source = client.source("sales").await.unwrap();
        for error in [
            client.fetch(&COUNTRIES).await.unwrap_err(),
            client.fetch_from(&source, &COUNTRIES).await.unwrap_err(),
            client.fetch_raw(&source, &Pipeline::default()).await.unwrap_err(),
            source.row_count().await.unwrap_err(),
        ] {
            assert!(error.is_decode(), "{error:?}");
            assert_eq!(
                error.to_string(),
                format!("POST /api/formatted_data/u1: the response to the query has no `{lacking}`")
            );
        }
    }
    let server = sales(move |_| ok(titles)).await;
    assert_eq!(server.client().source("sales").await.unwrap().columns().await.unwrap().len(), 1);
}

#[tokio::test]
async fn response_that_cannot_be_unzipped_is_a_decode_error() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, ANSWER.as_bytes()).unwrap();
    let valid = encoder.finish().unwrap();
    let gzipped = |bytes: Vec<u8>| sales(move |_| Reply::Bytes("content-encoding: gzip\r\n", bytes.clone(), 0));
    assert_eq!(gzipped(valid.clone()).await.client().fetch(&COUNTRIES).await.unwrap().len(), 2);
    let mut corrupt = valid.clone();
    corrupt[15] ^= 0xff;
    for bytes in [corrupt, valid[..valid.len() - 12].to_vec(), b"no gzip at all".to_vec()] {
        let error = gzipped(bytes).await.client().fetch(&COUNTRIES).await.unwrap_err();
        assert!(error.is_decode() && !error.is_connection(), "{error:?}");
    }
    let half = valid.len() / 2;
    let server = sales(move |_| Reply::Bytes("content-encoding: gzip\r\n", valid[..half].to_vec(), half)).await;
    let error = server.client().fetch(&COUNTRIES).await.unwrap_err();
    assert!(error.is_connection() && !error.is_decode(), "{error:?}");
}

#[tokio::test]
async fn loads_into_a_source_that_is_not_a_storage_are_not_sent() {
    const JOIN: &str = r#"{"uuid":"u2","name":"sales","type":"InnerJoin","jsonContent":{"secret":"x"}}"#;
    let server = TestServer::start(|_, _| list(&[JOIN])).await;
    let client = server.client();
    let source = client.source("sales").await.unwrap();
    assert!(!format!("{source:?}").contains("secret"));
    for error in [
        client.get_or_create_storage("sales").await.unwrap_err(),
        source.insert([Map::new()]).await.unwrap_err(),
        source.reload_from_csv("missing.csv").send().await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("InnerJoin"), "{error}");
    }
    assert!(server.asked().iter().all(|asked| asked.line.starts_with("GET")));
}
