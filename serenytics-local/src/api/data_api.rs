//! The data API: lists the sources that a data API key can read, and returns their columns and rows.

use axum::extract::{Request, State};
use axum::middleware::Next;
use serde::Deserialize;
use serde_json::{Value, json};
use serenytics_engine::CsvOptions;
use serenytics_query::wire::{Pipeline, ROW_BY_ROW};

use super::body::{BufferedBody, RequestBody, SMALL};
use super::extract::Path;
use super::list::listed;
use super::query::answered;
use super::{Answer, Shared};
use crate::access::Account;
use crate::base::Error;
use crate::catalogue::{Catalogue, Source};
use crate::data_api::DataApi;
use crate::sources::Sources;

/// Rejects requests without a key of the data API.
pub(super) async fn require(State(data_api): Shared<DataApi>, request: Request, next: Next) -> Answer {
    data_api.check(request.headers().get("x-api-key").and_then(|key| key.to_str().ok()))?;
    Ok(next.run(request).await)
}

/// The body of a query. The documentation of the platform does not define `query`, so it can be a stage or a pipeline.
#[derive(Debug, Default, Deserialize)]
struct DataQuery {
    #[serde(default)]
    format: Format,
    query: Option<Value>,
    /// Not a field of the platform.
    #[serde(default)]
    guard_formulas: bool,
}

#[derive(Debug, Default, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Csv,
}

/// The name of the field of a query.
const QUERY: &str = "query";

/// The fields that make a query a pipeline. Clients leave out empty ones.
const PIPELINE: [&str; 4] = ["data_processing_pipeline", "order", "format", "only_headers"];

/// Parses the body into the format and the options of a row-by-row query.
fn parsed(held: &BufferedBody) -> Result<(Format, CsvOptions, Pipeline), Error> {
    let asked = if held.is_empty() { DataQuery::default() } else { held.object()? };
    let stages = match &asked.query {
        None | Some(Value::Null) => Vec::new(),
        Some(query) if PIPELINE.iter().any(|field| query.get(field).is_some()) => {
            let pipeline: Pipeline = held.object_in(QUERY, query)?;
            if !held.ignores_unknown() {
                check_settings(&pipeline)?;
            }
            pipeline.data_processing_pipeline
        }
        Some(query) => vec![held.object_in(QUERY, query)?],
    };
    let options =
        Pipeline { order: Some(ROW_BY_ROW.to_owned()), data_processing_pipeline: stages, ..Pipeline::default() };
    let csv = CsvOptions { guard_formulas: asked.guard_formulas, ..CsvOptions::default() };
    Ok((asked.format, csv, options))
}

/// Rejects settings that the data API does not have.
fn check_settings(pipeline: &Pipeline) -> Result<(), Error> {
    let unknown = pipeline.unknown_settings();
    if !unknown.is_empty() {
        return Err(Error::refused_for(unknown));
    }
    if pipeline.order.as_deref().is_some_and(|order| order != ROW_BY_ROW) {
        return Err(Error::refused(format!("the data API returns rows: leave out `order`, or write `{ROW_BY_ROW}`")));
    }
    if pipeline.only_headers == Some(true) {
        return Err(Error::refused("the data API returns rows: get the columns from /data-api/query-model"));
    }
    Ok(())
}

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
    Path(uuid): Path<String>,
    body: RequestBody,
) -> Answer {
    let source = authorised(&sources, &data_api, &uuid).await?;
    let (format, csv, options) = body.read(SMALL).await?.parse(parsed).await?;
    Ok(match format {
        Format::Json => answered("application/json", sources.query(source, options).await?),
        Format::Csv => answered("text/csv; charset=utf-8", sources.query_csv(source, options, csv).await?),
    })
}

/// Returns the source with this uuid if the data API can read it. The error for other sources is the same as for unknown
/// ones.
async fn authorised(sources: &Sources, data_api: &DataApi, uuid: &str) -> Result<Source, Error> {
    let source = sources.find_of_any_account(uuid).await?;
    if data_api.reads(&source) { Ok(source) } else { Err(Sources::unknown(uuid)) }
}
