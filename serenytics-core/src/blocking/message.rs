//! Blocking e-mails and Slack messages.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::Progress;
use crate::blocking::runtime::Runtime;
use crate::blocking::{Client, IntoBlocking};

/// An e-mail to send; see [`crate::Email`].
#[must_use = "nothing is sent before `.send()`"]
#[derive(Debug)]
pub struct Email<'c> {
    inner: crate::Email<'c>,
    runtime: Runtime,
}

blocking_types! {
    Email<'c>;
}

impl Client {
    /// See [`Client::email`](crate::Client::email).
    pub fn email<R: Into<String>>(
        &self,
        subject: impl Into<String>,
        recipients: impl IntoIterator<Item = R>,
        html: impl Into<String>,
    ) -> Email<'_> {
        self.inner.email(subject, recipients, html).blocking(&self.runtime)
    }

    async_methods! {
        Client: send_slack_message(&self, channel: &str, text: &str, attachments: Option<&Value>) -> ();
    }
}

impl<'c> Email<'c> {
    sync_methods! {
        Email: attach(self, path: impl Into<PathBuf>);
        Email: attach_web_app(self, uuid: impl Into<String>);
        Email: pdf_file_name(self, name: impl Into<String>);
        Email: dashboard_payload(self, payload: &(impl Serialize + ?Sized));
        Email: from_address(self, address: impl Into<String>);
        Email: timeout(self, timeout: Duration);
        Email: progress(self, progress: impl FnMut(Progress) + Send + 'c);
    }

    async_methods! {
        Email: send(self) -> ();
    }
}
