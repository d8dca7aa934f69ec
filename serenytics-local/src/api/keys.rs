//! Authentication: the API key in the header of a request.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Answer;
use super::request::Notes;
use crate::access::Account;
use crate::engine::Engine;
use crate::error::{Error, Kind};

/// Lets a request pass if it has a key, whose account handlers get.
pub(super) async fn require(State(engine): State<Arc<Engine>>, mut request: Request, next: Next) -> Answer {
    let account = check(&engine, request.headers())?;
    if let Some(notes) = request.extensions().get::<Notes>() {
        notes.account(&account);
    }
    request.extensions_mut().insert(account);
    Ok::<Response, Error>(next.run(request).await)
}

/// The account whose key a request has, in the handler of a route that requires one.
impl<S: Sync> FromRequestParts<S> for Account {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Account, Error> {
        let account = parts.extensions.get::<Account>().cloned();
        account.ok_or_else(|| Error::new(Kind::Failed, "this route does not ask for a key, and needs one"))
    }
}

/// Refuses a request without a key, and tells whose it is.
pub(super) fn check(engine: &Engine, headers: &HeaderMap) -> Result<Account, Error> {
    let refused = |why| Error::new(Kind::Unauthorized, why);
    let key = sent(headers).ok_or_else(|| refused("the request has no API key: send it in the header X-Api-Key"))?;
    engine.access.account(&key).ok_or_else(|| refused("the API key is not one of this server's"))
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
