//! Calls: paths, rejections, retries, and the API key in messages.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::server::{CANARY, Reply, TestServer, ok};
use super::{ANSWER, COUNTRIES, SOURCE, list, printed, sales};
use crate::{Client, DataSource};

#[tokio::test]
async fn uuid_is_escaped_in_the_path() {
    let server = TestServer::start(|_, _| ok(SOURCE)).await;
    let client = server.client();
    client.source_by_uuid("../task/1?x#y").await.unwrap();
    assert_eq!(server.asked()[0].line, "GET /api/data_source/..%2Ftask%2F1%3Fx%23y");
    for uuid in ["", ".", "..", "u1\n", "\t", ".\t."] {
        let error = client.source_by_uuid(uuid).await.unwrap_err();
        assert!(error.is_not_found() && error.to_string().contains("nothing was sent"), "{error}");
    }
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn uuid_from_a_server_is_checked_too() {
    for uuid in ["", ".\\t.", "u1\\u0000"] {
        let server = TestServer::start(move |_, _| list(&[&SOURCE.replace("u1", uuid)])).await;
        let source = server.client().source("sales").await.unwrap();
        let load = source.reload_from_csv(concat!(env!("CARGO_MANIFEST_DIR"), "/missing.csv"));
        assert!(load.send().await.unwrap_err().to_string().contains("no file"));
        for error in [
            server.client().fetch(&COUNTRIES).await.unwrap_err(),
            source.columns().await.unwrap_err(),
            source.insert([Map::new()]).await.unwrap_err(),
            source.delete().await.unwrap_err(),
        ] {
            assert!(error.to_string().contains("nothing was sent"), "{error}");
        }
        assert!(server.asked().iter().all(|asked| asked.line.starts_with("GET /api/data_source?q=")));
    }
}

#[tokio::test]
async fn url_path_is_a_prefix_of_all_calls() {
    let server = sales(|_| ok(ANSWER)).await;
    for url in [format!("{}/tenant", server.url), format!("{}/tenant/", server.url)] {
        let client = Client::builder().url(url).api_key("k").build().unwrap();
        client.fetch(&COUNTRIES).await.unwrap();
    }
    assert!(server.asked().iter().all(|asked| asked.line.contains(" /tenant/api/")));
}

#[tokio::test]
async fn api_key_in_a_response_is_redacted() {
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
            assert!(error.is_rejected() && error.status() == Some(status), "{error:?}");
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
    // Where strings are truncated inside the key: messages at 2000 characters, cells at 40.
    for (before, form) in [
        (1990, r#"{"status":"error","errors":["{}"]}"#),
        (28, r#"{"status":"ok","columns_titles":[{"name":"country","type":"str"}],"data":[[["{}"]]]}"#),
    ] {
        for shown in 0..14 {
            let body = form.replace("{}", &format!("{}{CANARY}{}", "x".repeat(before + shown), "y".repeat(60)));
            let server = sales(move |_| ok(body.clone())).await;
            let error = server.client().fetch(&COUNTRIES).await.unwrap_err();
            assert!(!printed(&error).contains("canary-7"), "{}", printed(&error));
        }
    }
    let server = TestServer::start(|_, _| ok(format!(r#"{{"objects":"{CANARY}"}}"#))).await;
    let error = server.client().sources().await.unwrap_err();
    assert!(error.is_decode() && !printed(&error).contains("canary"), "{}", printed(&error));
}

#[tokio::test]
async fn rejection_names_the_call_the_reason_and_the_fix() {
    let said = |status, headers, body: &'static str| async move {
        let server = TestServer::start(move |_, _| Reply::Answer(status, headers, body.to_owned())).await;
        server.client().sources().await.unwrap_err()
    };
    let unauthorized = said(401, "", r#""Unauthorized""#).await;
    assert_eq!(unauthorized.to_string(), "GET /api/data_source: 401 Unauthorized: check your API key: Unauthorized");
    assert!(unauthorized.is_unauthorized());
    let rejected = said(400, "", r#"{"errors":["one","two"]}"#).await;
    assert_eq!(rejected.to_string(), "GET /api/data_source: 400 Bad Request: one; two");
    let redirect = said(302, "location: https://login.example.com/in?next=1\r\n", "").await;
    assert_eq!(
        redirect.to_string(),
        "GET /api/data_source: 302 Found: the server redirects to https://login.example.com/in, but calls of the API \
         follow no redirects; check the client's URL"
    );
}

#[tokio::test]
async fn temporary_failures_are_retried_if_safe() {
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
    assert_eq!(error.to_string(), "POST /api/formatted_data/u1: 502 Bad Gateway: <h1>Bad gateway</h1> (tried 4 times)");
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
async fn calls_that_change_data_are_not_retried() {
    let server = TestServer::start(|_, asked| match asked.line.starts_with("GET") {
        true => list(&[SOURCE]),
        false => Reply::Answer(503, "", String::new()),
    })
    .await;
    let source = server.client().source("sales").await.unwrap();
    let row = json!({"a": 1}).as_object().cloned().unwrap();
    assert_eq!(source.insert([row]).await.unwrap_err().status(), Some(503));
    assert_eq!(source.insert(Vec::<Map<String, Value>>::new()).await.ok(), Some(()));
    assert_eq!(source.clone().delete().await.unwrap_err().status(), Some(503));
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn unreachable_server_is_a_connection_error() {
    let client = Client::builder().url("http://127.0.0.1:1").api_key(CANARY).build().unwrap();
    let error = client.with_timeout(Duration::from_millis(400)).sources().await.unwrap_err();
    assert!(error.is_connection() && error.to_string().contains("cannot connect to http"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn futures_of_the_client_are_send() {
    fn check<T: Send>(_: impl FnOnce(&'static Client) -> T) {}
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Client>();
    shared::<DataSource>();
    check(|client| async { client.fetch(&COUNTRIES).await });
    check(|client| client.source("sales"));
    check(|client| async { client.source("sales").await?.reload_from_csv("a.csv").send().await });
    check(|client| async { client.source("sales").await?.insert([Map::new()]).await });
}

#[tokio::test]
async fn response_with_an_error_status_is_an_error() {
    let server = TestServer::start(|_, asked| {
        let status = if asked.line.contains("sharings") { 201 } else { 200 };
        match asked.line.starts_with("GET /api/web_app") {
            true => ok(r#"{"uuid":"w1","name":"dashboard"}"#),
            false if asked.line.starts_with("GET") => ok(SOURCE),
            false => Reply::Answer(status, "", r#"{"status":"error","errors":["not now"]}"#.to_owned()),
        }
    })
    .await;
    let client = server.client();
    let mut web_app = client.web_app_by_uuid("w1").await.unwrap();
    let mut source = client.source_by_uuid("u1").await.unwrap();
    for outcome in [
        client.send_slack_message("#sales", "A record", None).await,
        client.store_script_data("s1", &1).await,
        web_app.share_with("ada").await,
        web_app.save().await,
        source.save().await,
        source.invalidate_cache().await,
    ] {
        assert!(outcome.unwrap_err().to_string().ends_with("not now"));
    }
}

#[tokio::test]
async fn save_accepts_any_response() {
    for answer in ["", "saved", r#"{"status":"ok"}"#, r#"{"uuid":"another","name":"x"}"#] {
        let server = TestServer::start(move |_, asked| match asked.line.starts_with("GET") {
            true => ok(r#"{"uuid":"w1","name":"dashboard"}"#),
            false => ok(answer),
        })
        .await;
        let mut web_app = server.client().web_app_by_uuid("w1").await.unwrap();
        web_app.set_name("sales");
        web_app.save().await.unwrap();
        assert_eq!((web_app.name(), web_app.uuid()), ("sales", "w1"));
    }
}
