//! Queries: `POST /api/formatted_data/{uuid}`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use serenytics_engine::{Answer as EngineAnswer, CacheStatus};
use serenytics_query::wire::Pipeline;

use super::body::{BufferedBody, RequestBody, SMALL};
use super::extract::Path;
use super::{Answer, Shared};
use crate::access::Account;
use crate::base::Error;
use crate::sources::Sources;

pub(super) async fn formatted_data(
    State(sources): Shared<Sources>,
    account: Account,
    Path(uuid): Path<String>,
    body: RequestBody,
) -> Answer {
    let source = sources.find(&account, &uuid).await?;
    let options = body.read(SMALL).await?.parse(pipeline).await?;
    Ok(answered("application/json", sources.query(source, options).await?))
}

/// Responds with the answer of a query. `Cache-Status` (RFC 9211) says whether the result cache contained it.
pub(super) fn answered(media_type: &'static str, answer: EngineAnswer) -> Response {
    let status = match answer.cache {
        CacheStatus::Hit => "serenytics; hit",
        CacheStatus::Miss => "serenytics; fwd=uri-miss",
        CacheStatus::Bypass => "serenytics; fwd=bypass",
    };
    let headers = [(header::CONTENT_TYPE, media_type), (HeaderName::from_static("cache-status"), status)];
    // An error in the stream closes the connection early, so that no client mistakes a part for the whole response.
    (headers, Body::from_stream(answer.chunks)).into_response()
}

/// Parses the options of a query.
pub(super) fn pipeline(held: &BufferedBody) -> Result<Pipeline, Error> {
    let mut options: Pipeline = held.object()?;
    if held.ignores_unknown() {
        options.forget_unknown_settings();
    }
    Ok(options)
}
