//! E-mails with their attachments, and Slack messages.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::body::RequestBody;
use super::body_stream::MinRateBody;
use super::extract::Path;
use super::web_app::found;
use super::{Answer, Shared, answer, ok};
use crate::access::Account;
use crate::base::{Error, Kind, Uploads, receive, run_to_completion};
use crate::catalogue::Catalogue;
use crate::mail::{Attached, LARGEST_ATTACHMENT, Mail, Mails, SlackMessage};
use crate::platform::HttpSettings;

#[derive(Debug, Deserialize)]
struct EmailBody {
    subject: String,
    recipients: Vec<String>,
    html: String,
    from_address: Option<String>,
    web_app_uuid: Option<String>,
    pdf_file_name: Option<String>,
    dashboard_payload: Option<Map<String, Value>>,
    file_to_attach_uuid: Option<String>,
    file_to_attach_name: Option<String>,
}

/// Starts a task that sends an e-mail. The e-mail then owns the uploaded attachment. If the e-mail is rejected, the
/// attachment is deleted, unless the client may retry.
pub(super) async fn email(
    State(catalogue): State<Catalogue>,
    State(mails): Shared<Mails>,
    account: Account,
    body: RequestBody,
) -> Answer {
    let body: EmailBody = body.object().await?;
    let start = async move {
        let attachments = mails.attachments();
        let claimed = match &body.file_to_attach_uuid {
            Some(uuid) => Some(attachments.claim(&account, uuid).await?),
            None => None,
        };
        let started =
            start_mail(&mails, &catalogue, &account, body, claimed.as_ref().map(|claimed| claimed.file.clone())).await;
        if let (Err(error), Some(claimed)) = (&started, claimed) {
            match error.kind() {
                Kind::Busy | Kind::Failed => attachments.give_back(claimed).await,
                _ => attachments.remove(&claimed.file).await,
            }
        }
        started
    };
    let task = run_to_completion(start).await?;
    Ok(answer(StatusCode::OK, &json!({"status": "ok", "task_id": task})))
}

async fn start_mail(
    mails: &Arc<Mails>,
    catalogue: &Catalogue,
    account: &Account,
    body: EmailBody,
    file: Option<PathBuf>,
) -> Result<Uuid, Error> {
    let mut mail = Mail::new(body.subject, &body.recipients, body.html, body.from_address.as_deref())?;
    match &body.web_app_uuid {
        Some(uuid) => mail.web_app = Some(found(catalogue, account, uuid).await?.name),
        None if body.pdf_file_name.is_some() || body.dashboard_payload.is_some() => {
            return Err(Error::refused("`pdf_file_name` and `dashboard_payload` need a `web_app_uuid`"));
        }
        None => {}
    }
    mail.attached = file.map(|file| Attached::new(file, body.file_to_attach_name.as_deref().unwrap_or_default()));
    mails.begin(account, mail).await
}

/// Responds that attachments must be uploaded to this server instead of S3.
pub(super) async fn sign() -> Answer {
    let body = json!({"status": "error", "errors": ["this server does not use S3: upload to /api/upload_file"]});
    Ok(answer(StatusCode::OK, &body))
}

/// Receives a file that a later e-mail attaches.
pub(super) async fn upload_file(
    State(mails): Shared<Mails>,
    State(uploads): Shared<Uploads>,
    State(http): State<HttpSettings>,
    account: Account,
    Path(uuid): Path<String>,
    body: Body,
) -> Answer {
    let uuid = Uuid::parse_str(&uuid).map_err(|_| Error::refused(format!("invalid uuid in the path: {uuid:?}")))?;
    let limit = LARGEST_ATTACHMENT.min(uploads.limit());
    let attachments = mails.attachments();
    attachments.check_room(&account, uuid).await?;
    let chunks = MinRateBody::new(body, http.client_timeout).into_stream();
    let file = receive(&attachments.folder(&account), limit, "the upload", chunks).await?;
    attachments.keep(&account, uuid, file).await?;
    Ok(answer(StatusCode::CREATED, &json!({"status": "ok"})))
}

/// Writes a Slack message to the outbox.
pub(super) async fn slack(State(mails): Shared<Mails>, body: RequestBody) -> Answer {
    let message: SlackMessage = body.object().await?;
    if message.channel.trim().is_empty() || message.text_msg.is_empty() {
        return Err(Error::refused("a Slack message needs a `channel` and a `text_msg`"));
    }
    mails.slack(message).await?;
    Ok(ok())
}
