//! Data sources: list, read, create, save, delete.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use serenytics_engine::check_measures;

use super::body::RequestBody;
use super::extract::{Path, Query};
use super::list::{ListQuery, listed};
use super::{Answer, Shared, answer, name, ok};
use crate::access::Account;
use crate::base::{Error, run_to_completion};
use crate::catalogue::{Catalogue, INNER_JOIN, STORAGE, Source};
use crate::platform::HttpSettings;
use crate::sources::Sources;

/// The fields of a source that clients can send.
#[derive(Debug, Deserialize)]
struct SourceBody {
    uuid: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    token: Option<String>,
    #[serde(rename = "originalFileName")]
    original_file_name: Option<String>,
    #[serde(rename = "jsonContent")]
    json_content: Option<Map<String, Value>>,
}

pub(super) async fn list(
    State(catalogue): State<Catalogue>,
    State(http): State<HttpSettings>,
    account: Account,
    Query(query): Query<ListQuery>,
) -> Answer {
    let sources = catalogue.sources(&account, query.name(&http)?.as_deref()).await?;
    Ok(listed(sources.iter().map(to_json).collect::<Result<_, _>>()?))
}

pub(super) async fn read(State(sources): Shared<Sources>, account: Account, Path(uuid): Path<String>) -> Answer {
    found(StatusCode::OK, &sources.find(&account, &uuid).await?)
}

pub(super) async fn create(
    State(catalogue): State<Catalogue>,
    State(sources): Shared<Sources>,
    account: Account,
    body: RequestBody,
) -> Answer {
    let body: SourceBody = body.stored_object().await?;
    let name = name::checked(body.name, "a data source")?;
    let kind = match body.kind.as_deref() {
        Some(kind @ (STORAGE | INNER_JOIN)) => kind,
        Some(kind) => return Err(Error::not_emulated(format!("a data source of type {kind:?}"))),
        None => return Err(Error::refused(format!("a data source needs a `type`: {STORAGE:?} or {INNER_JOIN:?}"))),
    };
    let content = Value::Object(body.json_content.unwrap_or_default());
    let source = Source { original_file_name: body.original_file_name, ..Source::new(account, kind, name, content) };
    check_measures(&source.json_content)?;
    if source.is_join() {
        sources.input(source.clone()).await?;
    }
    catalogue.insert_source(&source).await?;
    found(StatusCode::CREATED, &source)
}

pub(super) async fn save(
    State(catalogue): State<Catalogue>,
    State(sources): Shared<Sources>,
    account: Account,
    Path(uuid): Path<String>,
    body: RequestBody,
) -> Answer {
    let source = sources.find(&account, &uuid).await?;
    let body: SourceBody = body.stored_object().await?;
    let immutable = [
        ("uuid", body.uuid, source.uuid.to_string()),
        ("type", body.kind, source.kind.clone()),
        ("token", body.token, source.token.clone()),
    ];
    for (field, sent, kept) in immutable {
        if sent.is_some_and(|sent| sent != kept) {
            return Err(Error::refused(format!("the `{field}` of a data source cannot be changed")));
        }
    }
    let name = name::checked(Some(body.name.unwrap_or_else(|| source.name.clone())), "a data source")?;
    let json_content = body.json_content.map_or_else(|| source.json_content.clone(), Value::Object);
    check_measures(&json_content)?;
    let is_rejoined = source.is_join() && json_content.get("joinConfig") != source.json_content.get("joinConfig");
    let original_file_name = body.original_file_name.or_else(|| source.original_file_name.clone());
    let saved = Source { name, json_content, original_file_name, ..source };
    if is_rejoined {
        sources.input(saved.clone()).await?;
    }
    let changed = saved.clone();
    if !run_to_completion(async move { catalogue.update_source(&changed).await }).await? {
        return Err(Error::not_found("the data source was deleted in the meantime"));
    }
    found(StatusCode::OK, &saved)
}

pub(super) async fn delete(State(sources): Shared<Sources>, account: Account, Path(uuid): Path<String>) -> Answer {
    let source = sources.find(&account, &uuid).await?;
    run_to_completion(async move { sources.delete(&source).await }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Removes the stored answers of queries on a source. They are never out of date, so this only frees memory.
pub(super) async fn invalidate_cache(
    State(sources): Shared<Sources>,
    account: Account,
    Path(uuid): Path<String>,
) -> Answer {
    let source = sources.find(&account, &uuid).await?;
    sources.invalidate_cache(&source)?;
    Ok(ok())
}

/// The required name of the first column of the user metadata.
const LOGIN: &str = "login";

/// Validates the user metadata. Nothing uses it here, so it is not stored. Any API key can call this; the platform
/// requires an administrator.
pub(super) async fn reload_users_metadata(
    State(sources): Shared<Sources>,
    account: Account,
    Path(uuid): Path<String>,
) -> Answer {
    let source = sources.find(&account, &uuid).await?;
    let input = sources.input(source).await?;
    let first = input.first_column()?;
    if first != LOGIN {
        return Err(Error::refused(format!(
            "the first column of the user metadata is {first:?}, expected {LOGIN:?} with one row per user"
        )));
    }
    Ok(ok())
}

fn found(status: StatusCode, source: &Source) -> Result<Response, Error> {
    Ok(answer(status, &to_json(source)?))
}

fn to_json(source: &Source) -> Result<Value, Error> {
    serde_json::to_value(source).map_err(|error| Error::failed("could not serialize a data source", error))
}
