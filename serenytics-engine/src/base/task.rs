//! Results of work that runs in another task or thread.

use std::panic::resume_unwind;

use tokio::task::JoinError;

use super::error::Error;

/// Returns the result of a task. A panic of the task continues in the caller.
pub(crate) fn join_task<T>(ended: Result<Result<T, Error>, JoinError>) -> Result<T, Error> {
    ended.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(error) => Err(Error::failed("the request was cancelled", error)),
    })
}
