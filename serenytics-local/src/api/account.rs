//! Logins: tokens for users, and API keys for tokens.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;

use super::keys::basic;
use super::{Answer, Shared, answer};
use crate::access::Access;
use crate::base::{Context, Error, Kind};
use crate::platform::Engine;

/// Returns a token for a login and a password.
pub(super) async fn token(State(engine): Shared, headers: HeaderMap) -> Answer {
    require_user(&engine)?;
    let wrong = || Error::new(Kind::Unauthorized, "wrong login or password");
    let (login, password) = basic(&headers).ok_or_else(wrong)?;
    let permit = Arc::clone(&engine.logins).acquire_owned().await.map_err(|_| Error::shutting_down())?;
    let shared = Arc::clone(&engine);
    let token = tokio::task::spawn_blocking(move || {
        // The permit lasts until the hash is computed, even if the client disconnects.
        let _permit = permit;
        shared.access.log_in(&login, &password)
    });
    let token = token.await.context("the login failed")??.ok_or_else(wrong)?;
    Ok(answer(StatusCode::OK, &json!({"token": token})))
}

/// Creates an API key for the account of a token.
pub(super) async fn api_key(State(engine): Shared, headers: HeaderMap) -> Answer {
    require_user(&engine)?;
    let wrong = || {
        Error::new(Kind::Unauthorized, "missing or invalid token in the header X-Auth-Token: get one from /api/token")
    };
    let token = headers.get("x-auth-token").and_then(|value| value.to_str().ok());
    let account = token.and_then(|token| engine.access.token_account(token)).ok_or_else(wrong)?;
    let (key, digest) = Access::new_key();
    engine.catalogue.insert_key(&account, &digest).await?;
    engine.access.add_key(&key, account);
    Ok(answer(StatusCode::OK, &json!({"api_key": key})))
}

fn require_user(engine: &Arc<Engine>) -> Result<(), Error> {
    if engine.access.has_users() {
        return Ok(());
    }
    Err(Error::new(Kind::Unauthorized, "this server has no users: use an API key"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::HeaderValue;

    use super::*;
    use crate::access::Credentials;
    use crate::platform::test::engine_for;

    #[tokio::test]
    async fn login_keeps_its_permit_if_the_client_disconnects() {
        let users = vec![("ada".to_owned(), "engine".to_owned())];
        let (engine, _folder) = engine_for(Credentials { keys: Vec::new(), users }).await;
        let mut headers = HeaderMap::new();
        // `ada:motor`.
        headers.insert("authorization", HeaderValue::from_static("Basic YWRhOm1vdG9y"));
        let log_in = token(State(Arc::clone(&engine)), headers);
        assert!(tokio::time::timeout(Duration::ZERO, log_in).await.is_err(), "the password hash took no time");
        assert_eq!(engine.logins.available_permits(), 0, "a second hash could run at the same time");
        drop(engine.logins.acquire().await.unwrap());
    }
}
