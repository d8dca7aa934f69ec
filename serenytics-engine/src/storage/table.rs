//! One storage: a Delta Lake table, the write-ahead log of what is pushed, and the snapshot of both that readers get.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};

use deltalake_core::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use tokio::sync::{Mutex, Notify, mpsc, watch};
use tokio::task::spawn_blocking;
use url::Url;

use super::commit::WriteTransaction;
use super::new_files::{sync_file, write_anew};
use super::path::DeleteOnDrop;
use super::push::{QUEUE, Waiting, replayed, writer_loop};
use super::snapshot::Snapshot;
use super::wal::{self, WriteAheadLog};
use crate::base::{Context, Error, ErrorKind};

pub(super) const LOG: &str = "_delta_log";
/// What the table's log calls the write-ahead log, whose rows it has up to a number.
pub(super) const WAL_APPLICATION: &str = "serenytics-journal";

const SYNC: &str = "a table's log could not be brought to the disk";

/// A storage.
pub(crate) struct Storage {
    pub(super) folder: Arc<DeleteOnDrop>,
    snapshot: RwLock<Arc<Snapshot>>,
    // Locks are taken in this order: the table, the columns, the write-ahead log.
    pub(crate) table: Arc<Mutex<Table>>,
    /// Held by whoever counts on that no push brings a column, or brings one.
    pub(super) schema_lock: Arc<Mutex<()>>,
    /// Held while rows are written to the write-ahead log, until readers see them.
    pub(super) wal: Arc<Mutex<WriteAheadLog>>,
    /// Whether the table may have a change that is not known here. Looked at by who holds the write-ahead log.
    pub(super) outcome_unknown: AtomicBool,
    pub(super) pushes: mpsc::Sender<Waiting>,
    /// Told when there are pushed rows to merge.
    due: Arc<Notify>,
    /// Told after a merge; what went wrong, if it did.
    pub(super) merged: watch::Sender<Option<String>>,
}

/// The table, for its one writer at a time.
pub(crate) struct Table {
    pub(super) delta: DeltaTable,
    /// How many commits of its log are known to be on the disk.
    pub(crate) synced: u64,
    /// Whether its log may have a commit that is not known here.
    pub(super) is_stale: bool,
}

impl Storage {
    /// Opens the storage in a folder, which is made if it does not exist.
    pub(crate) async fn open(folder: PathBuf) -> Result<Arc<Storage>, Error> {
        const CONTEXT: &str = "a storage could not be opened";
        if !folder.exists() {
            std::fs::create_dir_all(&folder).and_then(|()| sync_file(&folder)).context(CONTEXT)?;
        }
        let folder = folder.canonicalize().context(CONTEXT)?;
        let url = Url::from_directory_path(&folder)
            .map_err(|()| Error::new(ErrorKind::Failed, format!("{} is no folder", folder.display())))?;
        let builder = DeltaTableBuilder::from_url(url).context(CONTEXT)?;
        let has_data = folder.join(LOG).is_dir();
        let folder = Arc::new(DeleteOnDrop::new(folder));
        let mut snapshot = Snapshot::empty(Arc::clone(&folder));
        let mut table = Table { delta: builder.build().context(CONTEXT)?, synced: 0, is_stale: false };
        if has_data {
            match table.delta.load().await {
                Ok(()) => {
                    let state = table.delta.snapshot().context(CONTEXT)?;
                    snapshot = Snapshot::of(state, table.merged().await?, &snapshot)?;
                }
                // The folder of a log without a commit, from a first load that was cut short.
                Err(DeltaTableError::NotATable(_) | DeltaTableError::InvalidVersion(_)) => {}
                Err(error) => return Err(error).context(CONTEXT),
            }
        }
        // The last commit may be one that the engine was killed after, before it was on the disk; rows that it has are
        // removed from the write-ahead log below.
        table.synced = table.commits().saturating_sub(1);
        table.sync_log(folder.path()).await?;
        remove_unused(folder.path(), &snapshot);

        let merged = snapshot.unmerged.last();
        let opened = {
            let folder = folder.path().to_owned();
            spawn_blocking(move || WriteAheadLog::open(&folder, merged))
        };
        let (wal, entries) = opened.await.context(CONTEXT)??;
        let (types, rows) = replayed(&snapshot.columns, entries)?;
        let snapshot = snapshot.with_pushed(types.columns(), rows);

        let (pushes, waiting) = mpsc::channel(QUEUE);
        let storage = Arc::new(Storage {
            folder,
            snapshot: RwLock::new(Arc::new(snapshot)),
            table: Arc::new(Mutex::new(table)),
            schema_lock: Arc::default(),
            wal: Arc::new(Mutex::new(wal)),
            outcome_unknown: AtomicBool::new(false),
            pushes,
            due: Arc::default(),
            merged: watch::channel(None).0,
        });
        tokio::spawn(writer_loop(Arc::downgrade(&storage), waiting));
        Ok(storage)
    }

    /// The state now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes the state another one, which is made of the newest one.
    pub(super) fn publish(&self, change: impl FnOnce(&Snapshot) -> Snapshot) -> Arc<Snapshot> {
        let mut newest = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        *newest = Arc::new(change(&newest));
        Arc::clone(&newest)
    }

    /// Waits until nobody else writes. Pushes go on.
    pub(crate) async fn write(self: &Arc<Self>) -> WriteTransaction {
        let table = Arc::clone(&self.table).lock_owned().await;
        WriteTransaction::begin(Arc::clone(self), table).await
    }

    /// What is told when there are pushed rows to merge.
    pub(crate) fn due(&self) -> Arc<Notify> {
        Arc::clone(&self.due)
    }

    /// Tells that rows were pushed, after which the state is this one.
    pub(super) fn tell_pushed(&self, count: usize, after: &Snapshot) {
        if after.unmerged.rows() <= count as u64 || after.unmerged.is_due() {
            self.due.notify_one();
        }
    }

    /// Tells that the pushed rows could not be merged.
    pub(crate) fn tell_unmerged(&self, error: &Error) {
        self.merged.send_replace(Some(error.messages().join("; ")));
    }

    /// Waits until there is room for more pushed rows.
    pub(super) async fn wait_for_room(&self) -> Result<(), Error> {
        let mut merged = self.merged.subscribe();
        while self.snapshot().unmerged.is_full() {
            self.due.notify_one();
            merged.changed().await.map_err(|_| Error::shutting_down())?;
            if let Some(error) = &*merged.borrow_and_update() {
                let rows = self.snapshot().unmerged.rows();
                return Err(Error::new(
                    ErrorKind::Failed,
                    format!("no row is taken before the {rows} last ones are merged into the table: {error}"),
                ));
            }
        }
        Ok(())
    }

    /// Lets the folder be removed when the last query that reads it has ended.
    pub(super) fn mark_deleted(&self) {
        self.folder.mark_deleted();
    }

    /// Whether the storage was removed.
    pub(super) fn is_deleted(&self) -> bool {
        self.folder.is_deleted()
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        // Who waits for rows to merge is told that there is no storage any more.
        self.due.notify_one();
    }
}

impl Table {
    /// How many commits the log has, as far as is known.
    pub(super) fn commits(&self) -> u64 {
        self.delta.version().map_or(0, |version| version + 1)
    }

    /// Waits until the log is on the disk.
    pub(super) async fn sync_log(&mut self, storage: &Path) -> Result<(), Error> {
        let commits = self.commits();
        let mut files: Vec<PathBuf> = (self.synced..commits)
            .map(|version| log_file(storage, version))
            // A checkpoint stands for the commits before it.
            .flat_map(|file| [file.with_extension("checkpoint.parquet"), file])
            .filter(|file| file.exists())
            .collect();
        if !files.is_empty() && self.synced == 0 {
            // The log's own name.
            files.push(storage.join(LOG));
        }
        spawn_blocking(move || files.iter().try_for_each(|file| sync_file(file))).await.context(SYNC)?.context(SYNC)?;
        self.synced = commits;
        Ok(())
    }

    /// Writes those commits once more that may not be on the disk: where that failed once, the system tells nothing of
    /// it a second time.
    pub(super) async fn write_log_anew(&self, storage: &Path) -> Result<(), Error> {
        let files: Vec<PathBuf> = (self.synced..self.commits()).map(|version| log_file(storage, version)).collect();
        spawn_blocking(move || files.iter().try_for_each(|file| write_anew(file))).await.context(SYNC)?.context(SYNC)
    }

    /// The number of the last push that the table has.
    pub(super) async fn merged(&self) -> Result<u64, Error> {
        const CONTEXT: &str = "a table's log could not be read";
        let state = self.delta.snapshot().context(CONTEXT)?;
        let merged =
            state.transaction_version(self.delta.log_store().as_ref(), WAL_APPLICATION).await.context(CONTEXT)?;
        u64::try_from(merged.unwrap_or(0)).context(CONTEXT)
    }
}

/// The file of a commit.
pub(super) fn log_file(storage: &Path, version: u64) -> PathBuf {
    storage.join(LOG).join(format!("{version:020}.json"))
}

/// Removes what no snapshot has: the files of loads that were cut short, and of commits long replaced.
fn remove_unused(folder: &Path, snapshot: &Snapshot) {
    let used: std::collections::HashSet<PathBuf> =
        snapshot.files.iter().map(|file| file.file.path().to_owned()).collect();
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name() != LOG && entry.file_name() != wal::FOLDER) {
        let path = entry.path();
        let Ok(inside) = std::fs::read_dir(&path) else { continue };
        for file in inside.flatten().map(|file| file.path()).filter(|file| !used.contains(file)) {
            if let Err(error) = std::fs::remove_file(&file) {
                tracing::warn!(path = %file.display(), %error, "an unused file was not removed");
            }
        }
        // A folder that still holds files stays.
        let _ = std::fs::remove_dir(&path);
    }
}
