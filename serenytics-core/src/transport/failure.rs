//! Errors between client and server, with advice on what to do.

use std::error::Error as StdError;
use std::io;

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{StatusCode, Url};
use serde_json::Value;

use crate::api_key::ApiKey;
use crate::error::{Error, Kind};
use crate::transport::Connection;
use crate::transport::deadline::humanize;
use crate::transport::response::without_mark;

/// Maximum length of the excerpt of a body that is not a message of the API.
const LONGEST_EXCERPT: usize = 300;
/// Maximum length of a message of the API in an error.
const LONGEST_MESSAGE: usize = 2_000;

/// How rustls and OpenSSL describe a response that is not TLS.
const PLAIN_ANSWERS: [&str; 2] = ["InvalidContentType", "wrong version number"];

/// How TLS libraries describe a certificate whose authority the client does not know.
const UNKNOWN_ISSUERS: [&str; 4] =
    ["UnknownIssuer", "local issuer certificate", "self-signed certificate", "self signed"];

/// Creates the error of a request without a response, or with a truncated one.
pub(crate) fn transport_error(connection: &Connection, error: reqwest::Error) -> Error {
    // Only the origin of the URL is shown: the rest may be a credential.
    let server =
        error.url().map(|url| connection.api_key().redact(url.origin().ascii_serialization())).unwrap_or_default();
    let error = error.without_url();
    let cause = root_cause(&error);
    let text = cause.to_string();
    // Timeouts of the operating system are not those of the client.
    let ours = cause.downcast_ref::<io::Error>().is_none_or(|cause| cause.raw_os_error().is_none());
    let (kind, message) = if error.is_connect() && error.is_timeout() && ours {
        let time = humanize(connection.deadlines().connect);
        let knob = "`connect_timeout` of the client's builder";
        (Kind::Timeout, format!("no connection within {time}; {knob} sets this timeout"))
    } else if error.is_connect() {
        let advice = if PLAIN_ANSWERS.iter().any(|word| text.contains(word)) {
            "; the server does not seem to use TLS: its URL may begin with `http://`"
        } else if causes(&error).any(|cause| UNKNOWN_ISSUERS.iter().any(|word| cause.to_string().contains(word))) {
            "; add the certificate of the authority that signed it by `root_certificates` of the client's builder"
        } else {
            ""
        };
        match connection.proxy() {
            // The connection to the proxy failed, not one through it.
            Some(proxy) if is_unreachable(&error) => {
                (Kind::Connection, format!("cannot connect to {proxy}, on the way to {server}: {text}"))
            }
            Some(proxy) if advice.is_empty() => {
                (Kind::Connection, format!("cannot connect to {server} through {proxy}: {text}"))
            }
            _ => (Kind::Connection, format!("cannot connect to {server}: {text}{advice}")),
        }
    } else if let Some(unzip) = StdError::source(&error).and_then(|cause| cause.downcast_ref::<io::Error>())
        && error.is_decode()
    {
        // A broken connection is not the direct cause of the error, but a deeper one.
        let kind = if unzip.kind() == io::ErrorKind::UnexpectedEof { Kind::Truncated } else { Kind::Decode };
        (kind, format!("the response cannot be unzipped: {text}"))
    } else {
        (Kind::Connection, format!("the connection broke: {text}"))
    };
    Error::new(kind, message).caused_by(error)
}

/// Returns true if the first server of a connection, which may be a proxy, cannot be found or
/// reached.
fn is_unreachable(error: &reqwest::Error) -> bool {
    let cause = root_cause(error).downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.raw_os_error().is_some())
        || causes(error).any(|cause| cause.to_string() == "dns error")
}

/// Returns true if the client does not trust the server's certificate. A retry would not help.
pub(crate) fn is_untrusted(error: &reqwest::Error) -> bool {
    error.is_connect() && causes(error).any(|cause| cause.to_string().to_ascii_lowercase().contains("certificate"))
}

/// Creates the error of a server that sends nothing.
pub(crate) fn read_timeout(connection: &Connection) -> Error {
    let time = humanize(connection.deadlines().read);
    Error::new(
        Kind::Timeout,
        format!("the server sent nothing for {time}; `read_timeout` of the client's builder sets this timeout"),
    )
}

/// Creates the error of an unexpected status. `credential` is what to check if the server rejects
/// it.
pub(crate) fn rejected(
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
        let target = target.map_or_else(|| "another server".to_owned(), |url| redacted_url(&url));
        message.push_str(": the server redirects to ");
        message.push_str(&key.redact(target));
        message.push_str(", but calls of the API follow no redirects; check the client's URL");
    }
    if let Some(said) = body_message(body, key) {
        message.push_str(": ");
        message.push_str(&said);
    }
    Error::new(Kind::Rejected, message).answered(status)
}

/// Returns a URL without user, password and query, which may be secret.
pub(crate) fn redacted_url(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// Returns what the body of an error response says: its errors, or the start of any other body.
fn body_message(body: &[u8], key: &ApiKey) -> Option<String> {
    let (said, longest) = match serde_json::from_slice::<Value>(without_mark(body)) {
        Ok(Value::String(message)) => (message, LONGEST_MESSAGE),
        Ok(value) => match server_errors(&value) {
            Some(message) => (message, LONGEST_MESSAGE),
            None => (value.to_string(), LONGEST_EXCERPT),
        },
        Err(_) => (String::from_utf8_lossy(body).into_owned(), LONGEST_EXCERPT),
    };
    let said = truncated(&key.redact(said), longest);
    (!said.is_empty()).then_some(said)
}

/// Redacts and truncates a message of a server, for an error.
pub(crate) fn message(said: String, key: &ApiKey) -> String {
    truncated(&key.redact(said), LONGEST_MESSAGE)
}

/// Returns all `errors` of a response, in full: they must be redacted before they are truncated.
pub(crate) fn server_errors(answer: &Value) -> Option<String> {
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

/// The reason in messages if the server reports none.
pub(crate) const NO_REASON: &str = "the server reported no reason";

/// Returns why a server rejects a request, in its own words if possible.
pub(crate) fn reason(answer: &Value) -> String {
    server_errors(answer).unwrap_or_else(|| NO_REASON.to_owned())
}

/// Returns true if the `errors` of a response are not empty.
pub(crate) fn has_errors(errors: &Value) -> bool {
    match errors {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(errors) => !errors.is_empty(),
        Value::Object(errors) => !errors.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Joins a string into one line, and truncates it.
pub(crate) fn truncated(text: &str, longest: usize) -> String {
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

/// Returns the causes of an error, from the outermost to the innermost.
fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |cause| StdError::source(*cause))
}

/// Returns the innermost cause: the error of the operating system or the protocol.
fn root_cause<'e>(error: &'e (dyn StdError + 'static)) -> &'e (dyn StdError + 'static) {
    causes(error).last().unwrap_or(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_errors_are_found_in_every_form() {
        let read = |body: &str| body_message(body.as_bytes(), &ApiKey::from("canary-7f3a91"));
        assert_eq!(read(r#"{"errors": ["no such column", "b"]}"#).unwrap(), "no such column; b");
        assert_eq!(read(r#""a string""#).unwrap(), "a string");
        assert_eq!(read(r#"{"errors": [{"code": 3}]}"#).unwrap(), r#"{"code":3}"#);
        assert_eq!(read(r#"{"message": "not today"}"#).unwrap(), "not today");
        assert_eq!(read(r#"{"other": 1}"#).unwrap(), r#"{"other":1}"#);
        assert_eq!(read("  \n"), None);
    }

    #[test]
    fn other_bodies_are_truncated_to_one_line() {
        let html = format!("<html>\n\t<h1>Bad\u{0} gateway</h1>{}", "é ".repeat(5000));
        let said = body_message(html.as_bytes(), &ApiKey::from("canary-7f3a91")).unwrap();
        assert!(said.starts_with("<html> <h1>Bad gateway</h1>é é"), "{said}");
        assert!(said.chars().count() <= LONGEST_EXCERPT + 1 && said.ends_with('…'), "{said}");
        assert!(truncated(&"a".repeat(10_000), 300).chars().count() == 301);
        assert!(truncated(&"é".repeat(200), 300).chars().count() <= 301);
    }

    #[test]
    fn truncated_api_key_is_redacted() {
        let key = ApiKey::from("canary-7f3a91");
        for (form, longest) in
            [("{}", LONGEST_EXCERPT), ("\"{}\"", LONGEST_MESSAGE), (r#"{"errors":["{}"]}"#, LONGEST_MESSAGE)]
        {
            for shown in 0..20 {
                let filled = "x".repeat(longest - shown) + "canary-7f3a91" + &"y".repeat(100);
                let said = body_message(form.replace("{}", &filled).as_bytes(), &key).unwrap();
                assert!(!said.contains("ca") && said.ends_with('…'), "{said}");
            }
        }
        // Only part of a body is read; it may end anywhere.
        let body = " ".repeat(100) + "X-Api-Key: canary-7f";
        assert_eq!(body_message(body.as_bytes(), &key).unwrap(), "X-Api-Key: [API key]");
    }

    #[test]
    fn redacted_url_has_no_secrets() {
        let url = Url::parse("https://me:canary@host:8/path?key=canary#canary").unwrap();
        assert_eq!(redacted_url(&url), "https://host:8/path");
    }
}
