//! Turns: how many queries run at the same time, how many wait for it, and for how long one runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::Pieces;
use crate::error::{Context, Error, Kind};
use crate::metrics::{Metrics, OneMore};

/// How long a query waits for its turn, before the client is told to come again.
const WAITING: Duration = Duration::from_secs(30);
/// How many queries wait; those beyond are told so at once.
const LONGEST_QUEUE: i64 = 1000;
/// How long a query that waits for its client to read keeps its turn.
const UNREAD: Duration = Duration::from_secs(1);

/// What gives queries their turn.
pub(super) struct Turns {
    free: Arc<Semaphore>,
    time: Duration,
    metrics: Arc<Metrics>,
}

impl Turns {
    /// Turns for this many queries at a time, each of which runs this long at most.
    pub(super) fn new(at_once: usize, time: Duration, metrics: Arc<Metrics>) -> Turns {
        Turns { free: Arc::new(Semaphore::new(at_once)), time, metrics }
    }

    /// Waits for a turn.
    pub(super) async fn take(&self) -> Result<Turn, Error> {
        let busy = || Error::new(Kind::Busy, "the server runs as many queries as it may: try again in a moment");
        let permit = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let _waiting = OneMore::of(&self.metrics.queries_waiting);
                if self.metrics.queries_waiting.get() > LONGEST_QUEUE {
                    return Err(busy());
                }
                let waited = tokio::time::timeout(WAITING, Arc::clone(&self.free).acquire_owned()).await;
                waited.map_err(|_| busy())?.context("the engine stops")?
            }
        };
        Ok(Turn {
            left: self.time,
            time: self.time,
            outcome: "cut",
            metrics: Arc::clone(&self.metrics),
            free: Arc::clone(&self.free),
            running: Running::new(permit, &self.metrics),
        })
    }
}

/// The turn of one query, which ends when this is dropped.
pub(super) struct Turn {
    /// How much longer the query may run. The time that the client takes to read is not the query's.
    left: Duration,
    time: Duration,
    outcome: &'static str,
    metrics: Arc<Metrics>,
    free: Arc<Semaphore>,
    running: Running,
}

/// What a query that runs has, and others wait for; nothing of it when the turn went to others.
struct Running(Arc<Mutex<Option<(OwnedSemaphorePermit, OneMore)>>>);

impl Running {
    fn new(permit: OwnedSemaphorePermit, metrics: &Metrics) -> Running {
        Running(Arc::new(Mutex::new(Some((permit, OneMore::of(&metrics.queries_running))))))
    }

    fn has_ended(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Ends by itself unless what is returned is dropped in time.
    fn end_later(&self) -> JoinSet<()> {
        let running = Arc::downgrade(&self.0);
        let mut ending = JoinSet::new();
        ending.spawn(async move {
            tokio::time::sleep(UNREAD).await;
            if let Some(running) = running.upgrade() {
                running.lock().unwrap_or_else(PoisonError::into_inner).take();
            }
        });
        ending
    }
}

impl Turn {
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
                Kind::Limit,
                format!(
                    "the query ran for {seconds} seconds, which is this server's limit: filter, or group less finely"
                ),
            ))
        });
        if let Err(error) = &done {
            self.ended(match error.kind() {
                Kind::Limit => "limit",
                Kind::Failed => "failed",
                Kind::Empty => "empty",
                _ => "refused",
            });
        }
        done
    }

    fn ended(&mut self, outcome: &'static str) {
        self.outcome = outcome;
    }

    /// Has the turn again that others may have got while the client was reading.
    async fn again(&mut self) -> Result<(), Error> {
        if self.running.has_ended() {
            let permit = Arc::clone(&self.free).acquire_owned().await.context("the engine stops")?;
            self.running = Running::new(permit, &self.metrics);
        }
        Ok(())
    }

    /// The pieces of the query's answer, which end the turn.
    pub(super) fn over(self, pieces: Pieces) -> Pieces {
        let next = |(mut turn, mut pieces, ending): (Turn, Pieces, JoinSet<()>)| async move {
            drop(ending);
            turn.again().await?;
            let piece: Option<Bytes> = turn.run(pieces.try_next()).await?;
            let Some(piece) = piece else {
                turn.ended("ok");
                return Ok(None);
            };
            let ending = turn.running.end_later();
            Ok(Some((piece, (turn, pieces, ending))))
        };
        stream::try_unfold((self, pieces, JoinSet::new()), next).boxed()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.metrics.query(self.outcome);
    }
}
