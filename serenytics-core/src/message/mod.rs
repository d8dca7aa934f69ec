//! Messages that the platform sends: e-mails and Slack messages.

mod attach;

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::error::{Error, Kind};
use crate::io::{Progress, ProgressCallback, report};
use crate::session::Session;
use crate::task::Task;
use crate::transport::Deadline;
use crate::web_app::object;

/// An e-mail to send; see [`Client::email`].
#[must_use = "nothing is sent before `.send()`"]
pub struct Email<'c> {
    session: &'c Session,
    subject: String,
    recipients: Vec<String>,
    html: String,
    from: Option<String>,
    web_app_uuid: Option<String>,
    pdf_file_name: Option<String>,
    payload: Result<Option<Map<String, Value>>, String>,
    files: Vec<PathBuf>,
    timeout: Option<Duration>,
    progress: ProgressCallback<'c, Progress>,
}

impl Client {
    /// Prepares an e-mail in HTML, which the platform sends.
    ///
    /// ```no_run
    /// # async fn report(client: serenytics_core::Client) -> Result<(), serenytics_core::Error> {
    /// let mail = client.email("Sales of the week", ["ada@example.com"], "<p>Here they are.</p>").attach("sales.csv.gz");
    /// match mail.send().await {
    ///     Err(error) if error.is_quota() => println!("tomorrow, then"),
    ///     sent => sent?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn email<R: Into<String>>(
        &self,
        subject: impl Into<String>,
        recipients: impl IntoIterator<Item = R>,
        html: impl Into<String>,
    ) -> Email<'_> {
        Email {
            session: self.session(),
            subject: subject.into(),
            recipients: recipients.into_iter().map(Into::into).collect(),
            html: html.into(),
            from: None,
            web_app_uuid: None,
            pdf_file_name: None,
            payload: Ok(None),
            files: Vec::new(),
            timeout: None,
            progress: None,
        }
    }

    /// Posts a message to a Slack channel, optionally with attachments in Slack's own format:
    /// `POST /api/integrations/slack/post_msg`.
    ///
    /// # Errors
    /// Returns an error if the account has no Slack integration, or the server cannot be reached or
    /// rejects the request.
    pub async fn send_slack_message(
        &self,
        channel: &str,
        text: &str,
        attachments: Option<&Value>,
    ) -> Result<(), Error> {
        let body = json!({ "channel": channel, "text_msg": text, "attachments": attachments });
        self.session()
            .post(&["api", "integrations", "slack", "post_msg"], self.session().deadline())
            .json(&body)
            .send()
            .await?
            .unless_error()
            .await?;
        Ok(())
    }
}

impl<'c> Email<'c> {
    /// Attaches a file of any kind. Its name in the mail is the file name without folders. A mail
    /// can have one file.
    pub fn attach(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    /// Attaches the web app with this uuid as a PDF.
    pub fn attach_web_app(mut self, uuid: impl Into<String>) -> Self {
        self.web_app_uuid = Some(uuid.into());
        self
    }

    /// Sets the file name of the PDF (default: the web app's name).
    pub fn pdf_file_name(mut self, name: impl Into<String>) -> Self {
        self.pdf_file_name = Some(name.into());
        self
    }

    /// Sets the payload of a template dashboard for the PDF: a map, or any struct that serde
    /// serializes.
    pub fn dashboard_payload(mut self, payload: &(impl Serialize + ?Sized)) -> Self {
        self.payload = object(payload).map(Some);
        self
    }

    /// Sets the sender's address, if the platform allows it.
    pub fn from_address(mut self, address: impl Into<String>) -> Self {
        self.from = Some(address.into());
        self
    }

    /// Sets the timeout of the whole call (default: that of the client).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets a progress callback, which is called at each poll.
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 'c) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Uploads the attachment, sends the mail, and waits until the server has sent it.
    ///
    /// Sends `GET /api/sign_s3_file/`, a PUT to the signed URL or `POST /api/upload_file/{uuid}`,
    /// `POST /api/email`, and `GET /api/task/{task_id}` until the mail is sent.
    ///
    /// # Errors
    /// Returns an error if there are no recipients, several files, an unreadable file, or a payload
    /// that is not a JSON object (nothing is sent then); the daily mail quota is exhausted
    /// ([`Error::is_quota`]); the server cannot send the mail; or the server cannot be reached or
    /// rejects the request.
    pub async fn send(mut self) -> Result<(), Error> {
        let session = self.session;
        let deadline = session.connection().deadline_or(self.timeout, "`timeout` of the e-mail");
        if self.recipients.is_empty() {
            return Err(Error::new(Kind::Usage, "nothing was sent: the e-mail has no recipients"));
        }
        let payload = self.payload.map_err(|error| Error::new(Kind::Usage, error))?;
        let attached = match self.files.as_slice() {
            [] => None,
            [path] => Some(attach::upload(session, path, deadline).await?),
            files => {
                let message =
                    format!("nothing was sent: a mail can have one attached file, but {} were attached", files.len());
                return Err(Error::new(Kind::Usage, message));
            }
        };
        let body = json!({
            "subject": self.subject,
            "recipients": self.recipients,
            "html": self.html,
            "web_app_uuid": self.web_app_uuid,
            "pdf_file_name": self.pdf_file_name,
            "from_address": self.from,
            "file_to_attach_uuid": attached.as_ref().map(|attached| &attached.uuid),
            "file_to_attach_name": attached.as_ref().map(|attached| &attached.name),
            "dashboard_payload": payload,
        });
        let task = begin(session, &body, deadline).await?;
        let begun = Instant::now();
        let asked = &mut || report(&mut self.progress, Progress::Running { elapsed: begun.elapsed() });
        task.wait(deadline, asked).await
    }
}

/// Starts sending a mail.
async fn begin<'c>(session: &'c Session, body: &Value, deadline: Deadline) -> Result<Task<'c>, Error> {
    // A 429 is the quota of the day: waiting does not help.
    let started = session.post(&["api", "email"], deadline).once().json(body).send().await.map_err(|error| {
        let is_quota = error.status() == Some(StatusCode::TOO_MANY_REQUESTS.as_u16());
        if is_quota { error.of_kind(Kind::Quota) } else { error }
    })?;
    Task::started(session, started).await
}

/// Neither the content nor the recipients are printed.
impl fmt::Debug for Email<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email").field("recipients", &self.recipients.len()).finish_non_exhaustive()
    }
}
