//! The data API: lists the sources that a data API key can read, and returns their columns and rows.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use serde::Deserialize;
use serde_json::{Value, json};
use serenytics_query::wire::{Pipeline, ROW_BY_ROW, Stage};

use super::body::{BufferedBody, SMALL};
use super::extract::Path;
use super::list::listed;
use super::query::answered;
use super::{Answer, Shared};
use crate::access::Account;
use crate::base::{Error, Memory};
use crate::catalogue::{Catalogue, Source};
use crate::data_api::DataApi;
use crate::sources::Sources;

/// Rejects requests without a key of the data API.
pub(super) async fn require(State(data_api): Shared<DataApi>, request: Request, next: Next) -> Answer {
    data_api.check(request.headers().get("x-api-key").and_then(|key| key.to_str().ok()))?;
    Ok(next.run(request).await)
}

/// The body of a query. The documentation of the platform does not define `query`, so it can be a stage or a pipeline.
#[derive(Debug, Deserialize)]
struct DataQuery {
    #[serde(default)]
    format: Format,
    query: Option<Value>,
}

#[derive(Debug, Default, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Csv,
}

impl DataQuery {
    /// Converts the body into the options of a row-by-row query.
    fn options(&self) -> Result<Pipeline, Error> {
        let invalid = |error| Error::refused(format!("invalid `query`: {error}"));
        let stages = match &self.query {
            None | Some(Value::Null) => Vec::new(),
            Some(query) if query.get(PIPELINE).is_some() => {
                Pipeline::deserialize(query).map_err(invalid)?.data_processing_pipeline
            }
            Some(query) => vec![Stage::deserialize(query).map_err(invalid)?],
        };
        Ok(Pipeline { order: Some(ROW_BY_ROW.to_owned()), data_processing_pipeline: stages, ..Pipeline::default() })
    }
}

/// The field that makes a query a pipeline.
const PIPELINE: &str = "data_processing_pipeline";

/// Lists the sources of the data API.
pub(super) async fn list(State(data_api): Shared<DataApi>, State(catalogue): State<Catalogue>) -> Answer {
    let mut sources = catalogue.sources(&Account::default_account(), None).await?;
    sources.retain(|source| data_api.reads(source));
    for uuid in data_api.uuids() {
        if !sources.iter().any(|source| source.uuid == uuid) {
            sources.extend(catalogue.anyones_source(uuid).await?);
        }
    }
    Ok(listed(sources.iter().map(|source| json!({"uuid": source.uuid, "name": source.name})).collect()))
}

/// Returns the columns of a source, in the format of a query for headers only.
pub(super) async fn model(
    State(data_api): Shared<DataApi>,
    State(sources): Shared<Sources>,
    Path(uuid): Path<String>,
) -> Answer {
    let source = authorised(&sources, &data_api, &uuid).await?;
    let headers = Pipeline { only_headers: Some(true), ..Pipeline::default() };
    Ok(answered("application/json", sources.query(source, headers).await?))
}

/// Returns all rows of a source, or the rows of a query.
pub(super) async fn data(
    State(data_api): Shared<DataApi>,
    State(sources): Shared<Sources>,
    State(memory): Shared<Memory>,
    Path(uuid): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let source = authorised(&sources, &data_api, &uuid).await?;
    let held = BufferedBody::read(&memory, &headers, body, SMALL).await?;
    let asked = if held.is_empty() { DataQuery { format: Format::Json, query: None } } else { held.object()? };
    drop(held);
    let options = asked.options()?;
    Ok(match asked.format {
        Format::Json => answered("application/json", sources.query(source, options).await?),
        Format::Csv => answered("text/csv; charset=utf-8", sources.query_csv(source, options).await?),
    })
}

/// Returns the source with this uuid if the data API can read it. The error for other sources is the same as for unknown
/// ones.
async fn authorised(sources: &Sources, data_api: &DataApi, uuid: &str) -> Result<Source, Error> {
    let source = sources.find_of_any_account(uuid).await?;
    if data_api.reads(&source) { Ok(source) } else { Err(Sources::unknown(uuid)) }
}
