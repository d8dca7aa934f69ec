//! Links in answers, and the requests that come by them: signed, and without an API key.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use url::Url;

use super::Answer;
use crate::engine::Engine;
use crate::error::Error;
use crate::links::Links;

/// A signed URL of this server.
pub(super) fn link(engine: &Engine, headers: &HeaderMap, method: &Method, path: &str) -> Result<String, Error> {
    Ok(format!("{}{}", origin(headers)?, engine.links.sign(method.as_str(), path)?))
}

/// The server's own address, as the client knows it.
pub(super) fn origin(headers: &HeaderMap) -> Result<String, Error> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST.as_str())
        .ok_or_else(|| Error::refused("the request has no header Host, which a link to this server is made of"))?;
    // A proxy that speaks TLS to the client says so.
    let scheme = if text("x-forwarded-proto") == Some("https") { "https" } else { "http" };
    let base = Url::parse(&format!("{scheme}://{host}"))
        .map_err(|error| Error::refused(format!("the header Host is {host:?}, which is no host: {error}")))?;
    Ok(base.origin().ascii_serialization())
}

/// Lets a request pass if it came by a link.
pub(super) async fn require(State(engine): State<Arc<Engine>>, request: Request, next: Next) -> Answer {
    check(&engine.links, &request)?;
    Ok::<Response, Error>(next.run(request).await)
}

/// Refuses a request that did not come by one of these links.
pub(super) fn check(links: &Links, request: &Request) -> Result<(), Error> {
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    links.check(method.as_str(), path)
}
