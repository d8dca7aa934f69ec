//! Retries: repeatable requests are retried, all others are sent once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serenytics::Error;

use crate::proxy::{Fault, Request};
use crate::{Outcome, Setup, all, error_of, revenues, sale};

/// Creates a fault that happens to the first `times` requests for which `meant` is true.
fn at_first(
    times: usize,
    meant: impl Fn(&Request) -> bool + Send + Sync + 'static,
    fault: impl Fn() -> Fault + Send + Sync + 'static,
) -> impl Fn(&Request) -> Fault + Send + Sync + 'static {
    let left = AtomicUsize::new(times);
    move |request| {
        let is_meant = meant(request);
        let hit = is_meant && left.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if hit { fault() } else { Fault::None }
    }
}

fn too_many(after: &'static str) -> impl Fn() -> Fault + Send + Sync + 'static {
    move || Fault::Instead("429 Too Many Requests", format!("retry-after: {after}\r\n"), b"\"slow down\"".to_vec())
}

#[tokio::test]
async fn query_is_retried_after_temporary_failures() -> Outcome {
    let busy = || Fault::Instead("503 Service Unavailable", "retry-after: 0\r\n".to_owned(), Vec::new());
    let faults: [fn() -> Fault; 3] = [busy, || Fault::Lost, || Fault::Unanswered];
    for fault in faults {
        let setup = Setup::start(at_first(2, Request::is_query, fault)).await?;
        assert_eq!(revenues(&setup.client()).await?, all());
        assert_eq!(setup.proxy.seen().iter().filter(|request| request.is_query()).count(), 3);
    }
    Ok(())
}

#[tokio::test]
async fn retry_waits_as_long_as_the_server_asks() -> Outcome {
    let setup = Setup::start(at_first(1, Request::is_query, too_many("1"))).await?;
    let started = Instant::now();
    assert_eq!(revenues(&setup.client()).await?, all());
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());

    let setup = Setup::start(at_first(1, Request::is_query, too_many("3600"))).await?;
    let error = error_of(revenues(&setup.client().with_timeout(Duration::from_secs(5))).await);
    assert!(error.status() == Some(429) && error.to_string().contains("slow down"), "{error}");
    assert_eq!(setup.proxy.seen().iter().filter(|request| request.is_query()).count(), 1);
    Ok(())
}

/// Failures of calls that change data, and whether the change is applied.
const FAILED_CHANGES: [(fn() -> Fault, bool); 4] = [
    (|| Fault::Lost, false),
    (|| Fault::Unanswered, true),
    (|| Fault::Cut(30), true),
    (|| Fault::Instead("503 Service Unavailable", String::new(), Vec::new()), false),
];

#[tokio::test]
async fn insert_is_never_retried() -> Outcome {
    for (fault, is_done) in FAILED_CHANGES {
        let setup =
            Setup::start(move |request| if request.path.ends_with("/batch") { fault() } else { Fault::None }).await?;
        let sales = setup.client().source("sales").await?;
        let error = error_of(sales.insert([sale("IT", 7.0)]).await);
        assert!(is_outcome_unknown(&error), "{error:?}");
        assert_eq!(setup.proxy.count("POST", "/batch"), 1);
        assert_eq!(setup.direct().source("sales").await?.row_count().await?, if is_done { 4 } else { 3 });
    }
    Ok(())
}

#[tokio::test]
async fn storage_creation_is_never_retried() -> Outcome {
    for (fault, is_done) in FAILED_CHANGES {
        let is_creation = |request: &Request| request.method == "POST" && request.path == "/api/data_source";
        let setup = Setup::start(move |request| if is_creation(request) { fault() } else { Fault::None }).await?;
        let error = error_of(setup.client().get_or_create_storage("new").await);
        assert!(is_outcome_unknown(&error), "{error:?}");
        assert_eq!(setup.proxy.count("POST", "/api/data_source"), 1);
        let made = setup.direct().sources().await?.iter().filter(|source| source.name() == "new").count();
        assert_eq!(made, usize::from(is_done));
    }
    Ok(())
}

#[tokio::test]
async fn load_start_is_never_retried() -> Outcome {
    for (fault, _) in FAILED_CHANGES {
        let setup = Setup::start(
            move |request| if request.path.ends_with("/reload_from_file") { fault() } else { Fault::None },
        )
        .await?;
        let file = tempfile::Builder::new().suffix(".csv").tempfile()?;
        std::fs::write(file.path(), "country,revenue\nIT,7.5\n")?;
        let sales = setup.client().source("sales").await?;
        assert!(is_outcome_unknown(&error_of(sales.reload_from_csv(file.path()).send().await)));
        assert_eq!(setup.proxy.count("POST", "/reload_from_file"), 1);
    }
    Ok(())
}

/// Returns true for a connection error or a 503, after which the change may have been applied.
fn is_outcome_unknown(error: &Error) -> bool {
    error.is_outcome_unknown() && (error.is_connection() || error.status() == Some(503))
}

#[tokio::test]
async fn insert_that_was_turned_away_is_sent_again_and_stored_once() -> Outcome {
    let busy = || Fault::Instead("503 Service Unavailable", "retry-after: 0\r\n".to_owned(), Vec::new());
    for fault in [too_many("Sun, 06 Nov 1994 08:49:37 GMT"), too_many("0")] {
        let setup = Setup::start(at_first(2, |request| request.path.ends_with("/batch"), fault)).await?;
        setup.client().source("sales").await?.insert([sale("IT", 7.0)]).await?;
        assert_eq!(setup.proxy.count("POST", "/batch"), 3);
        assert_eq!(setup.direct().source("sales").await?.row_count().await?, 4);
    }
    let setup = Setup::start(at_first(1, |request| request.path.contains("/push/"), busy)).await?;
    setup.client().source("sales").await?.push(serde_json::json!({"country": "IT", "revenue": 7})).await?;
    assert_eq!(setup.direct().source("sales").await?.row_count().await?, 4);
    Ok(())
}

#[tokio::test]
async fn truncated_response_of_a_query_is_requested_again() -> Outcome {
    let setup = Setup::start(at_first(2, Request::is_query, || Fault::Share(80))).await?;
    assert_eq!(revenues(&setup.client()).await?, all());
    assert_eq!(setup.proxy.seen().iter().filter(|request| request.is_query()).count(), 3);
    Ok(())
}
