//! E-mails and Slack messages: the outbox, the quota, and invalid requests.

use std::fs;

use serde_json::{Value, json};
use serenytics_local::Server;

use crate::support::TestServerWithKey;

fn mail(more: Value) -> String {
    let mut body = json!({
        "subject": "Ventes d'été",
        "recipients": ["ada@example.com", "Bob <bob@example.com>"],
        "html": "<p>Voilà</p>",
        "web_app_uuid": null, "pdf_file_name": null, "from_address": null, "file_to_attach_uuid": null,
        "file_to_attach_name": null, "dashboard_payload": null,
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.to_string()
}

/// Sends an e-mail and returns the final state of its task.
async fn sent(served: &TestServerWithKey, body: String) -> Value {
    let (status, answer) = served.call("POST", "/api/email", body).await;
    assert_eq!(status, 200, "{answer}");
    let task = format!("/api/task/{}", answer["task_id"].as_str().unwrap());
    served.until(&task, |task| task["status"] != "pending").await
}

fn outbox(served: &TestServerWithKey) -> Vec<String> {
    let mut files: Vec<_> =
        fs::read_dir(served.folder().join("outbox")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

#[tokio::test]
async fn email_is_written_to_the_outbox() {
    let served = TestServerWithKey::start(|builder| builder.mail_from("Reports <reports@example.com>")).await;
    assert_eq!(sent(&served, mail(json!({}))).await["status"], "done");
    let [first] = outbox(&served).try_into().unwrap();
    for line in [
        "From: Reports <reports@example.com>\r\n",
        "To: ada@example.com, Bob <bob@example.com>\r\n",
        "Subject: Ventes =?utf-8?b?ZCfDqXTDqQ==?=\r\n",
        "Content-Type: text/html; charset=utf-8\r\n",
        "Message-ID: <",
        "Date: ",
    ] {
        assert!(first.contains(line), "{line}: {first}");
    }
    assert_eq!(sent(&served, mail(json!({"from_address": "eve@example.com"}))).await["status"], "done");
    assert!(outbox(&served)[1].contains("From: eve@example.com\r\n"));
}

#[tokio::test]
async fn email_attachment_keeps_its_file_name() {
    let served = TestServerWithKey::start(|builder| builder).await;
    let (status, answer) = served.call("GET", "/api/sign_s3_file/?s3_object_type=application%2Foctet-stream", "").await;
    assert_eq!((status, &answer["status"]), (200, &json!("error")));
    let uuid = "4f6b5b6e-3a5c-4f4f-9a43-0c1b7f0f8a11";
    let upload = format!("/api/upload_file/{uuid}");
    assert_eq!(served.call("POST", &upload, &b"a,b\n\x00\xff"[..]).await.0, 201);
    let attached = mail(json!({"file_to_attach_uuid": uuid, "file_to_attach_name": "/home/ada/report 1.csv"}));
    assert_eq!(sent(&served, attached.clone()).await["status"], "done");
    let [first] = outbox(&served).try_into().unwrap();
    // `a,b\n\x00\xff` in base64.
    for part in ["multipart/mixed", "filename=\"report 1.csv\"", "Content-Transfer-Encoding: base64", "YSxiCgD/"] {
        assert!(first.contains(part), "{part}: {first}");
    }
    // It was sent once and is gone.
    assert_eq!(served.call("POST", "/api/email", attached).await.0, 400);
    assert_eq!(fs::read_dir(served.folder().join("attachments/of default")).unwrap().count(), 0);
    for path in ["/api/upload_file/x", "/api/upload_file/..%2F..%2Fcatalogue.sqlite"] {
        assert_eq!(served.call("POST", path, "x").await.0, 400, "{path}");
    }
    let (status, answer) = served.call("POST", &upload, vec![0; 25 * 1024 * 1024 + 1]).await;
    assert_eq!(status, 413, "{answer}");
    assert_eq!(served.text("POST", &upload, "x", None).await.0, 401);
}

#[tokio::test]
async fn email_quota_survives_a_restart() {
    let served = TestServerWithKey::start(|builder| builder.mail_quota(2)).await;
    for _ in 0..2 {
        assert_eq!(sent(&served, mail(json!({}))).await["status"], "done");
    }
    let (status, answer) = served.call("POST", "/api/email", mail(json!({}))).await;
    assert_eq!((status, &answer["status"]), (429, &json!("error")));
    assert!(answer["errors"][0].as_str().unwrap().starts_with("2 e-mails were sent"), "{answer}");
    let served = served.restart(|builder| builder.mail_quota(2)).await;
    // The attachment of a rejected e-mail is deleted.
    let uuid = "4f6b5b6e-3a5c-4f4f-9a43-0c1b7f0f8a11";
    assert_eq!(served.call("POST", &format!("/api/upload_file/{uuid}"), "x").await.0, 201);
    assert_eq!(served.call("POST", "/api/email", mail(json!({"file_to_attach_uuid": uuid}))).await.0, 429);
    assert_eq!(fs::read_dir(served.folder().join("attachments/of default")).unwrap().count(), 0);
    assert_eq!(outbox(&served).len(), 2);
}

#[tokio::test]
async fn email_with_mistakes_is_rejected_and_a_pdf_fails_the_task() {
    let served = TestServerWithKey::start(|builder| builder.mail_quota(1)).await;
    for more in [
        json!({"subject": "a\nBcc: eve@example.com"}),
        json!({"subject": null}),
        json!({"recipients": []}),
        json!({"recipients": "ada@example.com"}),
        json!({"recipients": ["ada"]}),
        json!({"from_address": "nobody"}),
        json!({"file_to_attach_uuid": "00000000-0000-4000-8000-000000000000"}),
        json!({"file_to_attach_uuid": "../../catalogue.sqlite"}),
        json!({"dashboard_payload": {"a": 1}}),
    ] {
        assert_eq!(served.call("POST", "/api/email", mail(more.clone())).await.0, 400, "{more}");
    }
    let unknown = json!({"web_app_uuid": "00000000-0000-4000-8000-000000000000"});
    assert_eq!(served.call("POST", "/api/email", mail(unknown)).await.0, 404);
    assert_eq!(served.text("POST", "/api/email", mail(json!({})), None).await.0, 401);

    let (_, web_app) = served.call("POST", "/api/web_app", r#"{"name": "sales"}"#).await;
    let task = sent(&served, mail(json!({"web_app_uuid": web_app["uuid"], "pdf_file_name": "sales.pdf"}))).await;
    assert_eq!(task["errors"][0], "an e-mail with the web app `sales` as PDF is not emulated by the embedded engine");
    assert!(outbox(&served).is_empty());
}

#[tokio::test]
async fn email_to_an_unreachable_smtp_server_fails_the_task() {
    let served = TestServerWithKey::start(|builder| builder.smtp("smtp://user:canary@127.0.0.1:1")).await;
    let task = sent(&served, mail(json!({}))).await;
    assert_eq!(task["status"], "error");
    let error = task["errors"][0].as_str().unwrap();
    assert!(error.starts_with("the SMTP server did not accept the e-mail") && !error.contains("canary"), "{error}");
    assert!(outbox(&served).is_empty());

    let folder = tempfile::tempdir().unwrap();
    for (smtp, from) in [("canary", "a@example.com"), ("http://canary@host", "a@example.com"), ("smtp://host", "a")] {
        let error = Server::builder(folder.path()).api_key("key").smtp(smtp).mail_from(from).start().await.unwrap_err();
        let printed = format!("{error} {error:?}");
        assert!(!printed.contains("canary"), "{printed}");
    }
}

#[tokio::test]
async fn slack_message_is_a_line_in_the_outbox() {
    let served = TestServerWithKey::start(|builder| builder).await;
    let path = "/api/integrations/slack/post_msg";
    for (text, attachments) in [("one\ntwo", Value::Null), ("three", json!([{"color": "#f00"}]))] {
        let body = json!({"channel": "#sales", "text_msg": text, "attachments": attachments});
        assert_eq!(served.call("POST", path, body.to_string()).await, (200, json!({"status": "ok"})));
    }
    for body in ["{}", r##"{"channel": "#a", "text_msg": ""}"##, r#"{"channel": " ", "text_msg": "a"}"#] {
        assert_eq!(served.call("POST", path, body).await.0, 400, "{body}");
    }
    let lines = fs::read_to_string(served.folder().join("outbox/slack.jsonl")).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["channel"], &lines[0]["text_msg"]), (&json!("#sales"), &json!("one\ntwo")));
    assert_eq!(lines[1]["attachments"], json!([{"color": "#f00"}]));
}
