//! Scripts: list, read, create, delete, and their stored data.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::body::RequestBody;
use super::extract::{Path, Query};
use super::list::{ListQuery, listed};
use super::{Answer, Shared, answer, name, ok};
use crate::access::Account;
use crate::base::Error;
use crate::catalogue::{Catalogue, Script};
use crate::platform::HttpSettings;
use crate::script::Scripts;

pub(super) async fn list(
    State(catalogue): State<Catalogue>,
    State(http): State<HttpSettings>,
    account: Account,
    Query(query): Query<ListQuery>,
) -> Answer {
    let scripts = catalogue.scripts(&account, query.name(&http)?.as_deref()).await?;
    Ok(listed(scripts.iter().map(Script::to_json).collect()))
}

pub(super) async fn read(State(catalogue): State<Catalogue>, account: Account, Path(uuid): Path<String>) -> Answer {
    Ok(answer(StatusCode::OK, &found(&catalogue, &account, &uuid).await?.to_json()))
}

pub(super) async fn create(State(catalogue): State<Catalogue>, account: Account, body: RequestBody) -> Answer {
    let mut config: Map<String, Value> = body.stored_json().await?;
    let name = match config.remove("name") {
        Some(Value::String(name)) => Some(name),
        _ => None,
    };
    let name = name::checked(name, "a script")?;
    config.remove("uuid");
    let script = Script { uuid: Uuid::new_v4(), name, config };
    if !catalogue.insert_script(&account, &script).await? {
        return Err(Error::refused(format!("a script named {:?} already exists", script.name)));
    }
    Ok(answer(StatusCode::CREATED, &script.to_json()))
}

pub(super) async fn delete(
    State(catalogue): State<Catalogue>,
    State(scripts): Shared<Scripts>,
    account: Account,
    Path(uuid): Path<String>,
) -> Answer {
    let script = found(&catalogue, &account, &uuid).await?;
    if scripts.is_running(script.uuid) {
        let message = format!("the script `{}` is running: delete it after it ends", script.name);
        return Err(Error::refused(message));
    }
    if !catalogue.delete_script(&account, script.uuid).await? {
        return Err(unknown(&uuid));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn retrieve(State(catalogue): State<Catalogue>, account: Account, Path(uuid): Path<String>) -> Answer {
    let stored = catalogue.script_storage(&account, parsed(&uuid)?).await?.ok_or_else(|| unknown(&uuid))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], stored).into_response())
}

pub(super) async fn store(
    State(catalogue): State<Catalogue>,
    account: Account,
    Path(uuid): Path<String>,
    body: RequestBody,
) -> Answer {
    let stored: Value = body.stored_json().await?;
    if !catalogue.store_script(&account, parsed(&uuid)?, &stored.to_string()).await? {
        return Err(unknown(&uuid));
    }
    Ok(ok())
}

/// Finds the script with this uuid in the account.
pub(super) async fn found(catalogue: &Catalogue, account: &Account, uuid: &str) -> Result<Script, Error> {
    catalogue.script(account, parsed(uuid)?).await?.ok_or_else(|| unknown(uuid))
}

fn parsed(uuid: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(uuid).map_err(|_| unknown(uuid))
}

fn unknown(uuid: &str) -> Error {
    Error::not_found(format!("there is no script with uuid {uuid:?}"))
}
