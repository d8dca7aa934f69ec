//! One storage: a Delta Lake table, the snapshot that readers get, and the one writer at a time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, MetadataExt, Protocol, StructType, Transaction};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTable, DeltaTableBuilder, DeltaTableError, TableProperty};
use tokio::sync::{Mutex, MutexGuard, Notify, OwnedMutexGuard, mpsc, watch};
use url::Url;

use super::columns::{Column, file_schema};
use super::files::{NewFiles, WrittenFiles, sync_file};
use super::journal::{self, Journal};
use super::path::SharedPath;
use super::pushes::{QUEUE, Waiting, replayed, writing};
use super::snapshot::{DataFile, Snapshot};
use crate::error::{Context, Error, Kind};

const LOG: &str = "_delta_log";
const FAILED: &str = "a change could not be committed";

/// How long parts of the log stay that a checkpoint has replaced: long enough that the checkpoint is on the disk.
const RETENTION: &str = "interval 1 hours";
/// How many commits there are between two searches for such parts.
const CLEANUP: u64 = 100;

/// What the table's log calls the journal, whose rows it has up to a number.
const JOURNAL: &str = "serenytics-journal";

/// A storage.
pub(crate) struct Storage {
    folder: Arc<SharedPath>,
    snapshot: RwLock<Arc<Snapshot>>,
    // Locks are taken in this order: the table, the columns, the journal.
    table: Mutex<Table>,
    /// Held by whoever counts on that no push brings a column, or brings one.
    pub(super) shape: Mutex<()>,
    /// Held while rows are written to the journal, until readers see them.
    pub(super) journal: Arc<Mutex<Journal>>,
    pub(super) pushes: mpsc::Sender<Waiting>,
    /// Told when there are pushed rows to merge.
    due: Arc<Notify>,
    /// Told after a merge; what went wrong, if it did.
    merged: watch::Sender<Option<String>>,
}

/// The table, for its one writer at a time.
struct Table {
    delta: DeltaTable,
    /// How many commits of its log are known to be on the disk.
    synced: u64,
    /// Whether its log may have a commit that is not known here.
    is_behind: bool,
}

/// What a commit does to a storage.
pub(crate) struct Change {
    /// The columns from now on.
    pub(crate) columns: Arc<Vec<Column>>,
    /// The files whose rows are no more.
    pub(crate) remove: Vec<Arc<DataFile>>,
    /// The new files.
    pub(crate) add: WrittenFiles,
    /// The number of the last push that the new files have, or that is no more. Later ones stay pending.
    pub(crate) pushes: u64,
}

impl Storage {
    /// Opens the storage in a folder, which is made if it does not exist.
    pub(super) async fn open(folder: PathBuf) -> Result<Arc<Storage>, Error> {
        const CONTEXT: &str = "a storage could not be opened";
        if !folder.exists() {
            std::fs::create_dir_all(&folder).and_then(|()| sync_file(&folder)).context(CONTEXT)?;
        }
        let folder = folder.canonicalize().context(CONTEXT)?;
        let url = Url::from_directory_path(&folder)
            .map_err(|()| Error::new(Kind::Failed, format!("{} is no folder", folder.display())))?;
        let builder = DeltaTableBuilder::from_url(url).context(CONTEXT)?;
        let has_data = folder.join(LOG).is_dir();
        let folder = Arc::new(SharedPath::new(folder));
        let mut snapshot = Snapshot::empty(Arc::clone(&folder));
        let mut table = Table { delta: builder.build().context(CONTEXT)?, synced: 0, is_behind: false };
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
        table.synced = table.commits();
        remove_unused(folder.path(), &snapshot);

        let merged = snapshot.pending.last();
        let opened = {
            let folder = folder.path().to_owned();
            tokio::task::spawn_blocking(move || Journal::open(&folder, merged))
        };
        let (journal, entries) = opened.await.context(CONTEXT)??;
        let (types, rows) = replayed(&snapshot.columns, entries)?;
        let snapshot = snapshot.with_pushed(types.columns(), rows);

        let (pushes, waiting) = mpsc::channel(QUEUE);
        let storage = Arc::new(Storage {
            folder,
            snapshot: RwLock::new(Arc::new(snapshot)),
            table: Mutex::new(table),
            shape: Mutex::default(),
            journal: Arc::new(Mutex::new(journal)),
            pushes,
            due: Arc::default(),
            merged: watch::channel(None).0,
        });
        tokio::spawn(writing(Arc::downgrade(&storage), waiting));
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
    pub(crate) async fn write(&self) -> Writing<'_> {
        let mut writing = Writing { storage: self, table: self.table.lock().await, shape: None, journal: None };
        if writing.table.is_behind
            && let Err(error) = writing.catch_up().await
        {
            tracing::warn!(%error, "a table's log could not be read again");
        }
        writing
    }

    /// What is told when there are pushed rows to merge.
    pub(crate) fn due(&self) -> Arc<Notify> {
        Arc::clone(&self.due)
    }

    /// Tells that rows were pushed, after which the state is this one.
    pub(super) fn tell_pushed(&self, count: usize, after: &Snapshot) {
        if after.pending.rows() <= count as u64 || after.pending.is_due() {
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
        while self.snapshot().pending.is_full() {
            self.due.notify_one();
            merged.changed().await.context("the engine stops")?;
            if let Some(error) = &*merged.borrow_and_update() {
                let rows = self.snapshot().pending.rows();
                return Err(Error::new(
                    Kind::Failed,
                    format!("no row is taken before the {rows} last ones are merged into the table: {error}"),
                ));
            }
        }
        Ok(())
    }

    /// Lets the folder be removed when the last query that reads it has ended.
    pub(super) fn give_up(&self) {
        self.folder.give_up();
    }

    /// Whether the storage was removed.
    pub(super) fn is_given_up(&self) -> bool {
        self.folder.is_given_up()
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
    fn commits(&self) -> u64 {
        self.delta.version().map_or(0, |version| version + 1)
    }

    /// The number of the last push that the table has.
    async fn merged(&self) -> Result<u64, Error> {
        const CONTEXT: &str = "a table's log could not be read";
        let state = self.delta.snapshot().context(CONTEXT)?;
        let merged = state.transaction_version(self.delta.log_store().as_ref(), JOURNAL).await.context(CONTEXT)?;
        u64::try_from(merged.unwrap_or(0)).context(CONTEXT)
    }
}

/// The right to change a storage, which one holder at a time has.
pub(crate) struct Writing<'a> {
    storage: &'a Storage,
    table: MutexGuard<'a, Table>,
    shape: Option<MutexGuard<'a, ()>>,
    journal: Option<OwnedMutexGuard<Journal>>,
}

impl Writing<'_> {
    /// The state now: the table's stays as long as the right is held, rows are pushed all the while.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.storage.snapshot()
    }

    /// From here on no push brings a column: those that would wait until the right is given back.
    pub(crate) async fn keep_columns(&mut self) {
        self.shape = Some(self.storage.shape.lock().await);
    }

    /// From here on every push waits until the right is given back.
    pub(crate) async fn pause(&mut self) {
        self.journal = Some(Arc::clone(&self.storage.journal).lock_owned().await);
    }

    /// Begins new files with these columns.
    pub(crate) fn new_files(&self, columns: &[Column]) -> Result<NewFiles, Error> {
        if self.table.is_behind {
            return Err(Error::new(Kind::Failed, "the last change of the storage may be made or not, try again later"));
        }
        NewFiles::begin(&self.table.delta, self.storage.folder.path(), columns, self.table.commits())
    }

    /// Makes a change, all of it in one commit. Readers see the state before or the state after. Pushes go on when this
    /// returns.
    pub(crate) async fn commit(&mut self, mut change: Change) -> Result<Arc<Snapshot>, Error> {
        // From here on a cut might come when the log has the files already: what it lacks is removed when the storage
        // is opened again.
        change.add.keep(true);
        let committed = self.write_commit(&change).await;
        change.add.keep(committed.is_ok() || self.table.is_behind);
        committed?;
        let after = self.show(change.pushes)?;
        // What the log has no longer needs is kept until the log is on the disk.
        self.sync_log().await?;
        for file in &change.remove {
            file.file.give_up();
        }
        let mut journal = match self.journal.take() {
            Some(journal) => journal,
            None => Arc::clone(&self.storage.journal).lock_owned().await,
        };
        tokio::task::spawn_blocking(move || journal.forget(change.pushes)).await.context(FAILED)?;
        Ok(after)
    }

    /// Shows readers the table as it is now, with the pushed rows after a number, up to which the table has them.
    fn show(&self, merged: u64) -> Result<Arc<Snapshot>, Error> {
        let state = self.table.delta.snapshot().context(FAILED)?;
        let table = Snapshot::of(state, merged, &self.snapshot())?;
        let after = self.storage.publish(|newest| table.with_pushes_of(newest));
        self.storage.merged.send_replace(None);
        Ok(after)
    }

    /// Reads the log again, after a change of which it is not known whether it was made.
    async fn catch_up(&mut self) -> Result<(), Error> {
        self.table.delta.update_state().await.context(FAILED)?;
        self.table.is_behind = false;
        self.show(self.table.merged().await?).map(|_| ())
    }

    async fn write_commit(&mut self, change: &Change) -> Result<(), Error> {
        let before = self.snapshot();
        let mut actions: Vec<Action> = change.add.add.iter().cloned().map(Action::Add).collect();
        // The number is in the same commit as the rows: whenever the engine is killed, they are merged once.
        let merged = i64::try_from(change.pushes).context(FAILED)?;
        let properties = match change.pushes {
            0 => CommitProperties::default(),
            _ => CommitProperties::default().with_application_transaction(Transaction::new(JOURNAL, merged)),
        };
        // To look for old parts of the log costs more the more there are.
        let properties = properties.with_cleanup_expired_logs(Some(self.table.commits().is_multiple_of(CLEANUP)));
        if self.table.delta.state.is_none() {
            return self.create(&change.columns, actions, properties).await;
        }
        self.removals(&change.remove, &mut actions)?;
        let columns = (change.columns != before.table_columns).then_some(change.columns.as_slice());
        self.append(columns, actions, properties).await
    }

    /// The first commit: the table and its first rows.
    async fn create(
        &mut self,
        columns: &[Column],
        mut actions: Vec<Action>,
        properties: CommitProperties,
    ) -> Result<(), Error> {
        // Every table may hold datetimes without a zone, so that a later reload can bring some.
        let protocol: Protocol = serde_json::from_value(serde_json::json!({
            "minReaderVersion": 3,
            "minWriterVersion": 7,
            "readerFeatures": ["timestampNtz"],
            "writerFeatures": ["timestampNtz"],
        }))
        .context(FAILED)?;
        actions.push(Action::Protocol(protocol));
        let created = CreateBuilder::new()
            .with_log_store(self.table.delta.log_store())
            .with_columns(delta_schema(columns)?.fields().cloned())
            .with_configuration_property(TableProperty::LogRetentionDuration, Some(RETENTION))
            .with_configuration_property(TableProperty::DeletedFileRetentionDuration, Some(RETENTION))
            .with_actions(actions)
            .with_commit_properties(properties)
            .await;
        match created {
            Ok(table) => self.table.delta = table,
            Err(error) => self.recover(error).await?,
        }
        Ok(())
    }

    /// A later commit.
    async fn append(
        &mut self,
        columns: Option<&[Column]>,
        mut actions: Vec<Action>,
        properties: CommitProperties,
    ) -> Result<(), Error> {
        let state = self.table.delta.snapshot().context(FAILED)?;
        if let Some(columns) = columns {
            let metadata = state.metadata().clone().with_schema(&delta_schema(columns)?);
            actions.push(Action::Metadata(metadata.context(FAILED)?));
        }
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        let committed = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(state), self.table.delta.log_store(), operation)
            .await;
        match committed {
            Ok(committed) => self.table.delta.state = Some(committed.snapshot()),
            Err(error) => self.recover(error).await?,
        }
        Ok(())
    }

    /// After an error: the commit may be in the log all the same, when only what follows it failed.
    async fn recover(&mut self, error: DeltaTableError) -> Result<(), Error> {
        let commits = self.table.commits();
        let is_made = self.log_file(commits).exists();
        if is_made {
            match self.table.delta.update_state().await {
                Ok(()) if self.table.commits() > commits => {
                    tracing::warn!(%error, "a commit was made and what follows it failed");
                    return Ok(());
                }
                _ => self.table.is_behind = true,
            }
        }
        Err(error).context(FAILED)
    }

    fn log_file(&self, version: u64) -> PathBuf {
        self.storage.folder.path().join(LOG).join(format!("{version:020}.json"))
    }

    fn removals(&self, files: &[Arc<DataFile>], actions: &mut Vec<Action>) -> Result<(), Error> {
        if files.is_empty() {
            return Ok(());
        }
        let state = self.table.delta.snapshot().context(FAILED)?;
        let log = state.snapshot().try_log_data().context(FAILED)?;
        let names: std::collections::HashSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        actions.extend(
            log.iter()
                .filter(|entry| names.contains(&*entry.path()))
                .map(|entry| Action::Remove(entry.remove_action(true))),
        );
        Ok(())
    }

    /// Waits until the log is on the disk.
    async fn sync_log(&mut self) -> Result<(), Error> {
        let commits = self.table.commits();
        let new = (self.table.synced..commits).map(|version| self.log_file(version));
        // A checkpoint stands for the commits before it.
        let files = new.flat_map(|file| [file.with_extension("checkpoint.parquet"), file]);
        let files: Vec<PathBuf> = files.filter(|file| file.exists()).collect();
        tokio::task::spawn_blocking(move || files.iter().try_for_each(|file| sync_file(file)))
            .await
            .context(FAILED)?
            .context(FAILED)?;
        self.table.synced = commits;
        Ok(())
    }
}

fn delta_schema(columns: &[Column]) -> Result<StructType, Error> {
    file_schema(columns).as_ref().try_into_kernel().context("the columns do not fit a table")
}

/// Removes what no snapshot has: the files of loads that were cut short, and of commits long replaced.
fn remove_unused(folder: &Path, snapshot: &Snapshot) {
    let used: std::collections::HashSet<PathBuf> =
        snapshot.files.iter().map(|file| file.file.path().to_owned()).collect();
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name() != LOG && entry.file_name() != journal::FOLDER) {
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
