//! Batches, and pushes of one row.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serenytics_engine::{BatchRequest, JsonRow, Push};
use tokio::task::spawn_blocking;

use super::body::{Held, LARGE, SMALL, json};
use super::extract::Path;
use super::request::RequestContext;
use super::{Answer, Shared, ok, to_the_end};
use crate::access::Account;
use crate::base::Error;
use crate::catalogue::{Source, forced_types};
use crate::platform::Engine;
use crate::tasks::joined;

pub(super) async fn batch(
    State(engine): Shared,
    account: Account,
    Path(uuid): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let source = engine.source(&account, &uuid).await?;
    source.check_holds_rows()?;
    let held = Held::read(&engine, &headers, body, LARGE).await?;
    let rows = run(&engine, source, held).await?;
    engine.metrics.written("batch", rows);
    Ok(ok())
}

/// Appends one row. The token in the path replaces the API key.
pub(super) async fn push(
    State(engine): Shared,
    Path((uuid, token)): Path<(String, String)>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let source = engine.pushed_source(&uuid, &token).await?;
    context.account(&source.account);
    source.check_holds_rows()?;
    let held = Held::read(&engine, &headers, body, SMALL).await?;
    let bytes = held.bytes();
    let JsonRow::Object(fields) = json(&bytes)? else {
        return Err(Error::refused("expected one row as an object: {\"column\": value}"));
    };
    let uuid = source.uuid;
    let forced = Box::new(move || forced_types(&source));
    let push = Push { fields, json: bytes, forced, guard: Box::new(held.paid()) };
    engine.warehouse.table(uuid).await?.push(push).await?;
    engine.metrics.pushes.inc();
    engine.metrics.written("push", 1);
    Ok(ok())
}

/// Runs a batch and returns its number of rows.
async fn run(engine: &Arc<Engine>, source: Source, held: Held) -> Result<u64, Error> {
    let engine = Arc::clone(engine);
    to_the_end(async move {
        // Parsing millions of values takes time. The permits are held until the batch is done, even without a client.
        let read = spawn_blocking(move || held.object::<BatchRequest>().map(|request| (request, held.paid())));
        let (request, _paid) = joined(read.await)?;
        let rows = request.operations.iter().map(|operation| operation.rows.len() as u64).sum();
        engine.warehouse.table(source.uuid).await?.batch(request, forced_types(&source)?).await?;
        Ok(rows)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::header::CONTENT_LENGTH;
    use serde_json::json;

    use super::*;
    use crate::catalogue::STORAGE;
    use crate::platform::test::engine;

    #[tokio::test]
    async fn rows_are_paid_for_until_they_are_in_the_storage_even_if_nobody_waits() {
        let (engine, _folder) = engine().await;
        let free = || (engine.body_memory.available_permits(), engine.value_memory.available_permits());
        let all = free();
        let source = Source::new(Account::default_account(), STORAGE, "paid".to_owned(), json!({}));
        let table = engine.warehouse.table(source.uuid).await.unwrap();
        let read = async |body: String| {
            let headers = HeaderMap::from_iter([(CONTENT_LENGTH, body.len().into())]);
            Held::read(&engine, &headers, Body::from(body), LARGE).await.unwrap()
        };
        let rows: Vec<_> = (0..5000).map(|n| json!({"a": n})).collect();
        let body = json!({"operations": [{"action": "insert", "rows": rows}]}).to_string();
        let bytes = body.len().div_ceil(1024);
        let held = read(body).await;
        let taken = (all.0 - bytes, all.1 - 10_005 * 100 / 1024);
        assert_eq!(free(), taken);
        let paused = table.pause_writes().await;
        let waiting = run(&engine, source.clone(), held);
        assert!(tokio::time::timeout(Duration::from_millis(300), waiting).await.is_err());
        assert_eq!(free(), taken);
        let held = read(r#"{"a": 1}"#.to_owned()).await;
        let (fields, json) = (vec![("a".to_owned(), json!(1))], held.bytes());
        let forced = Box::new(move || forced_types(&source));
        let push = Push { fields, json, forced, guard: Box::new(held.paid()) };
        assert!(tokio::time::timeout(Duration::from_millis(300), table.push(push)).await.is_err());
        assert_eq!(free(), (taken.0 - 1, taken.1));
        drop(paused);
        while free() != all || table.rows() != 5001 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
