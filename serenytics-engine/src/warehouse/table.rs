//! A table: loads, batches and pushes of its rows.

use std::sync::Arc;

use crate::base::Error;
use crate::load::{BatchRequest, Loaded, RowsFile, reload, run_batch, update};
use crate::rows::{Column, ForcedTypes};
use crate::session::Session;
use crate::storage::{Push, Storage, TableState, WriteTransaction};

/// A table of a [`Warehouse`](crate::Warehouse). Clones are the same table.
///
/// Loads and batches run one at a time and are atomic: readers see the rows before or after them. A
/// load that fails or whose future is dropped changes nothing, unless it was already committing.
/// Pushes run concurrently.
#[derive(Clone)]
pub struct Table {
    storage: Arc<Storage>,
    session: Arc<Session>,
}

impl Table {
    pub(super) fn new(storage: Arc<Storage>, session: Arc<Session>) -> Table {
        Table { storage, session }
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.storage.snapshot().rows
    }

    /// Returns what the table contains, for [`Warehouse::expect`](crate::Warehouse::expect).
    #[must_use]
    pub fn state(&self) -> TableState {
        self.storage.state()
    }

    /// Returns the columns. Empty if nothing was loaded yet.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        self.storage.snapshot().columns.to_vec()
    }

    /// Replaces all rows and columns with those of a file.
    ///
    /// # Errors
    /// The file is invalid. The error names the line and the column.
    pub async fn reload(&self, file: RowsFile) -> Result<Loaded, Error> {
        reload(&self.storage, file).await
    }

    /// Adds the rows of a file, replacing rows with the same value of the column `key`.
    ///
    /// # Errors
    /// The file is invalid, has other columns than the table, or its keys need more memory than queries may use.
    pub async fn update(&self, file: RowsFile, key: &str) -> Result<Loaded, Error> {
        update(&self.storage, &self.session, file, key).await
    }

    /// Inserts, replaces and deletes rows in one commit. Returns the new number of rows. The types
    /// of new columns are taken from `forced` or inferred.
    ///
    /// # Errors
    /// An operation is invalid. The error names the operation and the row.
    pub async fn batch(&self, request: BatchRequest, forced: ForcedTypes) -> Result<u64, Error> {
        run_batch(&self.storage, &self.session, request, forced).await
    }

    /// Appends a row. When this returns, the row is on disk and every new query sees it.
    ///
    /// # Errors
    /// The row does not fit the columns, the table was dropped, or the row could not be written.
    pub async fn push(&self, push: Push) -> Result<(), Error> {
        self.storage.push(push).await
    }

    /// Pauses all writes to the table until the returned guard is dropped, for example to copy its files.
    pub async fn pause_writes(&self) -> PausedWrites {
        let mut writing = self.storage.write().await;
        writing.pause().await;
        PausedWrites { _writing: writing }
    }
}

/// Blocks writes to a table until it is dropped.
pub struct PausedWrites {
    _writing: WriteTransaction,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("rows", &self.rows()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for PausedWrites {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PausedWrites").finish_non_exhaustive()
    }
}
