//! A stream of typed rows, which buffers only the rows of one chunk of the response.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{self, BoxStream, Stream, StreamExt};

use crate::answer::{Exchange, ReadUntil, TypedRows};
use crate::error::Error;

/// The rows of a result, one by one while they arrive, in constant memory.
///
/// It is also a [`Stream`]. Dropping it cancels the request. After an error there are no more rows.
///
/// ```
/// # use serenytics_core::{Client, Error};
/// # use serenytics_query::query::Query;
/// async fn print<R: std::fmt::Debug + Send + 'static>(client: &Client, query: &Query<R>) -> Result<(), Error> {
///     let mut rows = client.stream(query).await?;
///     while let Some(row) = rows.try_next().await? {
///         println!("{row:?}");
///     }
///     Ok(())
/// }
/// ```
#[must_use = "rows are only read when they are polled"]
pub struct RowStream<R> {
    batch: std::vec::IntoIter<R>,
    batches: BoxStream<'static, Result<Vec<R>, Error>>,
}

impl<R: Send + 'static> RowStream<R> {
    /// Creates a stream from a response whose first rows are in `rows`.
    pub(crate) fn new(exchange: Exchange, mut rows: TypedRows<R>) -> RowStream<R> {
        let first = rows.take().into_iter();
        let rest = stream::try_unfold((exchange, rows), |(mut exchange, mut rows)| async move {
            if exchange.is_done() {
                return Ok(None);
            }
            exchange.read(ReadUntil::FirstRows, &mut rows).await?;
            Ok(Some((rows.take(), (exchange, rows))))
        });
        RowStream { batch: first, batches: rest.boxed() }
    }

    /// Creates a stream from batches of rows.
    pub(crate) fn of_batches(batches: BoxStream<'static, Result<Vec<R>, Error>>) -> RowStream<R> {
        RowStream { batch: Vec::new().into_iter(), batches }
    }

    /// Returns the next row if it has already arrived.
    #[cfg(feature = "blocking")]
    pub(crate) fn next_ready(&mut self) -> Option<R> {
        self.batch.next()
    }

    /// Returns the next row, or `None` after the last.
    ///
    /// # Errors
    /// Returns an error if the row does not match what the query declares, or the response is
    /// truncated or ends with an error of the server.
    pub async fn try_next(&mut self) -> Result<Option<R>, Error> {
        loop {
            if let Some(row) = self.batch.next() {
                return Ok(Some(row));
            }
            match self.batches.next().await {
                Some(batch) => self.batch = batch?.into_iter(),
                None => return Ok(None),
            }
        }
    }
}

impl<R> Stream for RowStream<R> {
    type Item = Result<R, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(row) = self.batch.next() {
                return Poll::Ready(Some(Ok(row)));
            }
            match ready!(self.batches.poll_next_unpin(context)) {
                Some(Ok(batch)) => self.batch = batch.into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// Rows are never pinned.
impl<R> Unpin for RowStream<R> {}

impl<R> std::fmt::Debug for RowStream<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowStream").finish_non_exhaustive()
    }
}
