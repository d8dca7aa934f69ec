//! Uploads of files, and loads of a storage from an uploaded file.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::body::RequestBody;
use super::body_stream::MinRateBody;
use super::extract::{Path, Query};
use super::host::origin;
use super::link::link;
use super::{Answer, Shared, answer};
use crate::access::{Account, SignedLinks};
use crate::base::{Error, Uploads, keep};
use crate::catalogue::Source;
use crate::loads::{Load, Loads};
use crate::platform::HttpSettings;
use crate::sources::Sources;

/// The query of a request for an upload link.
#[derive(Deserialize)]
pub(super) struct SignRequest {
    /// The uuid of the source that the file is for.
    s3_object_name: Option<String>,
}

/// Returns a signed upload link, as a platform on S3 does. Without `sign_uploads`, clients have to upload with their key.
pub(super) async fn sign(
    State(sources): Shared<Sources>,
    State(links): Shared<SignedLinks>,
    State(http): State<HttpSettings>,
    account: Account,
    headers: HeaderMap,
    Query(request): Query<SignRequest>,
) -> Answer {
    if http.sign_uploads {
        let uuid = request.s3_object_name.ok_or_else(|| {
            Error::refused("the query needs `s3_object_name`, the uuid of the data source for the file")
        })?;
        let source = sources.find(&account, &uuid).await?;
        source.check_holds_rows()?;
        let url =
            link(&links, &origin(&headers, &http)?, &Method::PUT, &format!("/api/data_source/{}/upload", source.uuid))?;
        return Ok(answer(StatusCode::OK, &json!({"status": "ok", "signed_request": url})));
    }
    let body = json!({"status": "error", "errors": ["this server does not use S3: upload to /file"]});
    Ok(answer(StatusCode::OK, &body))
}

/// Receives the file to attach to a source. Its content type is ignored, because clients send JSON for every file.
pub(super) async fn file(
    State(sources): Shared<Sources>,
    State(uploads): Shared<Uploads>,
    State(http): State<HttpSettings>,
    account: Account,
    Path(uuid): Path<String>,
    body: Body,
) -> Answer {
    let source = sources.find(&account, &uuid).await?;
    attach(&uploads, http, source, body).await?;
    Ok(answer(StatusCode::CREATED, &json!({"status": "ok"})))
}

/// Receives the file to attach to a source through a signed link, and responds as S3 does.
pub(super) async fn signed(
    State(sources): Shared<Sources>,
    State(uploads): Shared<Uploads>,
    State(http): State<HttpSettings>,
    Path(uuid): Path<String>,
    body: Body,
) -> Answer {
    let source = sources.find_of_any_account(&uuid).await?;
    attach(&uploads, http, source, body).await?;
    Ok(StatusCode::OK.into_response())
}

async fn attach(uploads: &Uploads, http: HttpSettings, source: Source, body: Body) -> Result<(), Error> {
    source.check_holds_rows()?;
    let file = uploads.receive("the upload", MinRateBody::new(body, http.client_timeout).into_stream()).await?;
    keep(file, uploads.file(source.uuid)).await
}

/// The body of a reload.
#[derive(Default, Deserialize)]
struct Reload {
    /// Clients send it, but a load is always a task.
    #[serde(default, rename = "async")]
    _is_async: Option<IgnoredAny>,
}

/// Starts a task that replaces all rows of the storage with the attached file.
pub(super) async fn reload(
    State(sources): Shared<Sources>,
    State(loads): Shared<Loads>,
    account: Account,
    Path(uuid): Path<String>,
    body: RequestBody,
) -> Answer {
    let source = sources.find(&account, &uuid).await?;
    source.check_holds_rows()?;
    // A misplaced `primary_key` would replace all rows.
    let Reload { .. } = body.optional_object().await?;
    begun(&loads, source, Load::Reload).await
}

/// The body of an update from a file.
#[derive(Deserialize)]
struct Update {
    primary_key: Option<String>,
    /// Clients send it, but a load is always a task.
    #[serde(default, rename = "async")]
    _is_async: Option<IgnoredAny>,
}

/// Starts a task that loads the attached file, replacing rows with the same key.
pub(super) async fn update(
    State(sources): Shared<Sources>,
    State(loads): Shared<Loads>,
    account: Account,
    Path(uuid): Path<String>,
    body: RequestBody,
) -> Answer {
    let source = sources.find(&account, &uuid).await?;
    source.check_holds_rows()?;
    let update: Update = body.object().await?;
    let key = update.primary_key.ok_or_else(|| {
        Error::refused("an update from a file needs `primary_key`, the name of the column that identifies rows")
    })?;
    begun(&loads, source, Load::Update(key)).await
}

/// Starts a load and responds with the uuid of its task.
pub(super) async fn begun(loads: &Arc<Loads>, source: Source, load: Load) -> Answer {
    let task = loads.begin(source, load).await?;
    Ok(answer(StatusCode::OK, &json!({"status": "ok", "task_id": task})))
}
