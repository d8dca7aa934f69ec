//! Admission: limits how many queries run and wait at the same time, and how long each one runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::ByteStream;
use crate::base::{Error, ErrorKind, GaugeGuard, QueryMetrics};

/// How long a query waits for a slot before the client is asked to retry.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(30);
/// The maximum number of waiting queries. Further ones fail at once.
const MAX_WAITING: i64 = 1000;

/// The query slots of a warehouse.
pub(super) struct QuerySlots {
    free: Arc<Semaphore>,
    time: Duration,
    metrics: QueryMetrics,
}

impl QuerySlots {
    /// Makes slots for `at_once` queries, each of which may run for `time`.
    pub(super) fn new(at_once: usize, time: Duration, metrics: QueryMetrics) -> QuerySlots {
        QuerySlots { free: Arc::new(Semaphore::new(at_once)), time, metrics }
    }

    /// Waits for a free slot.
    pub(super) async fn acquire(&self) -> Result<QuerySlot, Error> {
        let busy = || Error::new(ErrorKind::Busy, "too many queries are running: try again later");
        let permit = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let _waiting = GaugeGuard::new(&self.metrics.waiting);
                if self.metrics.waiting.get() > MAX_WAITING {
                    return Err(busy());
                }
                let waited = tokio::time::timeout(QUEUE_TIMEOUT, Arc::clone(&self.free).acquire_owned()).await;
                waited.map_err(|_| busy())?.map_err(|_| Error::shutting_down())?
            }
        };
        Ok(QuerySlot {
            left: self.time,
            time: self.time,
            outcome: "cut",
            metrics: self.metrics.clone(),
            _running: GaugeGuard::new(&self.metrics.running),
            _permit: permit,
        })
    }
}

/// The slot of one query. It is freed on drop.
pub(super) struct QuerySlot {
    /// How much longer the query may run. Time in which the client reads is not counted.
    left: Duration,
    time: Duration,
    outcome: &'static str,
    metrics: QueryMetrics,
    _running: GaugeGuard,
    _permit: OwnedSemaphorePermit,
}

impl QuerySlot {
    /// Runs a part of the query. Drops it and fails if the time limit is reached.
    pub(super) async fn run<T>(&mut self, part: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let begun = Instant::now();
        // `timeout` never rejects a future that is ready at once, so check first.
        let done = match self.left.is_zero() {
            true => None,
            false => tokio::time::timeout(self.left, part).await.ok(),
        };
        self.left = self.left.saturating_sub(begun.elapsed());
        let done = done.unwrap_or_else(|| {
            let seconds = self.time.as_secs_f64();
            Err(Error::new(
                ErrorKind::Limit,
                format!("the query exceeded the limit of {seconds} seconds: add filters or use fewer groups"),
            ))
        });
        if let Err(error) = &done {
            self.ended(match error.kind() {
                ErrorKind::Limit => "limit",
                ErrorKind::Failed => "failed",
                ErrorKind::Empty => "empty",
                _ => "refused",
            });
        }
        done
    }

    fn ended(&mut self, outcome: &'static str) {
        self.outcome = outcome;
    }

    /// Wraps the answer's body stream: the slot is freed at its end.
    pub(super) fn track(self, chunks: ByteStream) -> ByteStream {
        let next = |(mut slot, mut chunks): (QuerySlot, ByteStream)| async move {
            let chunk: Option<Bytes> = slot.run(chunks.try_next()).await?;
            let Some(chunk) = chunk else {
                slot.ended("ok");
                return Ok(None);
            };
            Ok(Some((chunk, (slot, chunks))))
        };
        stream::try_unfold((self, chunks), next).boxed()
    }
}

impl Drop for QuerySlot {
    fn drop(&mut self) {
        self.metrics.query_ended(self.outcome);
    }
}
