//! Turns: how many queries run at the same time, how many wait for it, and for how long one runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::ByteStream;
use crate::base::{Error, ErrorKind, GaugeGuard, QueryMetrics};

/// How long a query waits for its turn, before the client is told to come again.
const WAITING: Duration = Duration::from_secs(30);
/// How many queries wait; those beyond are told so at once.
const LONGEST_QUEUE: i64 = 1000;

/// What gives queries their turn.
pub(super) struct QuerySlots {
    free: Arc<Semaphore>,
    time: Duration,
    metrics: QueryMetrics,
}

impl QuerySlots {
    /// Turns for this many queries at a time, each of which runs this long at most.
    pub(super) fn new(at_once: usize, time: Duration, metrics: QueryMetrics) -> QuerySlots {
        QuerySlots { free: Arc::new(Semaphore::new(at_once)), time, metrics }
    }

    /// Waits for a turn.
    pub(super) async fn acquire(&self) -> Result<QuerySlot, Error> {
        let busy = || Error::new(ErrorKind::Busy, "too many queries are running: try again later");
        let permit = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let _waiting = GaugeGuard::new(&self.metrics.waiting);
                if self.metrics.waiting.get() > LONGEST_QUEUE {
                    return Err(busy());
                }
                let waited = tokio::time::timeout(WAITING, Arc::clone(&self.free).acquire_owned()).await;
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

/// The turn of one query, which ends when this is dropped.
pub(super) struct QuerySlot {
    /// How much longer the query may run. The time that the client takes to read is not the query's.
    left: Duration,
    time: Duration,
    outcome: &'static str,
    metrics: QueryMetrics,
    _running: GaugeGuard,
    _permit: OwnedSemaphorePermit,
}

impl QuerySlot {
    /// Runs a part of the query, which is dropped where it stands when it takes too long.
    pub(super) async fn run<T>(&mut self, part: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let begun = Instant::now();
        // A part that is ready at once is never too late for `timeout`.
        let done = match self.left.is_zero() {
            true => None,
            false => tokio::time::timeout(self.left, part).await.ok(),
        };
        self.left = self.left.saturating_sub(begun.elapsed());
        let done = done.unwrap_or_else(|| {
            let seconds = self.time.as_secs_f64();
            Err(Error::new(
                ErrorKind::Limit,
                format!(
                    "the query ran for {seconds} seconds, which is this server's limit: filter, or group less finely"
                ),
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

    /// The pieces of the query's answer, which end the turn.
    pub(super) fn track(self, pieces: ByteStream) -> ByteStream {
        let next = |(mut turn, mut pieces): (QuerySlot, ByteStream)| async move {
            let piece: Option<Bytes> = turn.run(pieces.try_next()).await?;
            let Some(piece) = piece else {
                turn.ended("ok");
                return Ok(None);
            };
            Ok(Some((piece, (turn, pieces))))
        };
        stream::try_unfold((self, pieces), next).boxed()
    }
}

impl Drop for QuerySlot {
    fn drop(&mut self) {
        self.metrics.query_ended(self.outcome);
    }
}
