//! A mail: from what a request says to the message that is sent.

use std::path::PathBuf;

use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};

use crate::error::{Context, Error};

/// How many recipients a mail has at most.
const RECIPIENTS: usize = 100;

/// A mail that a request asks for.
#[derive(Debug)]
pub(crate) struct Mail {
    subject: String,
    recipients: Vec<Mailbox>,
    html: String,
    from: Option<Mailbox>,
    /// The file that goes with it.
    pub(crate) attached: Option<Attached>,
    /// The name of the web app that goes with it as PDF.
    pub(crate) web_app: Option<String>,
}

/// A file that was uploaded for a mail.
#[derive(Debug)]
pub(crate) struct Attached {
    /// Where it is.
    pub(crate) file: PathBuf,
    /// What it is called in the mail.
    pub(crate) name: String,
}

impl Mail {
    /// A mail to these recipients, in HTML.
    pub(crate) fn new(subject: String, recipients: &[String], html: String, from: Option<&str>) -> Result<Mail, Error> {
        if subject.chars().any(char::is_control) {
            return Err(Error::refused("the `subject` has a line end or another control character"));
        }
        if recipients.is_empty() || recipients.len() > RECIPIENTS {
            let message = format!("`recipients` has to have 1 to {RECIPIENTS} addresses, and has {}", recipients.len());
            return Err(Error::refused(message));
        }
        let recipients = recipients.iter().map(|address| mailbox(address)).collect::<Result<_, _>>()?;
        let from = from.map(mailbox).transpose()?;
        Ok(Mail { subject, recipients, html, from, attached: None, web_app: None })
    }

    /// The message, with the content of the attached file.
    pub(super) fn message(&self, default_from: &Mailbox, file: Option<Vec<u8>>) -> Result<Message, Error> {
        const CONTEXT: &str = "the mail could not be put together";
        let from = self.from.as_ref().unwrap_or(default_from);
        let mut message = Message::builder().message_id(None).from(from.clone()).subject(&self.subject);
        for recipient in &self.recipients {
            message = message.to(recipient.clone());
        }
        let html = SinglePart::html(self.html.clone());
        let (Some(file), Some(attached)) = (file, &self.attached) else {
            return message.singlepart(html).context(CONTEXT);
        };
        let bytes = ContentType::parse("application/octet-stream").context(CONTEXT)?;
        let file = Attachment::new(attached.name.clone()).body(file, bytes);
        message.multipart(MultiPart::mixed().singlepart(html).singlepart(file)).context(CONTEXT)
    }
}

impl Attached {
    /// A file, called by the last part of the path that the client gives: it may be one of either kind of system.
    pub(crate) fn new(file: PathBuf, path: &str) -> Attached {
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        let name: String = name.chars().filter(|character| !character.is_control()).collect();
        Attached { file, name: if name.is_empty() { "attachment".to_owned() } else { name } }
    }
}

/// An address, as `ada@example.com` or `Ada <ada@example.com>`.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, Error> {
    text.parse().map_err(|error| Error::refused(format!("{text:?} is no address of a mail: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attached_file_has_a_name_and_no_path() {
        let name = |path| Attached::new(PathBuf::new(), path).name;
        assert_eq!(name("/home/ada/report.csv.gz"), "report.csv.gz");
        assert_eq!(name(r"C:\reports\année.pdf"), "année.pdf");
        assert_eq!(name("a\r\nb"), "ab");
        assert_eq!(name("folder/"), "attachment");
    }

    #[test]
    fn wrong_mails_are_refused() {
        let mail = |subject: &str, recipients: &[&str]| {
            let recipients: Vec<_> = recipients.iter().map(|&address| address.to_owned()).collect();
            Mail::new(subject.to_owned(), &recipients, String::new(), None).map(|_| ())
        };
        assert!(mail("a", &["ada@example.com", "Bob <bob@example.com>"]).is_ok());
        for wrong in [
            mail("a\r\nBcc: eve@example.com", &["ada@example.com"]),
            mail("a", &[]),
            mail("a", &["ada@example.com"; RECIPIENTS + 1]),
            mail("a", &["ada"]),
            mail("a", &["ada@example.com\r\nBcc: eve@example.com"]),
        ] {
            assert!(wrong.is_err());
        }
    }
}
