//! Authentication: the API key in the header of a request.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Answer;
use crate::engine::Engine;
use crate::error::{Error, Kind};

/// Lets a request pass if it has a key.
pub(super) async fn require(State(engine): State<Arc<Engine>>, request: Request, next: Next) -> Answer {
    check(&engine, request.headers())?;
    Ok::<Response, Error>(next.run(request).await)
}

/// Refuses a request without a key.
pub(super) fn check(engine: &Engine, headers: &HeaderMap) -> Result<(), Error> {
    match sent(headers) {
        Some(key) if engine.access.is_key(&key) => Ok(()),
        Some(_) => Err(Error::new(Kind::Unauthorized, "the API key is not one of this server's")),
        None => Err(Error::new(Kind::Unauthorized, "the request has no API key: send it in the header X-Api-Key")),
    }
}

/// The key of a request. Old clients send theirs as the password of the user `token`.
pub(super) fn sent(headers: &HeaderMap) -> Option<String> {
    let key = headers.get("x-api-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
    key.or_else(|| basic(headers).filter(|(user, _)| user == "token").map(|(_, key)| key))
}

/// The user and password of Basic authentication.
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let header = headers.get("authorization")?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
