//! Signed links: their URLs, and the check of requests that use them instead of an API key.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use super::{Answer, Shared};
use crate::access::{Links, SignedLinks};
use crate::base::Error;

/// Builds a signed URL of the server at this address.
pub(super) fn link(links: &SignedLinks, origin: &str, method: &Method, path: &str) -> Result<String, Error> {
    Ok(format!("{origin}{}", links.files().sign(method.as_str(), path)?))
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
