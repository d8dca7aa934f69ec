//! Embed links: made for who has a key, and opened by who has the link.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::body::{Held, SMALL};
use super::web_app::{found, unknown};
use super::{Answer, Shared, answer};
use crate::access::Account;
use crate::error::Error;
use crate::web_app::EmbedLink;

#[derive(Debug, Deserialize)]
struct Wanted {
    payload: Option<Map<String, Value>>,
    /// In seconds.
    expire_in: u64,
}

/// Makes a link.
pub(super) async fn embed(
    State(engine): Shared,
    account: Account,
    Path(uuid): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let web_app = found(&engine, &account, &uuid).await?;
    let wanted: Wanted = Held::read(&engine, &headers, body, SMALL).await?.object()?;
    if wanted.expire_in == 0 {
        return Err(Error::refused("`expire_in` has to be a number of seconds above zero"));
    }
    let payload = wanted.payload.unwrap_or_default();
    let link = engine.embed_key.link(web_app.uuid, &payload, Duration::from_secs(wanted.expire_in))?;
    Ok(answer(StatusCode::OK, &json!({"status": "ok", "embeddedUrl": format!("{}{link}", engine.url)})))
}

/// What a link shows: that it is good, and that dashboards are not drawn here.
pub(super) async fn page(State(engine): Shared, Path(uuid): Path<String>, Query(link): Query<EmbedLink>) -> Answer {
    // Who has no good link does not learn which web apps exist.
    let parsed = Uuid::parse_str(&uuid).map_err(|_| unknown(&uuid))?;
    engine.embed_key.check(parsed, &link)?;
    let web_app = engine.catalogue.anyones_web_app(parsed).await?.ok_or_else(|| unknown(&uuid))?;
    let name = escaped(&web_app.name);
    let page = format!(
        "<!doctype html>\n<html><head><meta charset=\"utf-8\"><title>{name}</title></head>\n\
         <body><h1>{name}</h1>\n<p>This link is good. The embedded engine of Serenytics for Rust draws no dashboards, so \
         there is nothing more to see here.</p></body></html>\n"
    );
    Ok((StatusCode::NOT_IMPLEMENTED, Html(page)).into_response())
}

/// A text inside of HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
