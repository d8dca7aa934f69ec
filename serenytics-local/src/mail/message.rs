//! An e-mail: the validated request, and the message that is sent.

use std::path::PathBuf;

use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};

use crate::base::{Context, Error};

/// The maximum number of recipients of an e-mail.
const MAX_RECIPIENTS: usize = 100;

/// A requested e-mail.
#[derive(Debug)]
pub(crate) struct Mail {
    subject: String,
    recipients: Vec<Mailbox>,
    html: String,
    from: Option<Mailbox>,
    /// The attached file.
    pub(crate) attached: Option<Attached>,
    /// The name of the web app to attach as PDF.
    pub(crate) web_app: Option<String>,
}

/// An uploaded file to attach to an e-mail.
#[derive(Debug)]
pub(crate) struct Attached {
    /// Its path.
    pub(crate) file: PathBuf,
    /// Its name in the e-mail.
    pub(crate) name: String,
}

impl Mail {
    /// Creates an HTML e-mail.
    pub(crate) fn new(subject: String, recipients: &[String], html: String, from: Option<&str>) -> Result<Mail, Error> {
        if subject.chars().any(char::is_control) {
            return Err(Error::refused("the `subject` must not contain line ends or other control characters"));
        }
        if recipients.is_empty() || recipients.len() > MAX_RECIPIENTS {
            let message = format!("`recipients` must have 1 to {MAX_RECIPIENTS} addresses, found {}", recipients.len());
            return Err(Error::refused(message));
        }
        let recipients = recipients.iter().map(|address| mailbox(address)).collect::<Result<_, _>>()?;
        let from = from.map(mailbox).transpose()?;
        Ok(Mail { subject, recipients, html, from, attached: None, web_app: None })
    }

    /// Builds the message, with the content of the attached file.
    pub(super) fn message(&self, default_from: &Mailbox, file: Option<Vec<u8>>) -> Result<Message, Error> {
        const CONTEXT: &str = "could not build the e-mail";
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
    /// Creates an attachment named after the last part of a client path, which may be a Unix or a Windows path.
    pub(crate) fn new(file: PathBuf, path: &str) -> Attached {
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        let name: String = name.chars().filter(|character| !character.is_control()).collect();
        Attached { file, name: if name.is_empty() { "attachment".to_owned() } else { name } }
    }
}

/// Parses an address such as `ada@example.com` or `Ada <ada@example.com>`.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, Error> {
    text.parse().map_err(|error| Error::refused(format!("invalid e-mail address {text:?}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachment_is_named_without_its_path() {
        let name = |path| Attached::new(PathBuf::new(), path).name;
        assert_eq!(name("/home/ada/report.csv.gz"), "report.csv.gz");
        assert_eq!(name(r"C:\reports\année.pdf"), "année.pdf");
        assert_eq!(name("a\r\nb"), "ab");
        assert_eq!(name("folder/"), "attachment");
    }

    #[test]
    fn email_with_invalid_fields_is_rejected() {
        let mail = |subject: &str, recipients: &[&str]| {
            let recipients: Vec<_> = recipients.iter().map(|&address| address.to_owned()).collect();
            Mail::new(subject.to_owned(), &recipients, String::new(), None).map(|_| ())
        };
        assert!(mail("a", &["ada@example.com", "Bob <bob@example.com>"]).is_ok());
        for wrong in [
            mail("a\r\nBcc: eve@example.com", &["ada@example.com"]),
            mail("a", &[]),
            mail("a", &["ada@example.com"; MAX_RECIPIENTS + 1]),
            mail("a", &["ada"]),
            mail("a", &["ada@example.com\r\nBcc: eve@example.com"]),
        ] {
            assert!(wrong.is_err());
        }
    }
}
