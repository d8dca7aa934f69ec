//! The data API: lists the sources that a data API key can read, and returns their columns and rows.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Value, json};
use serenytics_query::wire::{Pipeline, ROW_BY_ROW, Stage};
use uuid::Uuid;

use super::body::{Held, SMALL};
use super::extract::Path;
use super::list::listed;
use super::{Answer, Shared};
use crate::access::Account;
use crate::base::Error;
use crate::catalogue::Source;
use crate::platform::Engine;

/// Rejects requests without a key of the data API.
pub(super) async fn require(State(engine): State<Arc<Engine>>, request: Request, next: Next) -> Answer {
    engine.data_api.check(request.headers().get("x-api-key").and_then(|key| key.to_str().ok()))?;
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
pub(super) async fn list(State(engine): Shared) -> Answer {
    let mut sources = engine.catalogue.sources(&Account::default_account(), None).await?;
    sources.retain(|source| engine.data_api.reads(source));
    for uuid in engine.data_api.uuids() {
        if !sources.iter().any(|source| source.uuid == uuid) {
            sources.extend(engine.catalogue.anyones_source(uuid).await?);
        }
    }
    Ok(listed(sources.iter().map(|source| json!({"uuid": source.uuid, "name": source.name})).collect()))
}

/// Returns the columns of a source, in the format of a query for headers only.
pub(super) async fn model(State(engine): Shared, Path(uuid): Path<String>) -> Answer {
    let source = authorised(&engine, &uuid).await?;
    let headers = Pipeline { only_headers: Some(true), ..Pipeline::default() };
    let pieces = engine.warehouse.query(engine.input(source).await?, headers).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(pieces)).into_response())
}

/// Returns all rows of a source, or the rows of a query.
pub(super) async fn data(State(engine): Shared, Path(uuid): Path<String>, headers: HeaderMap, body: Body) -> Answer {
    let source = authorised(&engine, &uuid).await?;
    let held = Held::read(&engine, &headers, body, SMALL).await?;
    let asked = if held.is_empty() { DataQuery { format: Format::Json, query: None } } else { held.object()? };
    drop(held);
    let options = asked.options()?;
    let input = engine.input(source).await?;
    let (content, pieces) = match asked.format {
        Format::Json => ("application/json", engine.warehouse.query(input, options).await?),
        Format::Csv => ("text/csv; charset=utf-8", engine.warehouse.query_csv(input, options).await?),
    };
    // An error in the stream closes the connection early, so that no client mistakes a part for the whole response.
    Ok(([(header::CONTENT_TYPE, content)], Body::from_stream(pieces)).into_response())
}

/// Returns the source with this uuid if the data API can read it. The error for other sources is the same as for unknown
/// ones.
async fn authorised(engine: &Engine, uuid: &str) -> Result<Source, Error> {
    let unknown = || Engine::unknown_source(uuid);
    let source = engine.catalogue.anyones_source(Uuid::parse_str(uuid).map_err(|_| unknown())?).await?;
    source.filter(|source| engine.data_api.reads(source)).ok_or_else(unknown)
}
