//! What goes wrong between client and server, as errors that say what to do.

use std::error::Error as StdError;
use std::io;

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{StatusCode, Url};
use serde_json::Value;

use crate::api_key::ApiKey;
use crate::error::{Error, Kind};
use crate::transport::Connection;
use crate::transport::deadline::spoken;

/// How much of a body that is no message of the API stands in an error.
const LONGEST_EXCERPT: usize = 300;
/// How much of a message of the API stands in an error.
const LONGEST_MESSAGE: usize = 2_000;

/// What rustls and OpenSSL call an answer that is none of TLS.
const PLAIN_ANSWERS: [&str; 2] = ["InvalidContentType", "wrong version number"];

/// The error of a request that got no answer, or whose answer broke off.
pub(crate) fn unanswered(connection: &Connection, error: reqwest::Error) -> Error {
    // No more of the URL: it may be a credential.
    let server =
        error.url().map(|url| connection.api_key().redact(url.origin().ascii_serialization())).unwrap_or_default();
    let error = error.without_url();
    let cause = root_cause(&error);
    let text = cause.to_string();
    // The operating system has deadlines too, which are none of the client's.
    let ours = cause.downcast_ref::<io::Error>().is_none_or(|cause| cause.raw_os_error().is_none());
    let (kind, message) = if error.is_connect() && error.is_timeout() && ours {
        let time = spoken(connection.deadlines().connect);
        let knob = "`connect_timeout` of the client's builder";
        (Kind::Timeout, format!("no connection within {time}; {knob} sets this deadline"))
    } else if error.is_connect() {
        let is_plain = PLAIN_ANSWERS.iter().any(|word| text.contains(word));
        let meant =
            if is_plain { "; the server seems to speak no TLS there: its URL may begin with `http://`" } else { "" };
        (Kind::Connection, format!("cannot connect to {server}: {text}{meant}"))
    } else if StdError::source(&error).is_some_and(|cause| cause.is::<io::Error>()) && error.is_decode() {
        // What breaks the connection is not the error's own cause: it lies deeper, below the protocol's.
        (Kind::Decode, format!("the answer cannot be unzipped: {text}"))
    } else {
        (Kind::Connection, format!("the connection broke: {text}"))
    };
    Error::new(kind, message).caused_by(error)
}

/// The error of a server that sends nothing.
pub(crate) fn silent(connection: &Connection) -> Error {
    let time = spoken(connection.deadlines().read);
    Error::new(
        Kind::Timeout,
        format!("the server sent nothing for {time}; `read_timeout` of the client's builder sets this deadline"),
    )
}

/// The error of an answer with another status than was expected; `credential` is what the server was shown.
pub(crate) fn refused(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    requested: &Url,
    key: &ApiKey,
    credential: &str,
) -> Error {
    let mut message = status.to_string();
    if status == StatusCode::UNAUTHORIZED {
        message.push_str(": check ");
        message.push_str(credential);
    }
    if status.is_redirection() {
        let target = headers.get(LOCATION).and_then(|location| location.to_str().ok());
        let target = target.and_then(|location| requested.join(location).ok());
        let target = target.map_or_else(|| "elsewhere".to_owned(), |url| place(&url));
        message.push_str(": the server redirects to ");
        message.push_str(&key.redact(target));
        message.push_str(", and calls of the API follow no redirect; check the client's URL");
    }
    if let Some(said) = said(body, key) {
        message.push_str(": ");
        message.push_str(&said);
    }
    Error::new(Kind::Refused, message).answered(status)
}

/// A URL without what may be secret in it: user, password and query.
pub(crate) fn place(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// What a server said in the body of a refusal: its errors, or the start of any other body.
fn said(body: &[u8], key: &ApiKey) -> Option<String> {
    let (said, longest) = match serde_json::from_slice::<Value>(body) {
        Ok(Value::String(message)) => (message, LONGEST_MESSAGE),
        Ok(value) => match said_errors(&value) {
            Some(message) => (message, LONGEST_MESSAGE),
            None => (value.to_string(), LONGEST_EXCERPT),
        },
        Err(_) => (String::from_utf8_lossy(body).into_owned(), LONGEST_EXCERPT),
    };
    let said = cut(&key.redact(said), longest);
    (!said.is_empty()).then_some(said)
}

/// A message of a server, as it may stand in an error.
pub(crate) fn message(said: String, key: &ApiKey) -> String {
    cut(&key.redact(said), LONGEST_MESSAGE)
}

/// All of an answer's `errors`, whole: they may hold the API key, which is found only before anything is cut.
pub(crate) fn said_errors(answer: &Value) -> Option<String> {
    let text = |error: &Value| error.as_str().map_or_else(|| error.to_string(), str::to_owned);
    let said = ["errors", "error", "message"].iter().find_map(|key| match answer.get(key)? {
        Value::Array(errors) if errors.is_empty() => None,
        Value::Array(errors) => {
            Some(errors.iter().map(text).filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join("; "))
        }
        Value::Null => None,
        error => Some(text(error)),
    })?;
    (!said.trim().is_empty()).then_some(said)
}

/// What stands in the place of a reason that a server does not give.
pub(crate) const NO_REASON: &str = "the server gives no reason";

/// Why a server refuses, in its words if it has any.
pub(crate) fn reason(answer: &Value) -> String {
    said_errors(answer).unwrap_or_else(|| NO_REASON.to_owned())
}

/// Whether an answer's `errors` hold anything.
pub(crate) fn has_errors(errors: &Value) -> bool {
    match errors {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(errors) => !errors.is_empty(),
        Value::Object(errors) => !errors.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// A text on one line, and cut.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let mut line = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > longest {
            return line.chars().take(longest).chain(['…']).collect();
        }
    }
    line
}

/// The innermost cause: what the operating system or the protocol says.
fn root_cause<'e>(error: &'e (dyn StdError + 'static)) -> &'e (dyn StdError + 'static) {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_found_in_every_form() {
        let read = |body: &str| said(body.as_bytes(), &ApiKey::from("canary-7f3a91"));
        assert_eq!(read(r#"{"errors": ["no such column", "b"]}"#).unwrap(), "no such column; b");
        assert_eq!(read(r#""a string""#).unwrap(), "a string");
        assert_eq!(read(r#"{"errors": [{"code": 3}]}"#).unwrap(), r#"{"code":3}"#);
        assert_eq!(read(r#"{"message": "not today"}"#).unwrap(), "not today");
        assert_eq!(read(r#"{"other": 1}"#).unwrap(), r#"{"other":1}"#);
        assert_eq!(read("  \n"), None);
    }

    #[test]
    fn other_bodies_are_cut_to_one_line() {
        let html = format!("<html>\n\t<h1>Bad\u{0} gateway</h1>{}", "é ".repeat(5000));
        let said = said(html.as_bytes(), &ApiKey::from("canary-7f3a91")).unwrap();
        assert!(said.starts_with("<html> <h1>Bad gateway</h1>é é"), "{said}");
        assert!(said.chars().count() <= LONGEST_EXCERPT + 1 && said.ends_with('…'), "{said}");
        assert!(cut(&"a".repeat(10_000), 300).chars().count() == 301);
        assert!(cut(&"é".repeat(200), 300).chars().count() <= 301);
    }

    #[test]
    fn a_key_that_is_cut_is_not_seen() {
        let key = ApiKey::from("canary-7f3a91");
        for (form, longest) in
            [("{}", LONGEST_EXCERPT), ("\"{}\"", LONGEST_MESSAGE), (r#"{"errors":["{}"]}"#, LONGEST_MESSAGE)]
        {
            for shown in 0..20 {
                let filled = "x".repeat(longest - shown) + "canary-7f3a91" + &"y".repeat(100);
                let said = said(form.replace("{}", &filled).as_bytes(), &key).unwrap();
                assert!(!said.contains("ca") && said.ends_with('…'), "{said}");
            }
        }
        // As much of a body as is read ends anywhere.
        let body = " ".repeat(100) + "X-Api-Key: canary-7f";
        assert_eq!(said(body.as_bytes(), &key).unwrap(), "X-Api-Key: [API key]");
    }

    #[test]
    fn places_hold_no_secret() {
        let url = Url::parse("https://me:canary@host:8/path?key=canary#canary").unwrap();
        assert_eq!(place(&url), "https://host:8/path");
    }
}
