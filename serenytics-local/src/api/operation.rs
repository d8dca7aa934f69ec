//! Monitoring: the health of the server and its metrics.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::json;
use tempfile::NamedTempFile;

use super::{Answer, Shared, answer, keys};
use crate::base::{Context, Error};
use crate::platform::Engine;

/// How long a result is reused: requests need no key, and each check writes to the disk.
const RESULT_TTL: Duration = Duration::from_secs(1);
/// Time limit of a check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// The time and the result of the last health check.
#[derive(Default)]
pub(crate) struct Health(tokio::sync::Mutex<Option<(Instant, bool)>>);

/// Reports whether the server is healthy. The response needs no key, so it has no details; the log has the reason.
pub(super) async fn health(State(engine): Shared) -> Answer {
    let mut known = engine.health.0.lock().await;
    let fresh = known.filter(|(asked, _)| asked.elapsed() < RESULT_TTL);
    let is_healthy = match fresh {
        Some((_, is_healthy)) => is_healthy,
        None => {
            let result = tokio::time::timeout(CHECK_TIMEOUT, check(&engine)).await;
            let result = result.unwrap_or_else(|error| Err(Error::failed("the disk does not respond", error)));
            if let Err(error) = &result {
                tracing::error!(errors = ?error.messages(), "the server is not healthy");
            }
            *known = Some((Instant::now(), result.is_ok()));
            result.is_ok()
        }
    };
    if is_healthy {
        return Ok(answer(StatusCode::OK, &json!({"status": "ok"})));
    }
    let body = json!({"status": "error", "errors": ["the catalogue or the data folder is not usable"]});
    Ok(answer(StatusCode::SERVICE_UNAVAILABLE, &body))
}

/// Reads from the catalogue and writes to the data folder.
async fn check(engine: &Arc<Engine>) -> Result<(), Error> {
    const FAILED: &str = "could not write to the data folder";
    engine.catalogue.check().await?;
    let engine = Arc::clone(engine);
    let write = move || NamedTempFile::new_in(engine.uploads())?.write_all(b"well");
    tokio::task::spawn_blocking(write).await.context(FAILED)?.context(FAILED)
}

/// Returns the metrics, to API keys of the account `default`. Other accounts get a 404.
pub(super) async fn metrics(State(engine): Shared, headers: HeaderMap) -> Answer {
    if !keys::check(&engine, &headers)?.is_default() {
        return Err(Error::not_found("not found: \"/metrics\""));
    }
    let text = engine.metrics.text(engine.warehouse.memory_used())?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
