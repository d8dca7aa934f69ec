//! Files: their upload, and the loads of a storage from one.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;
use tempfile::NamedTempFile;

use super::body::{Held, Paced, SMALL};
use super::extract::{Path, Query};
use super::link::link;
use super::{Answer, Shared, answer};
use crate::access::Account;
use crate::catalogue::Source;
use crate::engine::Engine;
use crate::error::{Context, Error};
use crate::jobs::Load;

const FAILED: &str = "the uploaded file could not be written";

/// What a client wants to upload.
#[derive(Deserialize)]
pub(super) struct Wanted {
    /// The uuid of the source that the file is for.
    s3_object_name: Option<String>,
}

/// Gives a link to upload a file by, as a platform on S3 does, or tells clients to upload with their key.
pub(super) async fn sign(
    State(engine): Shared,
    account: Account,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Answer {
    if engine.sign_uploads {
        let uuid = wanted.s3_object_name.ok_or_else(|| {
            Error::refused("the query needs `s3_object_name`, the uuid of the data source that the file is for")
        })?;
        let source = engine.source(&account, &uuid).await?;
        source.check_holds_rows()?;
        let url = link(&engine, &headers, &Method::PUT, &format!("/api/data_source/{}/upload", source.uuid))?;
        return Ok(answer(StatusCode::OK, &json!({"status": "ok", "signed_request": url})));
    }
    let body = json!({"status": "error", "errors": ["this server has no S3: upload to /file"]});
    Ok(answer(StatusCode::OK, &body))
}

/// Takes the file that is attached to a source. Its declared type means nothing: clients say JSON for every file.
pub(super) async fn file(State(engine): Shared, account: Account, Path(uuid): Path<String>, body: Body) -> Answer {
    let source = engine.source(&account, &uuid).await?;
    attach(&engine, source, body).await?;
    Ok(answer(StatusCode::CREATED, &json!({"status": "ok"})))
}

/// Takes the file that is attached to a source by a link, and answers as S3 does.
pub(super) async fn signed(State(engine): Shared, Path(uuid): Path<String>, body: Body) -> Answer {
    let source = engine.linked_source(&uuid).await?;
    attach(&engine, source, body).await?;
    Ok(StatusCode::OK.into_response())
}

async fn attach(engine: &Engine, source: Source, body: Body) -> Result<(), Error> {
    source.check_holds_rows()?;
    let file = engine.receive("the upload", Paced::new(body, engine.patience).into_stream()).await?;
    keep(file, engine.attached_file(source.uuid)).await
}

/// Gives a received file its place, in the folder that it was received in.
pub(crate) async fn keep(file: NamedTempFile, target: PathBuf) -> Result<(), Error> {
    tokio::task::spawn_blocking(move || {
        file.as_file().sync_all().context(FAILED)?;
        file.persist(target).context(FAILED)
    })
    .await
    .context(FAILED)?
    .map(|_| ())
}

/// Begins to load the attached file in the place of everything that the storage holds.
pub(super) async fn reload(State(engine): Shared, account: Account, Path(uuid): Path<String>) -> Answer {
    let source = engine.source(&account, &uuid).await?;
    source.check_holds_rows()?;
    begun(&engine, source, Load::Reload).await
}

/// The body of an update from a file.
#[derive(Deserialize)]
struct Update {
    primary_key: Option<String>,
}

/// Begins to load the attached file, whose rows replace those with the same key.
pub(super) async fn update(
    State(engine): Shared,
    account: Account,
    Path(uuid): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let source = engine.source(&account, &uuid).await?;
    source.check_holds_rows()?;
    let update: Update = Held::read(&engine, &headers, body, SMALL).await?.object()?;
    let key = update.primary_key.ok_or_else(|| {
        Error::refused("an update from a file needs `primary_key`, the name of the column that tells rows apart")
    })?;
    begun(&engine, source, Load::Update(key)).await
}

/// Begins a load, and answers with its task.
pub(super) async fn begun(engine: &Arc<Engine>, source: Source, load: Load) -> Answer {
    let task = engine.begin_load(source, load).await?;
    Ok(answer(StatusCode::OK, &json!({"status": "ok", "task_id": task})))
}
