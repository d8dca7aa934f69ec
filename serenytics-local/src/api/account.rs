//! The account: a user's token, and the API keys that it makes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;

use super::keys::basic;
use super::{Answer, Shared, answer};
use crate::access::Access;
use crate::engine::Engine;
use crate::error::{Context, Error, Kind};

/// Gives a token for a login and a password.
pub(super) async fn token(State(engine): Shared, headers: HeaderMap) -> Answer {
    require_user(&engine)?;
    let wrong = || Error::new(Kind::Unauthorized, "the login or the password is wrong");
    let (login, password) = basic(&headers).ok_or_else(wrong)?;
    let turn = Arc::clone(&engine.logins).acquire_owned().await.context("the engine stops")?;
    let shared = Arc::clone(&engine);
    let token = tokio::task::spawn_blocking(move || {
        // It ends with the hashing, which runs on when the client leaves.
        let _turn = turn;
        shared.access.log_in(&login, &password)
    });
    let token = token.await.context("the login failed")??.ok_or_else(wrong)?;
    Ok(answer(StatusCode::OK, &json!({"token": token})))
}

/// Makes an API key for the holder of a token.
pub(super) async fn api_key(State(engine): Shared, headers: HeaderMap) -> Answer {
    require_user(&engine)?;
    let wrong = || Error::new(Kind::Unauthorized, "the header X-Auth-Token has no good token: get one from /api/token");
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
    Err(Error::new(Kind::Unauthorized, "this server was started without a user: use its API key"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::HeaderValue;

    use super::*;
    use crate::access::Credentials;
    use crate::engine::test::engine_for;

    #[tokio::test]
    async fn a_client_that_leaves_does_not_end_the_turn_of_its_login() {
        let users = vec![("ada".to_owned(), "engine".to_owned())];
        let (engine, _folder) = engine_for(Credentials { keys: Vec::new(), users }).await;
        let mut headers = HeaderMap::new();
        // `ada:motor`.
        headers.insert("authorization", HeaderValue::from_static("Basic YWRhOm1vdG9y"));
        let log_in = token(State(Arc::clone(&engine)), headers);
        assert!(tokio::time::timeout(Duration::ZERO, log_in).await.is_err(), "the password was hashed in no time");
        assert_eq!(engine.logins.available_permits(), 0, "another password would be hashed beside the first");
        drop(engine.logins.acquire().await.unwrap());
    }
}
