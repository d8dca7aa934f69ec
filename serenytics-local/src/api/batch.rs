//! Rows in a request: batches, and pushes of one row.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;

use super::body::{Held, LARGE, SMALL, json};
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
    let request = held.object()?;
    run(&engine, source, request).await?;
    drop(held);
    Ok(ok())
}

/// Appends one row. The token in the path is the credential.
pub(super) async fn push(
    State(engine): Shared,
    Path((uuid, token)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let source = engine.pushed_source(&uuid, &token).await?;
    source.check_holds_rows()?;
    let held = Held::read(&engine, &headers, body, SMALL).await?;
    let bytes = held.bytes();
    let BatchRow::Object(fields) = json(&bytes)? else {
        return Err(Error::refused("the body has to be a row, as an object: {\"column\": value}"));
    };
    engine.storages.get(source.uuid).await?.push(Push { source, fields, json: bytes }).await?;
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
