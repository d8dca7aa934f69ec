//! A storage: a Delta Lake table, the write-ahead log of its pushed rows, and the current snapshot
//! of both.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use deltalake_core::DeltaTable;
use tokio::sync::{Mutex, Notify, mpsc, watch};
use tokio::task::spawn_blocking;

use super::TableState;
use super::acknowledged::AcknowledgedFile;
use super::commit::WriteTransaction;
use super::new_files::{replace_with_copy, sync_file};
use super::path::DeleteOnDrop;
use super::push::QueuedPush;
use super::snapshot::Snapshot;
use super::wal::WriteAheadLog;
use crate::base::{Context, Error, ErrorKind};

pub(super) const LOG: &str = "_delta_log";
/// The application id of the write-ahead log in the table's log, which stores the number of the
/// last merged row.
pub(super) const WAL_APPLICATION: &str = "serenytics-journal";

const SYNC: &str = "a table's log could not be synced to disk";

/// A storage.
pub(crate) struct Storage {
    pub(super) folder: Arc<DeleteOnDrop>,
    pub(super) snapshot: RwLock<Arc<Snapshot>>,
    // Lock order: the table, the columns, the write-ahead log.
    pub(crate) table: Arc<Mutex<Table>>,
    /// Locked by pushes that add a column, and by transactions that need fixed columns.
    pub(super) schema_lock: Arc<Mutex<()>>,
    /// Locked while rows are written to the write-ahead log, until readers see them.
    pub(super) wal: Arc<Mutex<WriteAheadLog>>,
    /// True if the table may have an unknown commit. Check it with the write-ahead log locked.
    pub(super) outcome_unknown: AtomicBool,
    pub(super) pushes: mpsc::Sender<QueuedPush>,
    /// What the table and the write-ahead log contain at least.
    pub(super) acknowledged: AcknowledgedFile,
    /// The time of the last check of the files that found no damage.
    pub(super) checked: std::sync::Mutex<Option<Instant>>,
    /// True if another storage replaced this one in its folder.
    pub(super) retired: AtomicBool,
    /// Notified when there are pushed rows to merge.
    pub(super) due: Arc<Notify>,
    /// Updated after each merge, with the error if it failed.
    pub(super) merged: watch::Sender<Option<String>>,
}

/// The Delta Lake table. The lock allows one writer at a time.
pub(crate) struct Table {
    pub(super) delta: DeltaTable,
    /// The number of commits that are known to be on disk.
    pub(crate) synced: u64,
    /// True if the log may have an unknown commit.
    pub(super) is_stale: bool,
}

impl Storage {
    /// Returns the current snapshot.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the current snapshot with one made from it.
    pub(super) fn publish(&self, change: impl FnOnce(&Snapshot) -> Snapshot) -> Arc<Snapshot> {
        let mut newest = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        *newest = Arc::new(change(&newest));
        Arc::clone(&newest)
    }

    /// Waits for other writers and begins a transaction. Pushes continue.
    pub(crate) async fn write(self: &Arc<Self>) -> WriteTransaction {
        let table = Arc::clone(&self.table).lock_owned().await;
        WriteTransaction::begin(Arc::clone(self), table).await
    }

    /// Returns the notification for pushed rows to merge.
    pub(crate) fn due(&self) -> Arc<Notify> {
        Arc::clone(&self.due)
    }

    /// Notifies the compaction after pushes, if the first rows arrived or there are many.
    pub(super) fn notify_pushed(&self, count: usize, after: &Snapshot) {
        if after.unmerged.rows() <= count as u64 || after.unmerged.is_due() {
            self.due.notify_one();
        }
    }

    /// Reports that the pushed rows could not be merged.
    pub(crate) fn report_merge_error(&self, error: &Error) {
        self.merged.send_replace(Some(error.messages().join("; ")));
    }

    /// Waits until there is room for more unmerged rows.
    pub(super) async fn wait_for_room(&self) -> Result<(), Error> {
        let mut merged = self.merged.subscribe();
        while self.snapshot().unmerged.is_full() {
            self.due.notify_one();
            merged.changed().await.map_err(|_| Error::shutting_down())?;
            if let Some(error) = &*merged.borrow_and_update() {
                let rows = self.snapshot().unmerged.rows();
                return Err(Error::new(
                    ErrorKind::Failed,
                    format!("no rows are accepted until the last {rows} rows are merged into the table: {error}"),
                ));
            }
        }
        Ok(())
    }

    /// Returns what the storage contains, which must still be there when it is opened again.
    pub(crate) fn state(&self) -> TableState {
        let snapshot = self.snapshot();
        TableState {
            table: snapshot.table.as_deref().map(str::to_owned),
            commits: snapshot.commits,
            rows: snapshot.rows,
            pushes: snapshot.unmerged.last(),
        }
    }

    /// Lets the folder be deleted when the last query that reads it has ended.
    pub(super) fn mark_deleted(&self) {
        self.folder.mark_deleted();
    }

    /// Returns true if the storage was removed.
    pub(super) fn is_deleted(&self) -> bool {
        self.folder.is_deleted()
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        // Wakes the compaction loop, which then ends.
        self.due.notify_one();
    }
}

impl Table {
    /// Returns the number of known commits in the log.
    pub(super) fn commits(&self) -> u64 {
        self.delta.version().map_or(0, |version| version + 1)
    }

    /// Syncs the log to disk.
    pub(super) async fn sync_log(&mut self, storage: &Path) -> Result<(), Error> {
        let commits = self.commits();
        let mut files: Vec<PathBuf> = (self.synced..commits)
            .map(|version| log_file(storage, version))
            // A checkpoint may replace the commits before it.
            .flat_map(|file| [file.with_extension("checkpoint.parquet"), file])
            .filter(|file| file.exists())
            .collect();
        if !files.is_empty() && self.synced == 0 {
            // The folder's entry in its parent folder.
            files.push(storage.join(LOG));
        }
        spawn_blocking(move || files.iter().try_for_each(|file| sync_file(file))).await.context(SYNC)?.context(SYNC)?;
        self.synced = commits;
        Ok(())
    }

    /// Rewrites the commits that may not be on disk. After a failed sync, a second sync of the same
    /// file would not report the error again.
    pub(super) async fn rewrite_log(&self, storage: &Path) -> Result<(), Error> {
        let files: Vec<PathBuf> = (self.synced..self.commits()).map(|version| log_file(storage, version)).collect();
        spawn_blocking(move || files.iter().try_for_each(|file| replace_with_copy(file)))
            .await
            .context(SYNC)?
            .context(SYNC)
    }

    /// Returns the number of the last pushed row in the table.
    pub(super) async fn merged(&self) -> Result<u64, Error> {
        merged_rows(&self.delta).await
    }
}

/// Returns the number of the last pushed row in a table.
pub(super) async fn merged_rows(table: &DeltaTable) -> Result<u64, Error> {
    const CONTEXT: &str = "a table's log could not be read";
    let state = table.snapshot().context(CONTEXT)?;
    let merged = state.transaction_version(table.log_store().as_ref(), WAL_APPLICATION).await.context(CONTEXT)?;
    u64::try_from(merged.unwrap_or(0)).context(CONTEXT)
}

/// Returns the path of a commit's file.
pub(super) fn log_file(storage: &Path, version: u64) -> PathBuf {
    storage.join(LOG).join(format!("{version:020}.json"))
}
