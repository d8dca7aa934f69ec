//! Runtimes: where the blocking client may be called, and an async client without or with several
//! runtimes.

use std::sync::LazyLock;

use futures_util::FutureExt;
use tokio::runtime::{Builder, Runtime};

use super::server::{TestServer, ok};
use super::{ANSWER, COUNTRIES, sales};
use crate::{Client, Error};

/// Starts a server in a runtime of its own.
fn served() -> (Runtime, TestServer) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(sales(|_| ok(ANSWER)));
    (runtime, server)
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[cfg(feature = "blocking")]
fn blocking(server: &TestServer) -> crate::blocking::Client {
    crate::blocking::Client::new(server.client()).unwrap()
}

#[cfg(feature = "blocking")]
#[test]
fn blocking_client_works_wherever_blocking_is_allowed() {
    let (_runtime, server) = served();
    let client = blocking(&server);
    let fetch = {
        let client = client.clone();
        move || client.fetch(&COUNTRIES).unwrap().len()
    };
    assert_eq!(fetch(), 2);
    for runtime in [Runtime::new().unwrap(), current_thread()] {
        let blocked = runtime.block_on(async { tokio::task::spawn_blocking(fetch.clone()).await });
        assert_eq!(blocked.unwrap(), 2, "spawn_blocking");
        let _entered = runtime.enter();
        assert_eq!(fetch(), 2, "enter");
        assert_eq!(client.stream(&COUNTRIES).unwrap().count(), 2, "enter");
    }
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        assert_eq!(tokio::task::block_in_place(&fetch), 2, "block_in_place in block_on");
        let fetch = fetch.clone();
        let task = tokio::spawn(async move { tokio::task::block_in_place(fetch) });
        assert_eq!(task.await.unwrap(), 2, "block_in_place in a task");
    });
    // A future without a runtime may block its thread.
    assert_eq!(async { fetch() }.now_or_never(), Some(2));
}

#[cfg(feature = "blocking")]
#[test]
fn blocking_call_in_a_future_is_an_error() {
    let (_runtime, server) = served();
    let client = blocking(&server);
    let refused = |outcome: Result<Vec<String>, Error>| {
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains("called from async code") && error.contains("spawn_blocking"), "{error}");
    };
    for runtime in [Runtime::new().unwrap(), current_thread()] {
        runtime.block_on(async {
            refused(client.fetch(&COUNTRIES));
            // The future still works.
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            let of_task = client.clone();
            refused(tokio::spawn(async move { of_task.fetch(&COUNTRIES) }).await.unwrap());
            let local = tokio::task::LocalSet::new();
            local.run_until(async { refused(client.fetch(&COUNTRIES)) }).await;
            assert_eq!(server.client().fetch(&COUNTRIES).await.unwrap().len(), 2);
        });
    }
    assert_eq!(client.fetch(&COUNTRIES).unwrap().len(), 2);
}

#[test]
fn async_call_without_a_runtime_is_an_error() {
    let (_runtime, server) = served();
    let source = current_thread().block_on(server.client().source("sales")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let client = server.client();
    let errors: Vec<Error> = [
        client.fetch(&COUNTRIES).now_or_never().map(|outcome| outcome.map(|_| ())),
        client.sources().now_or_never().map(|outcome| outcome.map(|_| ())),
        source.insert([serde_json::json!({"a": 1})]).now_or_never(),
        source.reload_from_csv("missing.csv").send().now_or_never(),
        source.reload([serde_json::json!({"a": 1})]).send().now_or_never(),
        source.export().to_file(folder.path().join("a.csv")).now_or_never().map(|outcome| outcome.map(|_| ())),
        client.email("A mail", ["ada@example.com"], "").send().now_or_never(),
    ]
    .into_iter()
    .map(|outcome| outcome.unwrap().unwrap_err())
    .collect();
    for error in errors {
        assert!(error.to_string().contains("the async client needs a tokio runtime"), "{error}");
    }
}

/// The server of the client below, in a runtime that never ends.
static SERVED: LazyLock<(Runtime, TestServer)> = LazyLock::new(served);

/// A client that is shared by all runtimes.
static SHARED: LazyLock<Client> = LazyLock::new(|| SERVED.1.client());

#[test]
fn one_client_serves_several_runtimes() {
    // Its server must not be started inside another runtime.
    LazyLock::force(&SHARED);
    for _ in 0..10 {
        current_thread().block_on(async {
            assert_eq!(SHARED.fetch(&COUNTRIES).await.unwrap().len(), 2);
            assert_eq!(SHARED.sources().await.unwrap().len(), 1);
        });
    }
    let threads: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn(|| {
                for _ in 0..10 {
                    current_thread().block_on(async {
                        let countries = COUNTRIES;
                        let (rows, sources) = tokio::join!(SHARED.fetch(&countries), SHARED.sources());
                        assert_eq!((rows.unwrap().len(), sources.unwrap().len()), (2, 1));
                    });
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
