//! Queries: `POST /api/formatted_data/{uuid}`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use serenytics_query::wire::Pipeline;

use super::body::{BufferedBody, SMALL};
use super::extract::Path;
use super::{Answer, Shared};
use crate::access::Account;
use crate::base::Memory;
use crate::sources::Sources;

pub(super) async fn formatted_data(
    State(sources): Shared<Sources>,
    State(memory): Shared<Memory>,
    account: Account,
    Path(uuid): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let source = sources.find(&account, &uuid).await?;
    let options: Pipeline = {
        let held = BufferedBody::read(&memory, &headers, body, SMALL).await?;
        held.object()?
    };
    let pieces = sources.query(source, options).await?;
    // An error in the stream closes the connection early, so that no client mistakes a part for the whole response.
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(pieces)).into_response())
}
