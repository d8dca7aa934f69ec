//! Signed links: their URLs, and the check of requests that use them instead of an API key.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use url::Url;

use super::{Answer, Shared};
use crate::access::{Links, SignedLinks};
use crate::base::Error;

/// Builds a signed URL of this server.
pub(super) fn link(links: &SignedLinks, headers: &HeaderMap, method: &Method, path: &str) -> Result<String, Error> {
    Ok(format!("{}{}", origin(headers)?, links.files().sign(method.as_str(), path)?))
}

/// Returns the address of the server as the client sees it.
pub(super) fn origin(headers: &HeaderMap) -> Result<String, Error> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST.as_str())
        .ok_or_else(|| Error::refused("the request needs the header Host to build a link to this server"))?;
    // A TLS proxy in front of the server sets this header.
    let scheme = if text("x-forwarded-proto") == Some("https") { "https" } else { "http" };
    let base = Url::parse(&format!("{scheme}://{host}"))
        .map_err(|error| Error::refused(format!("invalid header Host {host:?}: {error}")))?;
    Ok(base.origin().ascii_serialization())
}

/// Rejects requests without a valid signed link.
pub(super) async fn require(State(links): Shared<SignedLinks>, request: Request, next: Next) -> Answer {
    check(links.files(), &request)?;
    Ok::<Response, Error>(next.run(request).await)
}

/// Checks that a request uses a valid signed link.
pub(super) fn check(links: &Links, request: &Request) -> Result<(), Error> {
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    links.check(method.as_str(), path)
}
