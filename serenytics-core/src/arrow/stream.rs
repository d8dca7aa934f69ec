//! A stream of record batches.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures_util::stream::{BoxStream, Stream, StreamExt};

use crate::error::Error;

/// Record batches that are created while the data arrives, in constant memory. It is also a
/// [`Stream`]. After an error there are no more batches.
#[must_use = "batches are only read when they are polled"]
pub struct BatchStream {
    schema: SchemaRef,
    batches: BoxStream<'static, Result<RecordBatch, Error>>,
}

impl BatchStream {
    pub(crate) fn new(schema: SchemaRef, batches: BoxStream<'static, Result<RecordBatch, Error>>) -> BatchStream {
        BatchStream { schema, batches }
    }

    /// Returns the schema of all batches.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// Returns the next batch, of some thousand rows, or `None` after the last.
    ///
    /// # Errors
    /// Returns an error if a cell does not match its declaration, or the response is truncated or
    /// ends with an error of the server.
    pub async fn try_next(&mut self) -> Result<Option<RecordBatch>, Error> {
        self.batches.next().await.transpose()
    }
}

impl Stream for BatchStream {
    type Item = Result<RecordBatch, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.batches.poll_next_unpin(context)
    }
}

impl fmt::Debug for BatchStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchStream").field("schema", &self.schema).finish_non_exhaustive()
    }
}
