//! What goes wrong between client and server, as errors that say what to do.

use std::error::Error as StdError;

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{StatusCode, Url};
use serde_json::Value;

use crate::client::Client;
use crate::error::{Error, Kind};
use crate::transport::spoken;

/// How much of a body that is no message of the API stands in an error.
const LONGEST_EXCERPT: usize = 300;
/// How much of a message of the API stands in an error.
const LONGEST_MESSAGE: usize = 2_000;

/// The error of a request that got no answer, or whose answer broke off.
pub(crate) fn unanswered(client: &Client, error: reqwest::Error) -> Error {
    let error = error.without_url();
    let deadlines = client.deadlines();
    let cause = root_cause(&error);
    let (kind, message) = match (error.is_timeout(), error.is_connect()) {
        (true, true) => {
            let time = spoken(deadlines.connect);
            (Kind::Timeout, format!("no connection within {time}; `connect_timeout` sets this deadline"))
        }
        (true, false) => (Kind::Timeout, overall(client)),
        (false, true) => (Kind::Connection, format!("cannot connect: {cause}")),
        (false, false) => (Kind::Connection, format!("the connection broke: {cause}")),
    };
    Error::new(kind, message).caused_by(error)
}

/// The error of a server that sends nothing.
pub(crate) fn silent(client: &Client) -> Error {
    let time = spoken(client.deadlines().read);
    Error::new(
        Kind::Timeout,
        format!("the server sent nothing for {time}; `read_timeout` of the client's builder sets this deadline"),
    )
}

fn overall(client: &Client) -> String {
    format!(
        "no whole answer within the deadline; the client's is {}, `timeout` of its builder or `with_timeout` sets it",
        spoken(client.deadlines().overall)
    )
}

/// The error of an answer with another status than was expected.
pub(crate) fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8], requested: &Url, client: &Client) -> Error {
    let mut message = status.to_string();
    if status == StatusCode::UNAUTHORIZED {
        message.push_str(": check your API key");
    }
    if status.is_redirection() {
        let target = headers.get(LOCATION).and_then(|location| location.to_str().ok());
        let target = target.and_then(|location| requested.join(location).ok());
        let target = target.map_or_else(|| "elsewhere".to_owned(), |url| place(&url));
        message.push_str(": the server redirects to ");
        message.push_str(&client.api_key().redact(target));
        message.push_str(", and calls of the API follow no redirect; check the client's URL");
    }
    if let Some(said) = said(body) {
        message.push_str(": ");
        message.push_str(&client.api_key().redact(said));
    }
    Error::new(Kind::Refused, message).answered(status)
}

/// A URL without what may be secret in it: user, password and query.
fn place(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// What a server said in the body of a refusal: its first error, or the start of any other body.
fn said(body: &[u8]) -> Option<String> {
    let said = match serde_json::from_slice::<Value>(body) {
        Ok(Value::String(message)) => cut(&message, LONGEST_MESSAGE),
        Ok(value) => match first_error(&value) {
            Some(message) => message,
            None => cut(&value.to_string(), LONGEST_EXCERPT),
        },
        Err(_) => cut(&String::from_utf8_lossy(body), LONGEST_EXCERPT),
    };
    (!said.is_empty()).then_some(said)
}

/// The first of an answer's `errors`.
pub(crate) fn first_error(answer: &Value) -> Option<String> {
    let error = ["errors", "error", "message"].iter().find_map(|key| match answer.get(key)? {
        Value::Array(errors) => errors.first(),
        Value::Null => None,
        error => Some(error),
    })?;
    let text = match error {
        Value::String(text) => cut(text, LONGEST_MESSAGE),
        other => cut(&other.to_string(), LONGEST_MESSAGE),
    };
    (!text.is_empty()).then_some(text)
}

/// A text on one line, and cut.
fn cut(text: &str, longest: usize) -> String {
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
pub(crate) fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_found_in_every_form() {
        let read = |body: &str| said(body.as_bytes());
        assert_eq!(read(r#"{"errors": ["no such column", "b"]}"#).unwrap(), "no such column");
        assert_eq!(read(r#""a string""#).unwrap(), "a string");
        assert_eq!(read(r#"{"errors": [{"code": 3}]}"#).unwrap(), r#"{"code":3}"#);
        assert_eq!(read(r#"{"message": "not today"}"#).unwrap(), "not today");
        assert_eq!(read(r#"{"other": 1}"#).unwrap(), r#"{"other":1}"#);
        assert_eq!(read("  \n"), None);
    }

    #[test]
    fn other_bodies_are_cut_to_one_line() {
        let html = format!("<html>\n\t<h1>Bad\u{0} gateway</h1>{}", "é ".repeat(5000));
        let said = said(html.as_bytes()).unwrap();
        assert!(said.starts_with("<html> <h1>Bad gateway</h1>é é"), "{said}");
        assert!(said.chars().count() <= LONGEST_EXCERPT + 1 && said.ends_with('…'), "{said}");
        assert!(cut(&"a".repeat(10_000), 300).chars().count() == 301);
        assert!(cut(&"é".repeat(200), 300).chars().count() <= 301);
    }

    #[test]
    fn places_hold_no_secret() {
        let url = Url::parse("https://me:canary@host:8/path?key=canary#canary").unwrap();
        assert_eq!(place(&url), "https://host:8/path");
    }
}
