//! Monitoring: the health of the server and its metrics.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::json;
use serenytics_engine::Warehouse;

use super::{Answer, Shared, answer, keys};
use crate::access::Access;
use crate::base::{Error, Metrics};
use crate::health::Health;

/// Reports whether the server is healthy. The response needs no key, so it has no details; the log has the reason.
pub(super) async fn health(State(health): Shared<Health>) -> Answer {
    if health.is_healthy().await {
        return Ok(answer(StatusCode::OK, &json!({"status": "ok"})));
    }
    let body = json!({"status": "error", "errors": ["the catalogue or the data folder is not usable"]});
    Ok(answer(StatusCode::SERVICE_UNAVAILABLE, &body))
}

/// Returns the metrics, to API keys of the account `default`. Other accounts get a 404.
pub(super) async fn metrics(
    State(access): Shared<Access>,
    State(metrics): Shared<Metrics>,
    State(warehouse): Shared<Warehouse>,
    headers: HeaderMap,
) -> Answer {
    if !keys::check(&access, &headers)?.is_default() {
        return Err(Error::not_found("not found: \"/metrics\""));
    }
    let text = metrics.text(warehouse.memory_used())?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
