//! Streams as blocking iterators.

use crate::Error;
use crate::blocking::runtime::Runtime;

/// The rows of a query or an export, one by one while they arrive; see [`crate::RowStream`]. After
/// an error there are no more rows.
#[must_use = "rows are only read when the iterator is advanced"]
#[derive(Debug)]
pub struct RowStream<R> {
    pub(crate) inner: crate::RowStream<R>,
    pub(crate) runtime: Runtime,
}

blocking_types! {
    RowStream<R>;
}

impl<R: Send + 'static> Iterator for RowStream<R> {
    type Item = Result<R, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        // Only block if the next row has not arrived.
        match self.inner.next_ready() {
            Some(row) => Some(Ok(row)),
            None => self.runtime.wait(self.inner.try_next()).transpose(),
        }
    }
}

/// Record batches that are created while the data arrives; see [`crate::BatchStream`]. After an
/// error there are no more batches.
#[cfg(feature = "arrow")]
#[must_use = "batches are only read when the iterator is advanced"]
#[derive(Debug)]
pub struct BatchStream {
    pub(crate) inner: crate::BatchStream,
    pub(crate) runtime: Runtime,
}

#[cfg(feature = "arrow")]
blocking_types! {
    BatchStream;
}

#[cfg(feature = "arrow")]
impl BatchStream {
    sync_methods! {
        BatchStream: schema(&self) -> arrow_schema::SchemaRef;
    }
}

#[cfg(feature = "arrow")]
impl Iterator for BatchStream {
    type Item = Result<arrow_array::RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.wait(self.inner.try_next()).transpose()
    }
}
