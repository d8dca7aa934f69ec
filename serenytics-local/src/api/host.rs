//! The address of the server in links: the public URL, or the header `Host` of the request.

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use url::Url;

use super::Answer;
use crate::base::Error;
use crate::platform::HttpSettings;

/// Rejects requests whose header `Host` is repeated or is not a host with an optional port.
pub(super) async fn require_valid(request: Request, next: Next) -> Answer {
    host(request.headers())?;
    Ok(next.run(request).await)
}

/// Returns the address of the server as the client sees it.
pub(super) fn origin(headers: &HeaderMap, http: &HttpSettings) -> Result<String, Error> {
    if let Some(url) = &http.public_url {
        return Ok(url.to_string());
    }
    let host = host(headers)?
        .ok_or_else(|| Error::refused("the request needs the header Host to build a link to this server"))?;
    // A TLS proxy in front of the server sets this header.
    let is_https = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    let scheme = if is_https { "https" } else { "http" };
    let base = Url::parse(&format!("{scheme}://{host}")).map_err(|_| invalid())?;
    Ok(base.origin().ascii_serialization())
}

/// Parses a public URL. Returns it without a slash at the end.
pub(crate) fn public_url(text: &str) -> Result<String, Error> {
    let wrong = |why: &str| {
        Error::refused(format!("invalid public URL {text:?}: {why}; expected a URL such as https://data.example.com"))
    };
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("the scheme is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it contains a user"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it contains a `?` or a `#`"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Returns the header `Host`; `None` if it is missing or empty.
fn host(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let mut values = headers.get_all(header::HOST).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().map_err(|_| invalid())?;
    if values.next().is_some() || !is_host(text) {
        return Err(invalid());
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn invalid() -> Error {
    Error::refused("invalid header Host: expected one host with an optional port, such as `data.example.com:8000`")
}

/// Returns true for an empty host, a name or an IP address, with an optional port.
fn is_host(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:[]".contains(c);
    if !text.chars().all(is_allowed) {
        return false;
    }
    text.is_empty() || Url::parse(&format!("http://{text}")).is_ok_and(|url| url.has_host() && url.path() == "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_a_name_or_an_address_with_an_optional_port() {
        for right in ["", "localhost", "data.example.com:8000", "127.0.0.1:1", "[::1]:8000", "a_b", "EXAMPLE.com."] {
            assert!(is_host(right), "{right}");
        }
        for wrong in [
            "a/b",
            "a#b",
            "a@b",
            "a?b",
            "a\\b",
            "a b",
            "a\tb",
            "a,b",
            "a%2fb",
            ":80",
            "a:x",
            "a:99999",
            "a:1:2",
            "[::1",
            "é.example.com",
            "user:password@example.com",
            "evil.example.com/x@127.0.0.1",
            "a;b",
            "<a>",
            "a\"b",
        ] {
            assert!(!is_host(wrong), "{wrong}");
        }
    }

    #[test]
    fn public_url_has_no_query_user_or_slash_at_the_end() {
        assert_eq!(public_url("https://data.example.com/").unwrap(), "https://data.example.com");
        assert_eq!(public_url("http://localhost:80/serenytics/").unwrap(), "http://localhost/serenytics");
        for wrong in ["data.example.com", "ftp://a", "https://a?b", "https://a/#b", "https://ada@a", "https://", "/a"] {
            assert!(public_url(wrong).unwrap_err().to_string().starts_with("invalid public URL"), "{wrong}");
        }
    }
}
