//! Loads from S3: `POST /api/data_source/{uuid}/reload_from_s3`.

use axum::extract::State;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serenytics_engine::LoadOptions;

use super::body::RequestBody;
use super::extract::Path;
use super::upload::begun;
use super::{Answer, Shared};
use crate::access::Account;
use crate::base::Error;
use crate::catalogue::{separator, types_of};
use crate::loads::{Load, Loads, S3Object};
use crate::sources::Sources;

/// The body of the call.
#[derive(Deserialize)]
struct S3ReloadRequest {
    s3_bucket: Option<String>,
    s3_key: Option<String>,
    s3_csv_separator: Option<Value>,
    s3_region: Option<String>,
    s3_credentials: Option<String>,
    force_types: Option<Value>,
    /// Clients send it, but a load is always a task.
    #[serde(default, rename = "async")]
    _is_async: Option<IgnoredAny>,
}

/// Starts a task that replaces all rows of the storage with a CSV file from S3.
pub(super) async fn reload(
    State(sources): Shared<Sources>,
    State(loads): Shared<Loads>,
    account: Account,
    Path(uuid): Path<String>,
    body: RequestBody,
) -> Answer {
    let source = sources.find(&account, &uuid).await?;
    source.check_holds_rows()?;
    let asked: S3ReloadRequest = body.object().await?;
    let needed = |name: &str| Error::refused(format!("a load from S3 needs `{name}`"));
    let bucket = asked.s3_bucket.ok_or_else(|| needed("s3_bucket"))?;
    let key = asked.s3_key.ok_or_else(|| needed("s3_key"))?;
    let object = S3Object::named(bucket, key, asked.s3_region, asked.s3_credentials.as_deref())?;
    let options = LoadOptions {
        separator: separator(asked.s3_csv_separator.as_ref())?,
        forced: types_of(asked.force_types.as_ref())?,
    };
    begun(&loads, source, Load::FromS3(object, options)).await
}
