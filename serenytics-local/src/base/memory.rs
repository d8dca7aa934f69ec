//! The memory of request bodies and of the values in them. Requests wait until enough of it is free.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Error;

/// Memory for all request bodies together, in KiB. Further requests wait.
const BODIES: usize = 256 * 1024;

/// The maximum number of JSON values in a body.
pub(crate) const VALUES: usize = 5_000_000;

/// Memory of a parsed JSON value in bytes, in addition to its string.
pub(crate) const VALUE_SIZE: usize = 100;

/// The memory that requests reserve, with a permit for each KiB.
pub(crate) struct Memory {
    bodies: Arc<Semaphore>,
    /// For the parsed values of all batches together; further batches wait. A request reserves it after the memory of its
    /// body, from a separate semaphore, so that two requests cannot deadlock.
    values: Arc<Semaphore>,
}

impl Memory {
    /// Returns the memory of a server, all of it free.
    pub(crate) fn new() -> Memory {
        let values = VALUES * VALUE_SIZE / 1024;
        Memory { bodies: Arc::new(Semaphore::new(BODIES)), values: Arc::new(Semaphore::new(values)) }
    }

    /// Reserves memory for a body.
    pub(crate) async fn reserve_body(&self, kib: usize) -> Result<OwnedSemaphorePermit, Error> {
        reserve(&self.bodies, kib).await
    }

    /// Reserves memory for the values of a body.
    pub(crate) async fn reserve_values(&self, kib: usize) -> Result<OwnedSemaphorePermit, Error> {
        reserve(&self.values, kib).await
    }

    /// Returns the free memory for bodies and for values, in KiB.
    #[cfg(test)]
    pub(crate) fn free(&self) -> (usize, usize) {
        (self.bodies.available_permits(), self.values.available_permits())
    }
}

async fn reserve(memory: &Arc<Semaphore>, kib: usize) -> Result<OwnedSemaphorePermit, Error> {
    let permits = u32::try_from(kib).unwrap_or(u32::MAX);
    Arc::clone(memory).acquire_many_owned(permits).await.map_err(|_| Error::shutting_down())
}
