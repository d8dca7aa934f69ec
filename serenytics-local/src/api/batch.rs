//! Rows in a request: batches, and pushes of one row.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;

use super::body::{Held, LARGE, SMALL, json};
use super::request::Notes;
use super::{Answer, Shared, ok, to_the_end};
use crate::access::Account;
use crate::catalogue::Source;
use crate::engine::Engine;
use crate::error::Error;
use crate::load::{BatchRequest, BatchRow, run_batch};
use crate::storage::Push;

pub(super) async fn batch(
    State(engine): Shared,
    account: Account,
    Path(uuid): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let source = engine.source(&account, &uuid).await?;
    source.check_holds_rows()?;
    let held = Held::read(&engine, &headers, body, LARGE).await?;
    let request: BatchRequest = held.object()?;
    let rows = request.operations.iter().map(|operation| operation.rows.len() as u64).sum();
    run(&engine, source, request).await?;
    drop(held);
    engine.metrics.written("batch", rows);
    Ok(ok())
}

/// Appends one row. The token in the path is the credential.
pub(super) async fn push(
    State(engine): Shared,
    Path((uuid, token)): Path<(String, String)>,
    Extension(notes): Extension<Notes>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let source = engine.pushed_source(&uuid, &token).await?;
    notes.account(&source.account);
    source.check_holds_rows()?;
    let held = Held::read(&engine, &headers, body, SMALL).await?;
    let bytes = held.bytes();
    let BatchRow::Object(fields) = json(&bytes)? else {
        return Err(Error::refused("the body has to be a row, as an object: {\"column\": value}"));
    };
    engine.storages.get(source.uuid).await?.push(Push { source, fields, json: bytes }).await?;
    engine.metrics.pushes.inc();
    engine.metrics.written("push", 1);
    Ok(ok())
}

async fn run(engine: &Arc<Engine>, source: Source, request: BatchRequest) -> Result<(), Error> {
    let engine = Arc::clone(engine);
    to_the_end(async move {
        let storage = engine.storages.get(source.uuid).await?;
        run_batch(&storage, &engine.queries, &source, request).await.map(|_| ())
    })
    .await
}
