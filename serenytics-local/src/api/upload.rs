//! Files: their upload, which goes to the disk as it comes, and the reload of a storage from one.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;

use super::body::Paced;
use super::{Answer, Shared, answer};
use crate::access::Account;
use crate::engine::Engine;
use crate::error::{Context, Error, Kind};

const FAILED: &str = "the uploaded file could not be written";

/// Tells clients to upload here and not to S3.
pub(super) async fn sign() -> Answer {
    let body = json!({"status": "error", "errors": ["this server has no S3: upload to /file"]});
    Ok(answer(StatusCode::OK, &body))
}

/// Takes the file that is attached to a source. Its declared type means nothing: clients say JSON for every file.
pub(super) async fn file(State(engine): Shared, account: Account, Path(uuid): Path<String>, body: Body) -> Answer {
    let source = engine.source(&account, &uuid).await?;
    source.check_holds_rows()?;
    let file = receive(&engine, Paced::new(body, engine.patience)).await?;
    let target = engine.attached_file(source.uuid);
    tokio::task::spawn_blocking(move || {
        file.as_file().sync_all().context(FAILED)?;
        file.persist(target).context(FAILED)
    })
    .await
    .context(FAILED)??;
    Ok(answer(StatusCode::CREATED, &json!({"status": "ok"})))
}

/// Writes a body to a file, which is removed if it does not come to its end.
async fn receive(engine: &Engine, mut body: Paced) -> Result<NamedTempFile, Error> {
    let file = NamedTempFile::new_in(engine.uploads()).context(FAILED)?;
    let mut output = tokio::fs::File::from_std(file.reopen().context(FAILED)?);
    let mut size = 0;
    while let Some(piece) = body.next().await? {
        size += piece.len() as u64;
        if size > engine.upload_limit {
            let message =
                format!("the file is larger than {} bytes, which is this server's limit", engine.upload_limit);
            return Err(Error::new(Kind::TooLarge, message));
        }
        output.write_all(&piece).await.context(FAILED)?;
    }
    output.flush().await.context(FAILED)?;
    Ok(file)
}

/// Begins to load the attached file.
pub(super) async fn reload(State(engine): Shared, account: Account, Path(uuid): Path<String>) -> Answer {
    let source = engine.source(&account, &uuid).await?;
    source.check_holds_rows()?;
    let task = engine.begin_reload(source).await?;
    Ok(answer(StatusCode::OK, &json!({"status": "ok", "task_id": task})))
}
