//! Reads a file on a blocking thread while its rows are written on another one.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::{JoinHandle, spawn_blocking};

use super::file::RowsFile;
use crate::base::{Context, Error};
use crate::rows::Column;

const FAILED: &str = "the file could not be loaded";

/// Returns a file's columns. May read the whole file to infer their types.
pub(super) async fn columns_of(file: &RowsFile) -> Result<Vec<Column>, Error> {
    let file = file.clone();
    spawn_blocking(move || file.columns()).await.context(FAILED)?
}

/// Returns the column names of a file.
pub(super) async fn names_of(file: &RowsFile) -> Result<Vec<String>, Error> {
    let file = file.clone();
    spawn_blocking(move || file.names()).await.context(FAILED)?
}

/// Returns one sentence for each column name that differs from the file.
pub(super) async fn warnings_of(file: &RowsFile) -> Result<Vec<String>, Error> {
    let file = file.clone();
    spawn_blocking(move || file.warnings()).await.context(FAILED)?
}

/// Starts reading the rows of a file as cells of these columns.
pub(super) fn begin_reading(file: RowsFile, columns: Arc<Vec<Column>>) -> Batches {
    let (sender, batches) = mpsc::channel(2);
    let reader = spawn_blocking(move || file.rows(&columns, |batch| sender.blocking_send(batch).is_ok()));
    Batches { batches, reader: Some(reader) }
}

/// The rows of a file that is being read. Reading stops on drop.
pub(super) struct Batches {
    batches: Receiver<RecordBatch>,
    reader: Option<JoinHandle<Result<(), Error>>>,
}

impl Batches {
    /// Returns the next rows, or `None` at the end of the file.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        if let Some(batch) = self.batches.recv().await {
            return Ok(Some(batch));
        }
        if let Some(reader) = self.reader.take() {
            reader.await.context(FAILED)??;
        }
        Ok(None)
    }
}
