//! Runs of scripts: start one, check its state, read the logs.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::body::RequestBody;
use super::extract::Path;
use super::list::listed;
use super::script::found;
use super::{Answer, Shared, answer, keys, ok};
use crate::access::Account;
use crate::base::Error;
use crate::catalogue::{Catalogue, Run, RunEnd};
use crate::script::Scripts;

/// How long a request without `async` waits for the script.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The parameter that passes the API key of the caller to the script.
const KEY: &str = "SERENYTICS_API_KEY";

/// The maximum number of characters of the standard error in a response.
const MAX_REASON: usize = 2_000;

pub(super) async fn run(
    State(catalogue): State<Catalogue>,
    State(scripts): Shared<Scripts>,
    account: Account,
    Path(uuid): Path<String>,
    headers: HeaderMap,
    body: RequestBody,
) -> Answer {
    let script = found(&catalogue, &account, &uuid).await?;
    // This frees the memory of the body: the script itself may send requests that need it.
    let mut params: Map<String, Value> = body.optional_stored_object().await?;
    let is_async = match params.remove("async") {
        None | Some(Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(other) => return Err(Error::refused(format!("`async` must be true or false, found {other}"))),
    };
    if let Some(key) = keys::sent(&headers) {
        params.entry(KEY).or_insert(Value::String(key));
    }
    let name = script.name.clone();
    let end = scripts.begin(account, script, params).await?;
    if is_async {
        return Ok(ok());
    }
    match tokio::time::timeout(WAIT_TIMEOUT, end).await {
        Ok(Ok(end)) if end.succeeded => Ok(ok()),
        Ok(Ok(end)) => Ok(failed(&name, &end)),
        Ok(Err(_)) => Err(Error::refused(format!("the script `{name}` was stopped: the server is shutting down"))),
        Err(_) => Err(Error::refused(format!(
            "the script `{name}` is still running after {} seconds and continues: check its state, or run it with `async`",
            WAIT_TIMEOUT.as_secs()
        ))),
    }
}

/// Builds the response for a failed script.
fn failed(name: &str, end: &RunEnd) -> Response {
    let written = end.stderr.trim_end();
    // The reason is usually at the end.
    let skipped = written.chars().count().saturating_sub(MAX_REASON);
    let mut reason: String = written.chars().skip(skipped).collect();
    if reason.trim().is_empty() {
        reason = ending(end.return_code);
    }
    answer(StatusCode::OK, &json!({"status": "error", "errors": [format!("the script `{name}` failed: {reason}")]}))
}

/// Describes how a script ended that wrote no reason.
fn ending(return_code: Option<i32>) -> String {
    match return_code {
        Some(signal @ ..0) => format!("it was killed by signal {} and wrote nothing to stderr", signal.unsigned_abs()),
        Some(code) => format!("it exited with code {code} and wrote nothing to stderr"),
        None => "it did not start".to_owned(),
    }
}

pub(super) async fn state(
    State(catalogue): State<Catalogue>,
    State(scripts): Shared<Scripts>,
    account: Account,
    Path(uuid): Path<String>,
) -> Answer {
    let script = found(&catalogue, &account, &uuid).await?;
    Ok(answer(StatusCode::OK, &json!({"running": scripts.is_running(script.uuid)})))
}

pub(super) async fn logs(State(catalogue): State<Catalogue>, account: Account, Path(uuid): Path<String>) -> Answer {
    let script = found(&catalogue, &account, &uuid).await?;
    Ok(listed(catalogue.runs(script.uuid).await?.iter().map(Run::to_json).collect()))
}
