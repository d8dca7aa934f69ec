//! Authentication with API keys.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::request::RequestContext;
use super::{Answer, Shared};
use crate::access::{Access, Account};
use crate::base::{Error, Kind};

/// Rejects requests without a valid API key, and passes the account of the key to the handler.
pub(super) async fn require(State(access): Shared<Access>, mut request: Request, next: Next) -> Answer {
    let account = check(&access, request.headers())?;
    if let Some(context) = request.extensions().get::<RequestContext>() {
        context.account(&account);
    }
    request.extensions_mut().insert(account);
    Ok::<Response, Error>(next.run(request).await)
}

/// Extracts the account of the API key. Works only on routes that require a key.
impl<S: Sync> FromRequestParts<S> for Account {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Account, Error> {
        let account = parts.extensions.get::<Account>().cloned();
        account.ok_or_else(|| Error::new(Kind::Failed, "this route must require an API key, but does not"))
    }
}

/// Checks the API key of a request and returns its account.
pub(super) fn check(access: &Access, headers: &HeaderMap) -> Result<Account, Error> {
    let unauthorized = |why| Error::new(Kind::Unauthorized, why);
    let key =
        sent(headers).ok_or_else(|| unauthorized("the request has no API key: send it in the header X-Api-Key"))?;
    access.account(&key).ok_or_else(|| unauthorized("unknown API key"))
}

/// Returns the API key of a request. Old clients send it as the password of the user `token`.
pub(super) fn sent(headers: &HeaderMap) -> Option<String> {
    let key = headers.get("x-api-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
    key.or_else(|| basic(headers).filter(|(user, _)| user == "token").map(|(_, key)| key))
}

/// Returns the user and the password of HTTP basic authentication.
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
