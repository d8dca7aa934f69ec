//! Messages: mails into the outbox folder or to an SMTP server, and Slack's into the outbox.

mod attachments;
mod message;
mod outbox;

use std::path::Path;
use std::sync::Arc;

use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::sync::Semaphore;
use uuid::Uuid;

use attachments::Attachments;
pub(crate) use attachments::LARGEST_ATTACHMENT;
pub(crate) use message::{Attached, Mail};
use outbox::Outbox;
pub(crate) use outbox::SlackMessage;

use crate::access::Account;
use crate::engine::Engine;
use crate::error::{Context, Error, Kind};

/// How many mails are put together and sent at the same time; the others wait.
const TURNS: usize = 2;

/// How mails are sent. The URL may hold a password, and so this cannot be printed.
#[derive(Clone)]
pub(crate) struct MailSettings {
    /// The SMTP server; without one, mails go to the outbox.
    pub(crate) smtp: Option<String>,
    /// The sender of mails that name none.
    pub(crate) from: String,
    /// How many mails of an account are taken in 24 hours.
    pub(crate) quota: u32,
}

impl Default for MailSettings {
    fn default() -> MailSettings {
        MailSettings { smtp: None, from: "serenytics@localhost".to_owned(), quota: 50 }
    }
}

/// What sends mails.
pub(crate) struct Mails {
    smtp: Option<AsyncSmtpTransport<Tokio1Executor>>,
    outbox: Outbox,
    /// The files that wait to be attached.
    pub(crate) attachments: Attachments,
    from: Mailbox,
    quota: u32,
    turns: Semaphore,
}

impl Mails {
    /// What sends mails by these settings, with its folders inside of `folder`.
    pub(crate) fn open(settings: MailSettings, folder: &Path) -> Result<Mails, Error> {
        let attachments = Attachments::open(folder.join("attachments"))?;
        let smtp = match &settings.smtp {
            None => None,
            Some(url) => {
                let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).context(
                    "the URL of the SMTP server is none: write it as in smtps://user:password@mail.example.com, or \
                     smtp://localhost:25 without TLS",
                )?;
                Some(transport.build())
            }
        };
        let from = message::mailbox(&settings.from)?;
        let outbox = Outbox::open(folder.join("outbox"))?;
        let turns = Semaphore::new(TURNS);
        Ok(Mails { smtp, outbox, attachments, from, quota: settings.quota, turns })
    }

    /// Writes a message of Slack into the outbox.
    pub(crate) async fn slack(&self, message: SlackMessage) -> Result<(), Error> {
        self.outbox.slack(message).await
    }

    async fn send(&self, mail: Mail, task: Uuid) -> Result<(), Error> {
        let _turn = self.turns.acquire().await.context("the engine stops")?;
        if let Some(web_app) = &mail.web_app {
            return Err(Error::not_emulated(format!(
                "the web app `{web_app}` as PDF, and so the mail that carries it,"
            )));
        }
        let file = match &mail.attached {
            None => None,
            Some(attached) => {
                let read = tokio::fs::read(&attached.file).await;
                Some(read.context("the file to attach could not be read")?)
            }
        };
        let message = mail.message(&self.from, file)?;
        self.deliver(message, task).await
    }

    async fn deliver(&self, message: Message, task: Uuid) -> Result<(), Error> {
        match &self.smtp {
            None => self.outbox.mail(message.formatted(), task).await,
            Some(smtp) => {
                smtp.send(message).await.context("the SMTP server did not take the mail")?;
                Ok(())
            }
        }
    }
}

impl Engine {
    /// Begins to send a mail; gives the task's uuid. Must run to its end, or a mail that was not begun may stay counted.
    pub(crate) async fn begin_mail(self: &Arc<Self>, account: &Account, mail: Mail) -> Result<Uuid, Error> {
        let engine = Arc::clone(self);
        let job = async move |task| {
            let attached = mail.attached.as_ref().map(|attached| attached.file.clone());
            let sent = engine.mails.send(mail, task).await;
            if let Some(file) = attached {
                engine.mails.attachments.remove(&file).await;
            }
            sent.map(|()| 0)
        };
        let quota = self.mails.quota;
        if !self.catalogue.count_mail(account, quota).await? {
            return Err(Error::new(
                Kind::Quota,
                format!(
                    "{quota} e-mails were sent in the last 24 hours, which is this server's quota: try again later"
                ),
            ));
        }
        let task = self.begin_task(account, job).await;
        if task.is_err() {
            self.catalogue.uncount_mail(account).await?;
        }
        task
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::test::engine;

    #[tokio::test]
    async fn a_mail_that_was_not_taken_does_not_count() {
        let (engine, _folder) = engine().await;
        let account = Account::default_account();
        let mail = || Mail::new("s".to_owned(), &["ada@example.com".to_owned()], "h".to_owned(), None).unwrap();
        let mut waiting = Vec::new();
        while let Ok(task) = engine.catalogue.insert_task(&account).await {
            waiting.push(task);
        }
        for _ in 0..=engine.mails.quota {
            assert_eq!(engine.begin_mail(&account, mail()).await.unwrap_err().kind(), Kind::Busy);
        }
        engine.catalogue.end_task(waiting[0], &Ok(0)).await.unwrap();
        engine.begin_mail(&account, mail()).await.unwrap();
        engine.finish_jobs().await;
    }
}
