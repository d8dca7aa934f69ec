//! The API key: a secret that can be sent but not printed.

use std::fmt;
use std::sync::Arc;

use reqwest::header::{HeaderValue, InvalidHeaderValue};

/// An API key of the platform.
///
/// It has no `Display` and no `Serialize`, and its `Debug` hides the key, so that it reaches no
/// log, error or panic unless [`expose_secret`](Self::expose_secret) puts it there. Whitespace
/// around the key is trimmed.
#[derive(Clone)]
pub struct ApiKey {
    key: Arc<str>,
    /// Further secrets that are sent with the key and must not be printed.
    others: Vec<Arc<str>>,
}

/// Replaces the key in a string.
const REDACTED: &str = "[API key]";

/// Replaces any other secret in a string.
const OTHER_REDACTED: &str = "[secret]";

/// Shorter keys are not redacted: they would match any word.
const SHORTEST_REDACTED: usize = 4;

/// Length of the prefix that is redacted like the whole key: a string may have been truncated
/// inside the key.
const SHORTEST_BEGINNING: usize = 8;

impl ApiKey {
    /// Returns true if the key is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    /// Returns the key as a string. Keep it in a safe place: anyone can read what is printed.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.key
    }

    /// Returns the same key with another secret to redact, one that is only sent with a single
    /// call.
    pub(crate) fn hiding(mut self, secret: &str) -> ApiKey {
        self.others.push(secret.into());
        self
    }

    /// Returns the value of the header that carries the key, marked as sensitive so that no lower
    /// layer prints it.
    pub(crate) fn header(&self) -> Result<HeaderValue, InvalidHeaderValue> {
        let mut value = HeaderValue::from_str(&self.key)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Removes the key from a string of another origin: a server may echo what it was sent. The
    /// prefix of the key is removed too, because strings may be truncated.
    pub(crate) fn redact(&self, text: String) -> String {
        let text = without(text, &self.key, REDACTED);
        self.others.iter().fold(text, |text, other| without(text, other, OTHER_REDACTED))
    }
}

/// Replaces a secret in a string by `redacted`.
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
    fn api_key_is_sent_but_not_printed() {
        let key = ApiKey::from(" canary-7f3a\n");
        let header = key.header().unwrap();
        assert_eq!(header, "canary-7f3a");
        for printed in [format!("{key:?}"), format!("{header:?}")] {
            assert!(!printed.contains("canary"), "{printed}");
        }
    }

    #[test]
    fn redact_removes_the_key() {
        let key = ApiKey::from("canary-7f3a");
        assert_eq!(key.redact("key=canary-7f3a;".to_owned()), "key=[API key];");
        assert_eq!(key.redact("canary-7f3acanary-7f3a".to_owned()), "[API key][API key]");
        assert_eq!(ApiKey::from("a").redact("a table".to_owned()), "a table");
        assert_eq!(ApiKey::from("table").redact("a table, a tab".to_owned()), "a [API key], a tab");
    }

    #[test]
    fn redact_removes_other_secrets_too() {
        let key = ApiKey::from("canary-7f3a").hiding("bird-of-ada").hiding("x");
        assert_eq!(key.redact("canary-7f3a bird-of-ada x".to_owned()), "[API key] [secret] x");
        assert!(!format!("{key:?}").contains("bird"));
    }

    #[test]
    fn redact_removes_a_truncated_key() {
        let key = ApiKey::from("canary-7f3a");
        for text in ["`\"canary-7f…`", "`canary-7f`", "canary-7", "é canary-7f3 b"] {
            assert!(!key.redact(text.to_owned()).contains("canary"), "{text}");
        }
        assert_eq!(key.redact("canary birds…".to_owned()), "canary birds…");
    }

    #[test]
    fn api_key_with_a_line_break_is_not_a_header_value() {
        assert!(ApiKey::from("a\nb").header().is_err());
    }
}
