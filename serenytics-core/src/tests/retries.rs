//! Retries: what is sent again, and what an error says about a call that may have been carried out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use super::server::{Asked, CANARY, Reply, TestServer, ok};
use super::{ANSWER, COUNTRIES, SOURCE, list, sales};
use crate::{Client, Error};

/// Starts a server with one source, which answers the first batches by `first` and the others well.
async fn batches(times: usize, first: impl Fn() -> Reply + Send + Sync + 'static) -> TestServer {
    let left = AtomicUsize::new(times);
    TestServer::start(move |_, asked| {
        if !asked.line.ends_with("/batch") {
            return list(&[SOURCE]);
        }
        let hit = left.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if hit { first() } else { ok(r#"{"status":"ok"}"#) }
    })
    .await
}

async fn inserted(server: &TestServer) -> (Result<(), Error>, usize) {
    let source = server.client().source("sales").await.unwrap();
    let outcome = source.insert([json!({"country": "FR"})]).await;
    let is_batch = |asked: &&Asked| asked.line.ends_with("/batch");
    (outcome, server.asked().iter().filter(is_batch).count())
}

#[tokio::test]
async fn insert_that_was_turned_away_is_sent_again() {
    let headers = [
        "retry-after: 0\r\n",
        "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        "retry-after: Sunday, 06-Nov-94 08:49:37 GMT\r\n",
        "retry-after: Sun Nov  6 08:49:37 1994\r\n",
    ];
    for status in [429, 503] {
        for header in headers {
            let server = batches(2, move || Reply::Answer(status, header, r#"{"errors":["busy"]}"#.to_owned())).await;
            let (outcome, sent) = inserted(&server).await;
            assert!(outcome.is_ok() && sent == 3, "{status} {header}: {outcome:?}, {sent}");
        }
    }
    let server = batches(9, || Reply::Answer(503, "retry-after: 0\r\n", String::new())).await;
    let (outcome, sent) = inserted(&server).await;
    let error = outcome.unwrap_err();
    assert!(sent == 4 && error.to_string().ends_with("(tried 4 times)"), "{error}");
    assert!(!error.is_outcome_unknown() && error.retry_after() == Some(Duration::ZERO), "{error:?}");
}

#[tokio::test]
async fn insert_that_may_have_been_carried_out_is_sent_once_and_says_so() {
    let answers: [fn() -> Reply; 10] = [
        || Reply::Answer(503, "", String::new()),
        || Reply::Answer(503, "retry-after: soon\r\n", String::new()),
        || Reply::Answer(500, "", "Oops".to_owned()),
        || Reply::Answer(502, "retry-after: 0\r\n", String::new()),
        || Reply::Answer(504, "", String::new()),
        || Reply::Answer(408, "", String::new()),
        || Reply::Answer(202, "", "{}".to_owned()),
        || Reply::Close,
        || Reply::Truncated(r#"{"status":"ok"}"#.to_owned(), 5),
        || ok("<html>"),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let server = batches(9, answer).await;
        let (outcome, sent) = inserted(&server).await;
        let error = outcome.unwrap_err();
        assert!(sent == 1 && error.is_outcome_unknown(), "{number}: {sent}, {error:?}");
        let advice = "; the rows may have arrived: check before you send them again";
        assert_eq!(error.to_string().matches(advice).count(), 1, "{number}: {error}");
    }
}

#[tokio::test]
async fn rejected_insert_is_sent_once_and_certainly_not_carried_out() {
    for status in [400, 401, 403, 404, 413, 429, 302, 501] {
        let server = batches(9, move || Reply::Answer(status, "", r#"{"errors":["no"]}"#.to_owned())).await;
        let (outcome, sent) = inserted(&server).await;
        let error = outcome.unwrap_err();
        assert!(sent == 1 && !error.is_outcome_unknown(), "{status}: {sent}, {error:?}");
        assert!(!error.to_string().contains("may have"), "{error}");
    }
    let server = batches(9, || ok(r#"{"status":"error","errors":["no"]}"#)).await;
    assert!(!inserted(&server).await.0.unwrap_err().is_outcome_unknown());
}

#[tokio::test]
async fn other_changes_say_that_they_may_have_been_carried_out() {
    let server = TestServer::start(|_, asked| {
        if asked.line.starts_with("GET") { list(&[SOURCE]) } else { Reply::Answer(500, "", String::new()) }
    })
    .await;
    let client = server.client();
    let source = client.source("sales").await.unwrap();
    let errors = [
        client.create_storage("new").await.map(|_| ()).unwrap_err(),
        source.clone().save().await.unwrap_err(),
        source.invalidate_cache().await.unwrap_err(),
        client.send_slack_message("#sales", "Loaded.", None).await.unwrap_err(),
        source.delete().await.unwrap_err(),
    ];
    for error in errors {
        assert!(error.is_outcome_unknown(), "{error:?}");
        assert!(error.to_string().ends_with("the server may have carried out the call: check before you repeat it"));
    }
    assert!(server.asked().iter().filter(|asked| !asked.line.starts_with("GET")).count() == 5);
}

#[tokio::test]
async fn refused_connection_is_tried_again_even_for_rows() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let pusher = Client::builder().url(&url).pusher("u1", CANARY).unwrap();
    let error = pusher.push(json!({"country": "FR"})).await.unwrap_err();
    assert!(error.is_connection() && !error.is_outcome_unknown(), "{error:?}");
    assert!(error.to_string().ends_with("(tried 4 times)"), "{error}");

    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let listener = socket.listen(16).unwrap();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        }
    });
    pusher.push(json!({"country": "FR"})).await.unwrap();
}

#[tokio::test]
async fn truncated_result_of_a_query_is_requested_again() {
    let answers: [fn() -> Reply; 3] = [
        || Reply::Truncated(ANSWER.to_owned(), ANSWER.len() - 20),
        || Reply::Truncated(ANSWER.to_owned(), 0),
        // The length of this response is that of its part.
        || ok(&ANSWER[..ANSWER.len() - 20]),
    ];
    for answer in answers {
        let server = sales(move |number| if number < 4 { answer() } else { ok(ANSWER) }).await;
        assert_eq!(server.client().fetch(&COUNTRIES).await.unwrap(), ["FR", "DE"]);
        assert_eq!(server.asked().len(), 4);
        let server = sales(move |_| answer()).await;
        let error = server.client().fetch(&COUNTRIES).await.unwrap_err();
        assert!(error.to_string().ends_with("(tried 4 times)"), "{error}");
    }
}

#[tokio::test]
async fn result_of_a_stream_is_not_requested_again_after_its_first_row() {
    let server = sales(|number| match number {
        2 => Reply::Truncated(ANSWER.to_owned(), 60),
        _ => Reply::Truncated(ANSWER.to_owned(), ANSWER.len() - 20),
    })
    .await;
    let client = server.client();
    let mut rows = client.stream(&COUNTRIES).await.unwrap();
    assert_eq!(rows.try_next().await.unwrap().as_deref(), Some("FR"));
    while let Ok(Some(_)) = rows.try_next().await {}
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn truncated_list_and_408_are_requested_again() {
    let server = TestServer::start(|number, _| match number {
        1 => Reply::Answer(408, "", String::new()),
        2 => Reply::Truncated(r#"{"num_results":0,"objects":[]}"#.to_owned(), 12),
        3 => Reply::Close,
        _ => list(&[SOURCE]),
    })
    .await;
    assert_eq!(server.client().sources().await.unwrap().len(), 1);
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn retry_after_beyond_the_deadline_is_in_the_error() {
    for (header, seconds) in [
        ("retry-after: 3600\r\n", 3600..=3600),
        ("retry-after: 99999999999999999999\r\n", u64::MAX..=u64::MAX),
        ("retry-after: Fri, 01 Jan 2100 00:00:00 GMT\r\n", 1_000_000..=u64::MAX),
    ] {
        let server = sales(move |_| Reply::Answer(429, header, r#"{"errors":["slow down"]}"#.to_owned())).await;
        let error = server.client().fetch(&COUNTRIES).await.unwrap_err();
        let retry_after = error.retry_after().unwrap();
        assert!(seconds.contains(&retry_after.as_secs()), "{header}: {retry_after:?}");
        assert_eq!(server.asked().len(), 2, "{header}");
        assert!(error.to_string().contains("slow down; the server asks to wait "), "{error}");
    }
    let server = sales(|_| Reply::Answer(400, "", String::new())).await;
    assert_eq!(server.client().fetch(&COUNTRIES).await.unwrap_err().retry_after(), None);
}

#[tokio::test]
async fn json_after_a_byte_order_mark_is_read() {
    let marked = |reply: Reply| match reply {
        Reply::Answer(status, headers, body) => Reply::Answer(status, headers, format!("\u{feff}{body}")),
        other => other,
    };
    let server = TestServer::start(move |_, asked| {
        if asked.line.ends_with("/batch") {
            return marked(ok(r#"{"status":"error","errors":["the rows are bad"]}"#));
        }
        if asked.line.contains("script") {
            return marked(Reply::Answer(404, "", r#"{"errors":["no such script"]}"#.to_owned()));
        }
        marked(if asked.line.contains("formatted_data") { ok(ANSWER) } else { list(&[SOURCE]) })
    })
    .await;
    let client = server.client();
    assert_eq!(client.fetch(&COUNTRIES).await.unwrap(), ["FR", "DE"]);
    let error = client.source("sales").await.unwrap().insert([json!({"a": 1})]).await.unwrap_err();
    assert!(error.to_string().ends_with("the rows are bad"), "{error}");
    assert!(client.script_by_uuid("u").await.unwrap_err().to_string().ends_with(": no such script"));
}
