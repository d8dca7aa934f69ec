//! Operation: whether the server is well, and what it counted.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::json;
use tempfile::NamedTempFile;

use super::{Answer, Shared, answer, keys};
use crate::engine::Engine;
use crate::error::{Context, Error};

/// How long what was found out is told again: anyone may ask, and asking writes to the disk.
const FRESH: Duration = Duration::from_secs(1);
/// How long catalogue and folder may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether the engine was well when somebody asked last.
#[derive(Default)]
pub(crate) struct Health(tokio::sync::Mutex<Option<(Instant, bool)>>);

/// Tells whether the server is well. It needs no key, and so tells nothing else: the log has the reason.
pub(super) async fn health(State(engine): Shared) -> Answer {
    let mut known = engine.health.0.lock().await;
    let fresh = known.filter(|(asked, _)| asked.elapsed() < FRESH);
    let is_well = match fresh {
        Some((_, is_well)) => is_well,
        None => {
            let looked = tokio::time::timeout(PATIENCE, look(&engine)).await;
            let looked = looked.unwrap_or_else(|error| Err(Error::failed("the disk does not answer", error)));
            if let Err(error) = &looked {
                tracing::error!(errors = ?error.messages(), "the server is not well");
            }
            *known = Some((Instant::now(), looked.is_ok()));
            looked.is_ok()
        }
    };
    if is_well {
        return Ok(answer(StatusCode::OK, &json!({"status": "ok"})));
    }
    let body = json!({"status": "error", "errors": ["the catalogue or the data folder does not work"]});
    Ok(answer(StatusCode::SERVICE_UNAVAILABLE, &body))
}

/// Reads from the catalogue, and writes to the folder.
async fn look(engine: &Arc<Engine>) -> Result<(), Error> {
    const FAILED: &str = "the data folder cannot be written";
    engine.catalogue.check().await?;
    let engine = Arc::clone(engine);
    let write = move || NamedTempFile::new_in(engine.uploads())?.write_all(b"well");
    tokio::task::spawn_blocking(write).await.context(FAILED)?.context(FAILED)
}

/// The metrics, for the keys of the account that runs the server. For others there is nothing here.
pub(super) async fn metrics(State(engine): Shared, headers: HeaderMap) -> Answer {
    if !keys::check(&engine, &headers)?.is_default() {
        return Err(Error::not_found("there is nothing at \"/metrics\""));
    }
    let text = engine.metrics.text(engine.queries.memory_held())?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
