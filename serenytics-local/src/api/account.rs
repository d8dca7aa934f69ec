//! Logins: tokens for users, and API keys for tokens.

use std::net::{IpAddr, Ipv4Addr};

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;

use super::keys::basic;
use super::{Answer, Shared, answer};
use crate::access::{Access, Logins, Peer};
use crate::base::{Error, Kind};
use crate::catalogue::Catalogue;

/// Returns a token for a login and a password.
pub(super) async fn token(
    State(access): Shared<Access>,
    State(logins): Shared<Logins>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Answer {
    require_user(&access)?;
    let peer = peer.map_or(Peer(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), |Extension(peer)| peer);
    // Only the last header comes from the proxy.
    let forwarded_for = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let peer = peer.behind_proxy(forwarded_for);
    let wrong = || Error::new(Kind::Unauthorized, "wrong login or password");
    let (login, password) = basic(&headers).ok_or_else(wrong)?;
    let token = logins.log_in(peer, login, password).await?.ok_or_else(wrong)?;
    Ok(answer(StatusCode::OK, &json!({"token": token})))
}

/// Creates an API key for the account of a token.
pub(super) async fn api_key(
    State(access): Shared<Access>,
    State(catalogue): State<Catalogue>,
    headers: HeaderMap,
) -> Answer {
    require_user(&access)?;
    let wrong = || {
        Error::new(Kind::Unauthorized, "missing or invalid token in the header X-Auth-Token: get one from /api/token")
    };
    let token = headers.get("x-auth-token").and_then(|value| value.to_str().ok());
    let account = token.and_then(|token| access.token_account(token)).ok_or_else(wrong)?;
    let (key, digest) = Access::new_key();
    catalogue.insert_key(&account, &digest).await?;
    access.add_key(&key, account);
    Ok(answer(StatusCode::OK, &json!({"api_key": key})))
}

fn require_user(access: &Access) -> Result<(), Error> {
    if access.has_users() {
        return Ok(());
    }
    Err(Error::new(Kind::Unauthorized, "this server has no users: use an API key"))
}
