//! Background work: it runs to completion without its caller, and its panics become errors.

use std::any::Any;
use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;
use tokio::task::JoinError;

use super::{Error, Kind, Metrics};

/// Runs work and turns a panic into an error. The panic is counted, and its message goes to the log, not to the client.
pub(crate) async fn catch_panic<T>(
    metrics: &Metrics,
    what: &str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
        metrics.panics.inc();
        tracing::error!(panic = message_of(&*panic), "{what} panicked");
        let message = format!("internal error while processing {what}; see the server log");
        Err(Error::new(Kind::Failed, message))
    })
}

/// Runs work to completion, even if the caller is dropped, for example because the client disconnects.
pub(crate) async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    joined(tokio::spawn(work).await)
}

/// Runs work that only computes. Large work runs on a blocking thread: it would delay the requests of others.
pub(crate) async fn compute<T: Send + 'static>(
    is_large: bool,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    if is_large { joined(tokio::task::spawn_blocking(work).await) } else { work() }
}

/// Returns the result of work in another task or thread. Its panic continues in the caller.
fn joined<T>(ended: Result<Result<T, Error>, JoinError>) -> Result<T, Error> {
    ended.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(error) => Err(Error::failed("the request was cancelled", error)),
    })
}

/// Returns the message of a panic.
fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no message)")
}
