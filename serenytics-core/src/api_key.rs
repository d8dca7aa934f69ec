//! The API key: a secret that can be sent and cannot be printed.

use std::fmt;
use std::sync::Arc;

use reqwest::header::{HeaderValue, InvalidHeaderValue};

/// An API key of the platform.
///
/// It has no `Display` and no `Serialize`, and its `Debug` says only that it is there, so that it reaches no log, error
/// or panic unless [`expose_secret`](Self::expose_secret) puts it there. Spaces and line ends around the key are dropped.
#[derive(Clone)]
pub struct ApiKey {
    key: Arc<str>,
    /// What else is sent with it and must not be printed.
    others: Vec<Arc<str>>,
}

/// What stands in a text where the key stood.
const REDACTED: &str = "[API key]";

/// What stands in a text where another secret stood.
const OTHER_REDACTED: &str = "[secret]";

/// Shorter keys are left in texts, where they would match any word.
const SHORTEST_REDACTED: usize = 4;

/// How much of a key's beginning is taken for the key: a text may have been cut in the middle of it.
const SHORTEST_BEGINNING: usize = 8;

impl ApiKey {
    /// Whether there is nothing to send.
    pub(crate) fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    /// The key as a text, to be kept somewhere safe: what is printed of it can be read by others.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.key
    }

    /// The same key, with another secret that texts lose too: what a single call is sent with beside it.
    pub(crate) fn hiding(mut self, secret: &str) -> ApiKey {
        self.others.push(secret.into());
        self
    }

    /// The value of the header that carries the key, marked so that no layer below prints it.
    pub(crate) fn header(&self) -> Result<HeaderValue, InvalidHeaderValue> {
        let mut value = HeaderValue::from_str(&self.key)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// A text that somebody else wrote, without the key: a server may repeat what it was sent. The beginning of the key
    /// counts too, as texts are cut at some length.
    pub(crate) fn redact(&self, text: String) -> String {
        let text = without(text, &self.key, REDACTED);
        self.others.iter().fold(text, |text, other| without(text, other, OTHER_REDACTED))
    }
}

/// A text without a secret, and what stands in its place.
fn without(text: String, secret: &str, redacted: &str) -> String {
    if secret.len() < SHORTEST_REDACTED {
        return text;
    }
    let beginning = secret.get(..SHORTEST_BEGINNING).unwrap_or(secret);
    let mut clean = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(beginning) {
        let (before, found) = rest.split_at(at);
        clean.push_str(before);
        clean.push_str(redacted);
        let repeated = found.chars().zip(secret.chars()).take_while(|(found, own)| found == own);
        rest = &found[repeated.map(|(found, _)| found.len_utf8()).sum()..];
    }
    if clean.is_empty() {
        return text;
    }
    clean + rest
}

impl From<&str> for ApiKey {
    fn from(key: &str) -> ApiKey {
        ApiKey { key: key.trim().into(), others: Vec::new() }
    }
}

impl From<String> for ApiKey {
    fn from(key: String) -> ApiKey {
        key.as_str().into()
    }
}

impl From<&String> for ApiKey {
    fn from(key: &String) -> ApiKey {
        key.as_str().into()
    }
}

impl From<&ApiKey> for ApiKey {
    fn from(key: &ApiKey) -> ApiKey {
        key.clone()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_sent_and_not_printed() {
        let key = ApiKey::from(" canary-7f3a\n");
        let header = key.header().unwrap();
        assert_eq!(header, "canary-7f3a");
        for printed in [format!("{key:?}"), format!("{header:?}")] {
            assert!(!printed.contains("canary"), "{printed}");
        }
    }

    #[test]
    fn texts_lose_the_key() {
        let key = ApiKey::from("canary-7f3a");
        assert_eq!(key.redact("key=canary-7f3a;".to_owned()), "key=[API key];");
        assert_eq!(key.redact("canary-7f3acanary-7f3a".to_owned()), "[API key][API key]");
        assert_eq!(ApiKey::from("a").redact("a table".to_owned()), "a table");
        assert_eq!(ApiKey::from("table").redact("a table, a tab".to_owned()), "a [API key], a tab");
    }

    #[test]
    fn texts_lose_other_secrets_too() {
        let key = ApiKey::from("canary-7f3a").hiding("bird-of-ada").hiding("x");
        assert_eq!(key.redact("canary-7f3a bird-of-ada x".to_owned()), "[API key] [secret] x");
        assert!(!format!("{key:?}").contains("bird"));
    }

    #[test]
    fn texts_that_are_cut_inside_the_key_lose_its_beginning() {
        let key = ApiKey::from("canary-7f3a");
        for text in ["`\"canary-7f…`", "`canary-7f`", "canary-7", "é canary-7f3 b"] {
            assert!(!key.redact(text.to_owned()).contains("canary"), "{text}");
        }
        assert_eq!(key.redact("canary birds…".to_owned()), "canary birds…");
    }

    #[test]
    fn a_key_with_a_line_end_inside_is_no_header() {
        assert!(ApiKey::from("a\nb").header().is_err());
    }
}
