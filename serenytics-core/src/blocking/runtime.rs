//! The runtime of a blocking client.

use std::cell::Cell;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

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
        let Some(runtime) = &self.0.0 else { return Err(called_in_a_future()) };
        if IS_BLOCKED.get() {
            return tokio::task::block_in_place(|| runtime.block_on(call));
        }
        if is_in_a_future() {
            return Err(called_in_a_future());
        }
        let _blocked = Blocked::begin();
        runtime.block_on(call)
    }
}

/// Returns true if this code runs inside a future of tokio, where blocking would stop the thread of
/// other futures. Returns false in threads for blocking calls, in `block_in_place`, and next to a
/// runtime that was only entered.
///
/// Tokio has no function for this, but it limits how often a future may proceed before it yields,
/// and nothing else. The future whose limit is used up here yields once more than it would.
fn is_in_a_future() -> bool {
    let mut context = Context::from_waker(Waker::noop());
    // The limit is a `u8`.
    let mut steps = 0..=u8::MAX;
    Handle::try_current().is_ok()
        && steps.any(|_| pin!(tokio::task::consume_budget()).as_mut().poll(&mut context).is_pending())
}

fn called_in_a_future() -> Error {
    let message = "the blocking client was called from async code, which must not block: use the async client, \
                   or `tokio::task::spawn_blocking`";
    Error::new(Kind::Usage, message)
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
