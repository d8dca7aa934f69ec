//! Web apps: list, read, create, save, delete, share, warm up, and the sources that they show.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::body::RequestBody;
use super::extract::{Path, Query};
use super::list::{ListQuery, listed};
use super::name::checked;
use super::{Answer, answer, ok};
use crate::access::Account;
use crate::base::Error;
use crate::catalogue::{Catalogue, WebApp};
use crate::platform::HttpSettings;
use crate::web_app::{WarmUp, source_uuids};

/// The part of a web app that describes its tabs and widgets.
const CONTENT: &str = "jsonContent";

pub(super) async fn list(
    State(catalogue): State<Catalogue>,
    State(http): State<HttpSettings>,
    account: Account,
    Query(query): Query<ListQuery>,
) -> Answer {
    let web_apps = catalogue.web_apps(&account, query.name(&http)?.as_deref()).await?;
    Ok(listed(web_apps.iter().map(WebApp::to_json).collect()))
}

pub(super) async fn read(State(catalogue): State<Catalogue>, account: Account, Path(uuid): Path<String>) -> Answer {
    Ok(answer(StatusCode::OK, &found(&catalogue, &account, &uuid).await?.to_json()))
}

pub(super) async fn create(State(catalogue): State<Catalogue>, account: Account, body: RequestBody) -> Answer {
    let mut config: Map<String, Value> = body.stored_object().await?;
    config.remove("uuid");
    config.remove("sharings");
    let name = config.remove("name");
    config.entry(CONTENT).or_insert_with(|| json!({}));
    let web_app = WebApp { uuid: Uuid::new_v4(), account, name: checked_name(name)?, config, sharings: Vec::new() };
    check_content(&web_app.config)?;
    catalogue.insert_web_app(&web_app).await?;
    Ok(answer(StatusCode::CREATED, &web_app.to_json()))
}

/// Saves the sent fields and keeps the others. Sharings are not changed here.
pub(super) async fn save(
    State(catalogue): State<Catalogue>,
    account: Account,
    Path(uuid): Path<String>,
    body: RequestBody,
) -> Answer {
    let mut web_app = found(&catalogue, &account, &uuid).await?;
    let mut sent: Map<String, Value> = body.stored_object().await?;
    if sent.remove("uuid").is_some_and(|sent| sent != web_app.uuid.to_string()) {
        return Err(Error::refused("the `uuid` of a web app cannot be changed"));
    }
    sent.remove("sharings");
    if let Some(name) = sent.remove("name") {
        web_app.name = checked_name(Some(name))?;
    }
    check_content(&sent)?;
    web_app.config.extend(sent);
    if !catalogue.update_web_app(&web_app).await? {
        return Err(unknown(&uuid));
    }
    Ok(answer(StatusCode::OK, &web_app.to_json()))
}

pub(super) async fn delete(State(catalogue): State<Catalogue>, account: Account, Path(uuid): Path<String>) -> Answer {
    if !catalogue.delete_web_app(found(&catalogue, &account, &uuid).await?.uuid).await? {
        return Err(unknown(&uuid));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Debug, Deserialize)]
struct Sharing {
    username_to_share_with: String,
}

pub(super) async fn share(
    State(catalogue): State<Catalogue>,
    account: Account,
    Path(uuid): Path<String>,
    body: RequestBody,
) -> Answer {
    let web_app = found(&catalogue, &account, &uuid).await?;
    let sharing: Sharing = body.object().await?;
    let login = sharing.username_to_share_with.trim();
    if login.is_empty() {
        return Err(Error::refused("`username_to_share_with` is empty"));
    }
    let login = checked(Some(login.to_owned()), "a user to share with")?;
    catalogue.share_web_app(&web_app, &login).await?;
    Ok(answer(StatusCode::CREATED, &json!({"status": "ok"})))
}

/// Lists the sources that the widgets show, without deleted ones.
pub(super) async fn data_sources(
    State(catalogue): State<Catalogue>,
    account: Account,
    Path(uuid): Path<String>,
) -> Answer {
    let web_app = found(&catalogue, &account, &uuid).await?;
    let (known, _) = sources_of(&catalogue, &web_app).await?;
    let objects: Vec<_> = known.into_iter().map(|(uuid, name)| json!({"uuid": uuid, "name": name})).collect();
    Ok(answer(StatusCode::OK, &json!({"status": "ok", "objects": objects})))
}

/// Validates a warm-up request. There is no cache to fill, but requests that could not load the dashboard are rejected.
pub(super) async fn generate_pdf(
    State(catalogue): State<Catalogue>,
    account: Account,
    Path(uuid): Path<String>,
    body: RequestBody,
) -> Answer {
    let web_app = found(&catalogue, &account, &uuid).await?;
    let asked: WarmUp = body.object().await?;
    asked.check()?;
    if asked.store_pdf {
        return Err(Error::not_emulated("a web app as PDF"));
    }
    let (_, deleted) = sources_of(&catalogue, &web_app).await?;
    if let Some(uuid) = deleted.first() {
        let name = &web_app.name;
        return Err(Error::refused(format!("a widget of `{name}` uses the source {uuid:?}, which does not exist")));
    }
    Ok(ok())
}

/// Finds the sources that the widgets of a web app use. Returns the uuid and name of existing ones, and the uuids of
/// the others.
async fn sources_of(catalogue: &Catalogue, web_app: &WebApp) -> Result<(Vec<(String, String)>, Vec<String>), Error> {
    let (mut known, mut deleted) = (Vec::new(), Vec::new());
    for uuid in source_uuids(web_app.config.get(CONTENT).unwrap_or(&Value::Null)) {
        let source = match Uuid::parse_str(uuid) {
            Ok(uuid) => catalogue.source(&web_app.account, uuid).await?,
            Err(_) => None,
        };
        match source {
            Some(source) => known.push((source.uuid.to_string(), source.name)),
            None => deleted.push(uuid.to_owned()),
        }
    }
    Ok((known, deleted))
}

fn checked_name(name: Option<Value>) -> Result<String, Error> {
    let text = name.as_ref().and_then(Value::as_str).map(str::to_owned);
    checked(text, "a web app")
}

fn check_content(config: &Map<String, Value>) -> Result<(), Error> {
    match config.get(CONTENT) {
        None | Some(Value::Object(_)) => Ok(()),
        Some(_) => Err(Error::refused(format!("the `{CONTENT}` of a web app must be an object"))),
    }
}

/// Finds the web app with this uuid in the account.
pub(super) async fn found(catalogue: &Catalogue, account: &Account, uuid: &str) -> Result<WebApp, Error> {
    let parsed = Uuid::parse_str(uuid).map_err(|_| unknown(uuid))?;
    catalogue.web_app(account, parsed).await?.ok_or_else(|| unknown(uuid))
}

/// Returns the error for an unknown uuid.
pub(super) fn unknown(uuid: &str) -> Error {
    Error::not_found(format!("there is no web app with uuid {uuid:?}"))
}
