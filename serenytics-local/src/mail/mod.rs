//! Messages: e-mails go to an SMTP server or the outbox folder, Slack messages to the outbox folder.

mod attachments;
mod message;
mod outbox;

use std::path::Path;
use std::sync::Arc;

use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serenytics_engine::Loaded;
use tokio::sync::Semaphore;
use uuid::Uuid;

use attachments::Attachments;
pub(crate) use attachments::LARGEST_ATTACHMENT;
pub(crate) use message::{Attached, Mail};
use outbox::Outbox;
pub(crate) use outbox::SlackMessage;

use crate::access::Account;
use crate::base::{Context, Error, Kind};
use crate::catalogue::Catalogue;
use crate::tasks::Tasks;

/// Number of e-mails that are sent at the same time; more e-mails wait.
const MAX_CONCURRENT: usize = 2;

/// The settings for e-mails. There is no `Debug`, because the URL may contain a password.
#[derive(Clone)]
pub(crate) struct MailSettings {
    /// The URL of the SMTP server; without one, e-mails go to the outbox.
    pub(crate) smtp: Option<String>,
    /// The sender of e-mails that do not set one.
    pub(crate) from: String,
    /// Number of e-mails that an account can send in 24 hours.
    pub(crate) quota: u32,
}

impl Default for MailSettings {
    fn default() -> MailSettings {
        MailSettings { smtp: None, from: "serenytics@localhost".to_owned(), quota: 50 }
    }
}

/// Sends e-mails and Slack messages.
pub(crate) struct Mails {
    smtp: Option<AsyncSmtpTransport<Tokio1Executor>>,
    outbox: Outbox,
    attachments: Attachments,
    from: Mailbox,
    quota: u32,
    permits: Semaphore,
    catalogue: Catalogue,
    tasks: Arc<Tasks>,
}

impl Mails {
    /// Opens the outbox and the attachments inside `folder`.
    pub(crate) fn open(
        settings: MailSettings,
        folder: &Path,
        catalogue: Catalogue,
        tasks: Arc<Tasks>,
    ) -> Result<Mails, Error> {
        let attachments = Attachments::open(folder.join("attachments"))?;
        let smtp = match &settings.smtp {
            None => None,
            Some(url) => {
                let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).context(
                    "invalid SMTP URL, expected for example smtps://user:password@mail.example.com, or \
                     smtp://localhost:25 without TLS",
                )?;
                Some(transport.build())
            }
        };
        let from = message::mailbox(&settings.from)?;
        let outbox = Outbox::open(folder.join("outbox"))?;
        let permits = Semaphore::new(MAX_CONCURRENT);
        Ok(Mails { smtp, outbox, attachments, from, quota: settings.quota, permits, catalogue, tasks })
    }

    /// Writes a Slack message to the outbox.
    pub(crate) async fn slack(&self, message: SlackMessage) -> Result<(), Error> {
        self.outbox.slack(message).await
    }

    /// Returns the uploaded files that wait for their e-mails.
    pub(crate) fn attachments(&self) -> &Attachments {
        &self.attachments
    }

    /// Starts a task that sends an e-mail, and returns its uuid. Do not cancel this future: an e-mail that was not started
    /// could still count against the quota.
    pub(crate) async fn begin(self: &Arc<Self>, account: &Account, mail: Mail) -> Result<Uuid, Error> {
        let mails = Arc::clone(self);
        let job = async move |task| {
            let attached = mail.attached.as_ref().map(|attached| attached.file.clone());
            let sent = mails.send(mail, task).await;
            if let Some(file) = attached {
                mails.attachments.remove(&file).await;
            }
            sent.map(|()| Loaded::default())
        };
        let quota = self.quota;
        if !self.catalogue.count_mail(account, quota).await? {
            return Err(Error::new(
                Kind::Quota,
                format!(
                    "{quota} e-mails were sent in the last 24 hours, which is the quota of this server: try again later"
                ),
            ));
        }
        let task = self.tasks.begin(account, job).await;
        if task.is_err() {
            self.catalogue.uncount_mail(account).await?;
        }
        task
    }

    async fn send(&self, mail: Mail, task: Uuid) -> Result<(), Error> {
        let _permit = self.permits.acquire().await.map_err(|_| Error::shutting_down())?;
        if let Some(web_app) = &mail.web_app {
            return Err(Error::not_emulated(format!("an e-mail with the web app `{web_app}` as PDF")));
        }
        let file = match &mail.attached {
            None => None,
            Some(attached) => {
                let read = tokio::fs::read(&attached.file).await;
                Some(read.context("could not read the attachment")?)
            }
        };
        let message = mail.message(&self.from, file)?;
        self.deliver(message, task).await
    }

    async fn deliver(&self, message: Message, task: Uuid) -> Result<(), Error> {
        match &self.smtp {
            None => self.outbox.mail(message.formatted(), task).await,
            Some(smtp) => {
                smtp.send(message).await.context("the SMTP server did not accept the e-mail")?;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::test::platform;

    #[tokio::test]
    async fn email_that_was_rejected_does_not_count_against_the_quota() {
        let (platform, _folder) = platform().await;
        let mails: Arc<Mails> = platform.get();
        let account = Account::default_account();
        let mail = || Mail::new("s".to_owned(), &["ada@example.com".to_owned()], "h".to_owned(), None).unwrap();
        let mut waiting = Vec::new();
        while let Ok(task) = mails.catalogue.insert_task(&account).await {
            waiting.push(task);
        }
        for _ in 0..=mails.quota {
            assert_eq!(mails.begin(&account, mail()).await.unwrap_err().kind(), Kind::Busy);
        }
        mails.catalogue.end_task(waiting[0], &Ok(Loaded::default())).await.unwrap();
        mails.begin(&account, mail()).await.unwrap();
        mails.tasks.finish().await;
    }
}
