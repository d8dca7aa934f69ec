//! Batches, and pushes of one row.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use bytes::Bytes;
use serde_json::Value;
use serenytics_engine::{BatchRequest, JsonRow, Push};

use super::body::{BufferedBody, LARGE, MemoryPermit, RequestBody, SMALL, json};
use super::extract::Path;
use super::request::RequestContext;
use super::{Answer, Shared, ok};
use crate::access::Account;
use crate::base::{Error, Metrics, run_to_completion};
use crate::catalogue::{Source, forced_types};
use crate::sources::Sources;

pub(super) async fn batch(
    State(sources): Shared<Sources>,
    State(metrics): Shared<Metrics>,
    account: Account,
    Path(uuid): Path<String>,
    body: RequestBody,
) -> Answer {
    let source = sources.find(&account, &uuid).await?;
    source.check_holds_rows()?;
    let held = body.read(LARGE).await?;
    let rows = run(sources, source, held).await?;
    metrics.written("batch", rows);
    Ok(ok())
}

/// Appends one row. The token in the path replaces the API key.
pub(super) async fn push(
    State(sources): Shared<Sources>,
    State(metrics): Shared<Metrics>,
    Path((uuid, token)): Path<(String, String)>,
    Extension(context): Extension<RequestContext>,
    body: RequestBody,
) -> Answer {
    let source = sources.find_by_token(&uuid, &token).await?;
    context.account(&source.account);
    source.check_holds_rows()?;
    let held = body.read(SMALL).await?;
    let PushedRow { fields, json, permit } = held.parse_into(row).await?;
    let own = Arc::clone(&source);
    let forced = Box::new(move || forced_types(&own));
    sources.push(&source, Push { fields, json, forced, guard: Box::new(permit) }).await?;
    metrics.pushes.inc();
    metrics.written("push", 1);
    Ok(ok())
}

/// A row of a push.
struct PushedRow {
    fields: Vec<(String, Value)>,
    json: Bytes,
    /// The permits for the memory of the others.
    permit: MemoryPermit,
}

/// Parses a pushed row.
fn row(held: BufferedBody) -> Result<PushedRow, Error> {
    held.check_numbers()?;
    let bytes = held.bytes();
    let JsonRow::Object(fields) = json(&bytes)? else {
        return Err(Error::refused("expected one row as an object: {\"column\": value}"));
    };
    Ok(PushedRow { fields, json: bytes, permit: held.permit() })
}

/// Runs a batch and returns its number of rows.
async fn run(sources: Arc<Sources>, source: Source, held: BufferedBody) -> Result<u64, Error> {
    run_to_completion(async move {
        // The permits are held until the batch is done, even without a client.
        let parse = |held: BufferedBody| {
            held.check_numbers()?;
            held.stored_object().map(|request: BatchRequest| (request, held.permit()))
        };
        let (request, _permit) = held.parse_into(parse).await?;
        let rows = request.operations.iter().map(|operation| operation.rows.len() as u64).sum();
        sources.batch(&source, request).await?;
        Ok(rows)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use axum::extract::{FromRequest, Request};
    use axum::http::header::CONTENT_LENGTH;
    use serde_json::json;

    use super::*;
    use crate::base::Memory;
    use crate::catalogue::STORAGE;
    use crate::platform::test::platform;

    #[tokio::test]
    async fn memory_of_rows_is_reserved_until_they_are_stored_even_if_the_client_disconnects() {
        let (platform, _folder) = platform().await;
        let (memory, sources): (Arc<Memory>, Arc<Sources>) = (platform.get(), platform.get());
        let free = || memory.free();
        let all = free();
        let source = Source::new(Account::default_account(), STORAGE, "paid".to_owned(), json!({}));
        let table = sources.table(&source).await.unwrap();
        let read = async |body: String| {
            let request = Request::builder().header(CONTENT_LENGTH, body.len()).body(Body::from(body)).unwrap();
            RequestBody::from_request(request, &platform).await.unwrap().read(LARGE).await.unwrap()
        };
        let rows: Vec<_> = (0..5000).map(|n| json!({"a": n})).collect();
        let body = json!({"operations": [{"action": "insert", "rows": rows}]}).to_string();
        let bytes = body.len().div_ceil(1024);
        let held = read(body).await;
        let taken = (all.0 - bytes, all.1 - 10_005 * 100 / 1024);
        assert_eq!(free(), taken);
        let paused = table.pause_writes().await;
        let waiting = run(Arc::clone(&sources), source.clone(), held);
        assert!(tokio::time::timeout(Duration::from_millis(300), waiting).await.is_err());
        assert_eq!(free(), taken);
        let held = read(r#"{"a": 1}"#.to_owned()).await;
        let (fields, json) = (vec![("a".to_owned(), json!(1))], held.bytes());
        let forced = Box::new(move || forced_types(&source));
        let push = Push { fields, json, forced, guard: Box::new(held.permit()) };
        assert!(tokio::time::timeout(Duration::from_millis(300), table.push(push)).await.is_err());
        assert_eq!(free(), (taken.0 - 1, taken.1));
        drop(paused);
        while free() != all || table.rows() != 5001 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
