//! The runtime that a blocking client waits in.

use std::cell::Cell;
use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime as Tokio};

use crate::error::{Error, Kind};

/// A runtime of one thread, which drives connections while nobody waits, and ends with the last that has it.
#[derive(Debug, Clone)]
pub(crate) struct Runtime(Arc<Owned>);

#[derive(Debug)]
struct Owned(Option<Tokio>);

impl Runtime {
    pub(crate) fn new() -> Result<Runtime, Error> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("serenytics").enable_all().build();
        let runtime = runtime.map_err(|error| {
            Error::new(Kind::Usage, format!("the thread of the client cannot be started: {error}")).caused_by(error)
        })?;
        Ok(Runtime(Arc::new(Owned(Some(runtime)))))
    }

    /// Waits for a call. One that takes rows from an iterator may wait for another meanwhile, when these are rows that arrive.
    pub(crate) fn wait<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        match &self.0.0 {
            Some(runtime) if WAITS.get() => tokio::task::block_in_place(|| runtime.block_on(call)),
            Some(runtime) if Handle::try_current().is_err() => {
                let _waiting = Waiting::begin();
                runtime.block_on(call)
            }
            _ => {
                let message = "the blocking client was called from within async code, where nothing may wait: use the async client";
                Err(Error::new(Kind::Usage, message))
            }
        }
    }
}

thread_local! {
    /// Whether this thread waits for a call of a blocking client.
    static WAITS: Cell<bool> = const { Cell::new(false) };
}

/// Waiting, until it is dropped.
struct Waiting;

impl Waiting {
    fn begin() -> Waiting {
        WAITS.set(true);
        Waiting
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITS.set(false);
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Waiting for its threads is not possible everywhere a client may be dropped.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
