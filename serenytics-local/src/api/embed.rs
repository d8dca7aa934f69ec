//! Embed links: creating one needs an API key, opening one does not.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::body::RequestBody;
use super::extract::Path;
use super::host::origin;
use super::link::check;
use super::web_app::{found, unknown};
use super::{Answer, Shared, answer};
use crate::access::{Account, SignedLinks};
use crate::base::Error;
use crate::catalogue::Catalogue;
use crate::platform::HttpSettings;

#[derive(Debug, Deserialize)]
struct EmbedRequest {
    payload: Option<Map<String, Value>>,
    /// In seconds.
    expire_in: u64,
}

/// Creates a signed link that contains the payload.
pub(super) async fn embed(
    State(catalogue): State<Catalogue>,
    State(links): Shared<SignedLinks>,
    State(http): State<HttpSettings>,
    account: Account,
    Path(uuid): Path<String>,
    headers: HeaderMap,
    body: RequestBody,
) -> Answer {
    let web_app = found(&catalogue, &account, &uuid).await?;
    let request: EmbedRequest = body.object().await?;
    if request.expire_in == 0 {
        return Err(Error::refused("`expire_in` must be a number of seconds greater than zero"));
    }
    let payload = URL_SAFE_NO_PAD.encode(Value::Object(request.payload.unwrap_or_default()).to_string());
    let path = format!("/embed/web_app/{}?embeddedPayload={payload}", web_app.uuid);
    let link = links.embeds().sign_for(Duration::from_secs(request.expire_in), Method::GET.as_str(), &path)?;
    let url = format!("{}{link}", origin(&headers, &http)?);
    Ok(answer(StatusCode::OK, &json!({"status": "ok", "embeddedUrl": url})))
}

/// Rejects requests without a valid embed link.
pub(super) async fn require(State(links): Shared<SignedLinks>, request: Request, next: Next) -> Answer {
    check(links.embeds(), &request)?;
    Ok(next.run(request).await)
}

/// Returns a page that says that the link is valid, and that this server does not draw dashboards.
pub(super) async fn page(State(catalogue): State<Catalogue>, Path(uuid): Path<String>) -> Answer {
    let parsed = Uuid::parse_str(&uuid).map_err(|_| unknown(&uuid))?;
    let web_app = catalogue.anyones_web_app(parsed).await?.ok_or_else(|| unknown(&uuid))?;
    let name = escaped(&web_app.name);
    let page = format!(
        "<!doctype html>\n<html><head><meta charset=\"utf-8\"><title>{name}</title></head>\n\
         <body><h1>{name}</h1>\n<p>This link is valid. The embedded engine of Serenytics for Rust does not draw \
         dashboards.</p></body></html>\n"
    );
    Ok((StatusCode::NOT_IMPLEMENTED, Html(page)).into_response())
}

/// Escapes a string for HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
