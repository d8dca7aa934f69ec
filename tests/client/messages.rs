//! Messages: mails, their attachments and quota, and Slack messages.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use serenytics::Progress;

use crate::{Engine, Outcome, TestServer, error_of, map};

/// Returns the mails in the outbox of a data folder.
pub(crate) fn outbox(data: &Path) -> std::io::Result<Vec<String>> {
    let files = std::fs::read_dir(data.join("outbox"))?.map(|entry| Ok(entry?.path()));
    let mut files = files.collect::<std::io::Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "eml"));
    files.sort();
    files.iter().map(std::fs::read_to_string).collect()
}

#[tokio::test]
async fn mail_is_sent_with_an_attached_file() -> Outcome {
    let engine = Engine::open().await?;
    let client = &engine.client;
    client.email("Plain", ["ada@example.com"], "<p>Hello</p>").from_address("bob@example.com").send().await?;
    // Larger than one chunk of an upload.
    let file = engine.file("Bericht 1.csv", "a,b\n".repeat(100_000))?;
    let mut reports = Vec::new();
    client
        .email("With a file", vec!["ada@example.com".to_owned(); 2], "<p>é</p>")
        .attach(file)
        .progress(|progress| reports.push(progress))
        .send()
        .await?;
    let is_running = |progress: &Progress| matches!(progress, Progress::Running { .. });
    assert!(reports.iter().all(is_running) && !reports.is_empty(), "{reports:?}");
    let [plain, attached] = outbox(&engine.folder.path().join("data"))?.try_into().map_err(|_| "not two mails")?;
    assert!(plain.contains("From: bob@example.com\r\n") && plain.contains("<p>Hello</p>"), "{plain}");
    assert!(attached.contains("filename=\"Bericht 1.csv\"") && attached.len() > 400_000);
    let empty = engine.file("empty", "")?;
    client.email("Empty", ["ada@example.com"], "").attach(empty).send().await?;
    assert!(outbox(&engine.folder.path().join("data"))?[2].contains("filename=\"empty\""));
    Ok(())
}

#[tokio::test]
async fn mail_that_cannot_be_sent_is_an_error() -> Outcome {
    let engine = Engine::open().await?;
    let client = &engine.client;
    let mail = || client.email("A mail", ["ada@example.com"], "");
    for (error, expected) in [
        (error_of(client.email("A mail", Vec::<String>::new(), "").send().await), "has no recipients"),
        (error_of(mail().attach("/no/such/file").send().await), "cannot read the file to attach, `/no/such/file`"),
        (error_of(mail().attach(engine.folder.path()).send().await), "cannot read"),
        (error_of(mail().attach("a.csv").attach("b.csv").send().await), "one attached file, but 2 were attached"),
        (error_of(mail().dashboard_payload(&[1]).send().await), "must be a JSON object"),
    ] {
        assert!(error.to_string().contains(expected) && error.status().is_none(), "{error}");
    }
    let error = error_of(client.email("A mail", ["ada"], "").send().await);
    assert!(error.is_rejected() && !error.is_quota() && error.to_string().contains("\"ada\""), "{error}");

    let web_app = client.create_web_app("Sales", map(json!({}))).await?;
    let mail = mail().attach_web_app(web_app.uuid()).pdf_file_name("sales.pdf");
    let error = error_of(mail.dashboard_payload(&BTreeMap::from([("country", "FR")])).send().await);
    assert!(error.is_rejected(), "{error:?}");
    assert!(error.to_string().contains("the web app `Sales` as PDF"), "{error}");
    assert!(outbox(&engine.folder.path().join("data"))?.is_empty());
    Ok(())
}

#[tokio::test]
async fn mail_above_the_quota_is_a_quota_error() -> Outcome {
    let served = TestServer::open(|builder| builder.mail_quota(1)).await?;
    let mail = || served.client.email("A mail", ["ada@example.com"], "");
    mail().send().await?;
    let error = error_of(mail().send().await);
    assert!(error.is_quota() && error.is_rejected() && error.status() == Some(429), "{error:?}");
    assert!(error.to_string().contains("which is the quota of this server"), "{error}");
    assert_eq!(outbox(&served.folder.path().join("data"))?.len(), 1);
    served.server.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn slack_message_is_sent() -> Outcome {
    let engine = Engine::open().await?;
    engine.client.send_slack_message("#sales", "Loaded.", None).await?;
    engine.client.send_slack_message("#sales", "Loaded.", Some(&json!([{"color": "#f00"}]))).await?;
    let error = error_of(engine.client.send_slack_message("", "Loaded.", None).await);
    assert!(error.is_rejected(), "{error}");
    let lines = std::fs::read_to_string(engine.folder.path().join("data/outbox/slack.jsonl"))?;
    assert_eq!(lines.lines().count(), 2);
    assert!(lines.contains("#f00"), "{lines}");
    Ok(())
}
