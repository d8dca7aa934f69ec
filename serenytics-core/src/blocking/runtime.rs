//! The runtime of a blocking client.

use std::cell::Cell;
use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime as Tokio};

use crate::error::{Error, Kind};

/// A runtime of one thread, which drives connections between calls. It stops when its last owner is
/// dropped.
#[derive(Debug, Clone)]
pub(crate) struct Runtime(Arc<Owned>);

#[derive(Debug)]
struct Owned(Option<Tokio>);

impl Runtime {
    pub(crate) fn new() -> Result<Runtime, Error> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("serenytics").enable_all().build();
        let runtime = runtime.map_err(|error| {
            Error::new(Kind::Usage, format!("cannot start the thread of the client: {error}")).caused_by(error)
        })?;
        Ok(Runtime(Arc::new(Owned(Some(runtime)))))
    }

    /// Blocks until a call is done. A call may read rows from an iterator that blocks on another
    /// call of this client.
    pub(crate) fn wait<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        match &self.0.0 {
            Some(runtime) if IS_BLOCKED.get() => tokio::task::block_in_place(|| runtime.block_on(call)),
            Some(runtime) if Handle::try_current().is_err() => {
                let _blocked = Blocked::begin();
                runtime.block_on(call)
            }
            _ => {
                let message =
                    "the blocking client was called from async code, which must not block: use the async client";
                Err(Error::new(Kind::Usage, message))
            }
        }
    }
}

thread_local! {
    /// Whether this thread is blocked in a call of a blocking client.
    static IS_BLOCKED: Cell<bool> = const { Cell::new(false) };
}

/// Marks this thread as blocked until it is dropped.
struct Blocked;

impl Blocked {
    fn begin() -> Blocked {
        IS_BLOCKED.set(true);
        Blocked
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        IS_BLOCKED.set(false);
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // A client may be dropped in async code, where waiting for the runtime's threads would
        // panic.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
