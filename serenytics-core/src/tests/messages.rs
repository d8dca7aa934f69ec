//! Mails, scripts, web apps, the data API and logins: what is sent, and responses in unusual forms.

use serde_json::{Value, json};

use super::server::{CANARY, Reply, TestServer, ok};
use super::{list, printed};
use crate::{Client, Script, WebApp};

/// Starts a server that sends mails, and signs uploads of files.
async fn mailing(object_name: &'static str) -> TestServer {
    TestServer::start(move |number, asked| {
        let host = asked.headers.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        match asked.line.as_str() {
            line if line.contains("sign_s3_file") => {
                ok(format!(r#"{{"signed_request":"http://{host}/bucket/f?Signature=canary-signed"{object_name}}}"#))
            }
            line if line.starts_with("PUT /bucket") => ok(""),
            "POST /api/email" => ok(r#"{"task_id": 7}"#),
            "GET /api/task/7" if number < 5 => ok(r#"{"status": "pending"}"#),
            "GET /api/task/7" => ok(r#"{"status": "SUCCESS"}"#),
            _ => Reply::Answer(404, "", String::new()),
        }
    })
    .await
}

#[tokio::test]
async fn attachment_is_uploaded_to_the_signed_url_without_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.pdf");
    std::fs::write(&path, vec![b'x'; 300_000]).unwrap();
    let server = mailing(r#","server_side_object_name":"o1""#).await;
    let client = server.client();
    client.email("A mail", ["ada@example.com"], "<p></p>").attach(&path).send().await.unwrap();
    let asked = server.asked();
    let lines: Vec<_> = asked.iter().map(|asked| asked.line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "GET /api/sign_s3_file/?s3_object_type=application%2Foctet-stream",
            "PUT /bucket/f?Signature=canary-signed",
            "POST /api/email",
            "GET /api/task/7",
            "GET /api/task/7",
        ]
    );
    let put = &asked[1];
    assert_eq!(put.body.len(), 300_000);
    assert!(put.headers.contains("content-length: 300000\r\n"), "{}", put.headers);
    assert!(
        put.headers.contains("content-type: application/octet-stream\r\nx-amz-acl: private\r\n"),
        "{}",
        put.headers
    );
    assert!(!put.headers.contains(CANARY) && !put.headers.contains("x-api-key"), "{}", put.headers);
    let mail: Value = serde_json::from_slice(&asked[2].body).unwrap();
    let expected = json!({
        "subject": "A mail", "recipients": ["ada@example.com"], "html": "<p></p>", "web_app_uuid": null,
        "pdf_file_name": null, "from_address": null, "file_to_attach_uuid": "o1", "file_to_attach_name": "report.pdf",
        "dashboard_payload": null,
    });
    assert_eq!(mail, expected);

    let server = mailing("").await;
    let error = server.client().email("A mail", ["ada@example.com"], "").attach(&path).send().await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("server_side_object_name"), "{error}");
    assert!(!printed(&error).contains("canary"), "{}", printed(&error));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn mail_is_never_retried() {
    for status in [429, 502, 503] {
        let server = TestServer::start(move |_, _| {
            Reply::Answer(status, "retry-after: 0\r\n", r#"{"errors": ["not today"]}"#.to_owned())
        })
        .await;
        let error = server.client().email("A mail", ["ada@example.com"], "").send().await.unwrap_err();
        assert_eq!((error.is_quota(), error.status()), (status == 429, Some(status)));
        assert!(error.to_string().contains("not today"), "{error}");
        assert_eq!(error.is_outcome_unknown(), status == 502);
        assert_eq!(server.asked().len(), 1);
    }
}

const SCRIPT: &str = r#"{"uuid": "s1", "name": "nightly", "newer": [1]}"#;

/// Starts a server with a script that has run, with these logs.
async fn scripted(logs: &'static str) -> TestServer {
    TestServer::start(move |_, asked| match asked.line.as_str() {
        "GET /api/script/s1" => ok(SCRIPT),
        "POST /api/script/s1/run" => ok(r#"{"status": "ok"}"#),
        "GET /api/script/s1/state" => ok(r#"{"running": false}"#),
        "GET /api/script/s1/logs" => ok(logs),
        _ => list(&[]),
    })
    .await
}

#[tokio::test]
async fn script_is_always_started_asynchronously() {
    let server = scripted(r#"{"objects": [{"status": "SUCCESS"}]}"#).await;
    let script = server.client().script_by_uuid("s1").await.unwrap();
    script.run().param("country", "FR").wait().await.unwrap();
    let asked = server.asked();
    assert_eq!(serde_json::from_slice::<Value>(&asked[1].body).unwrap(), json!({"country": "FR", "async": true}));
    assert_eq!(asked.len(), 4);
}

#[tokio::test]
async fn incomplete_responses_are_decode_errors() {
    for (logs, expected) in [
        (r#"{"objects": []}"#, "the server returned no log"),
        (r#"{"objects": [{"stdout": "x"}]}"#, "has no `status`"),
        (r#"{"objects": [3]}"#, "has no `status`"),
        (r#"{"logs": []}"#, "not the expected JSON"),
    ] {
        let server = scripted(logs).await;
        let script = server.client().script_by_uuid("s1").await.unwrap();
        let error = script.run().wait().await.unwrap_err();
        assert!(error.is_decode() && error.to_string().contains(expected), "{error}");
    }
    let server = TestServer::start(|_, asked| match asked.line.as_str() {
        "GET /api/script/s1" => ok(SCRIPT),
        "GET /api/web_app/w1" => ok(r#"{"uuid": "w1"}"#),
        line if line.contains("run") => ok(format!(r#"{{"status": "error", "errors": ["no slot, {CANARY}"]}}"#)),
        _ => ok("{}"),
    })
    .await;
    let client = server.client();
    let (script, web_app) = (client.script_by_uuid("s1").await.unwrap(), client.web_app_by_uuid("w1").await.unwrap());
    assert_eq!((web_app.name(), web_app.folder_name()), ("", None));
    let error = script.run().start().await.unwrap_err();
    assert!(error.is_rejected() && error.to_string().ends_with("no slot, [API key]"), "{error}");
    for error in [
        script.is_running().await.unwrap_err(),
        client.script_by_uuid("s2").await.unwrap_err(),
        client.web_app_by_uuid("w2").await.unwrap_err(),
        client.web_apps().await.unwrap_err(),
        web_app.data_sources().await.unwrap_err(),
        web_app.embed_url(&(), std::time::Duration::from_secs(1)).await.unwrap_err(),
        client.data_api().sources().await.unwrap_err(),
        client.data_api().columns("u1").await.unwrap_err(),
        client.data_api().query("u1", &Default::default()).await.unwrap_err(),
    ] {
        assert!(error.is_decode(), "{error:?}");
    }
}

#[tokio::test]
async fn data_api_may_return_a_bare_list() {
    let server = TestServer::start(|_, _| ok(r#"[{"uuid": "u1", "name": "sales", "newer": 1}, {"uuid": "u2"}]"#)).await;
    let sources = server.client().data_api().sources().await.unwrap();
    assert_eq!(sources.iter().map(|source| source.uuid.as_str()).collect::<Vec<_>>(), ["u1", "u2"]);
}

#[tokio::test]
async fn log_in_sends_each_secret_only_with_its_call() {
    let server = TestServer::start(|_, asked| match asked.line.as_str() {
        "GET /api/token" => ok(r#"{"token": "canary-token"}"#),
        _ => ok(r#"{"api_key": "canary-key"}"#),
    })
    .await;
    let key = Client::builder().url(&server.url).log_in("ada", "canary-password").await.unwrap();
    assert_eq!(key.expose_secret(), "canary-key");
    let [token, api_key] = server.asked().try_into().unwrap();
    // Recorded headers are in lower case, including this base64 of `ada:canary-password`.
    assert!(token.headers.contains("authorization: basic ywrhomnhbmfyes1wyxnzd29yza=="), "{}", token.headers);
    assert_eq!(api_key.line, "POST /api/api_key");
    assert!(api_key.headers.contains("x-auth-token: canary-token\r\n") && !api_key.headers.contains("authorization"));
    for asked in [token, api_key] {
        assert!(!asked.headers.contains("x-api-key"), "{}", asked.headers);
    }
    for (token, key) in [("canary-password", "x"), ("canary-token", "canary-token"), ("", "")] {
        let server = TestServer::start(move |number, _| match number {
            1 if token.is_empty() => ok("{}"),
            1 => ok(format!(r#"{{"token": "{token}"}}"#)),
            _ => Reply::Answer(401, "", format!(r#"{{"errors": ["no {token} {key}"]}}"#)),
        })
        .await;
        let error = Client::builder().url(&server.url).log_in("ada", "canary-password").await.unwrap_err();
        assert!(!printed(&error).contains("canary"), "{}", printed(&error));
    }
}

#[test]
fn futures_of_messages_and_scripts_are_send() {
    fn check<T: Send>(_: impl FnOnce(&'static Client) -> T) {}
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Script>();
    shared::<WebApp>();
    check(|client| async { client.script("nightly").await?.run().param("a", 1).wait().await });
    check(|client| client.email("A mail", ["ada@example.com"], "").attach("a.csv").send());
    check(|client| async { client.web_app_by_uuid("w1").await?.warm_up_cache().payload(&()).send().await });
    check(|client| async { client.data_api().query("u1", &Default::default()).await });
    check(|_| Client::builder().log_in("ada", "password"));
}
