//! Commits: the write transaction of a storage, and the commits that it adds to the table's log.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, MetadataExt, Protocol, StructType, Transaction};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTableError, TableProperty};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::new_files::{NewFiles, WrittenFiles};
use super::snapshot::{DataFile, Snapshot};
use super::table::{Storage, Table, WAL_APPLICATION, log_file};
use super::wal::WriteAheadLog;
use crate::base::{Context, Error, ErrorKind, join_task};
use crate::rows::{Column, file_schema};

const FAILED: &str = "a change could not be committed";

/// The key of a commit's id in the log.
const COMMIT_ID: &str = "serenyticsCommit";

/// How long log files remain after a checkpoint replaced them. The checkpoint must be on disk
/// before.
const RETENTION: &str = "interval 1 hours";
/// The number of commits between two cleanups of such files.
const COMMITS_PER_CLEANUP: u64 = 100;

/// The number of columns whose statistics the Delta kernel parses. With others, it would log cells of columns that had
/// another type before a reload.
const PARSED_STATISTICS: &str = "0";

/// The changes that a commit makes to a storage.
pub(crate) struct Change {
    /// The columns after the commit.
    pub(crate) columns: Arc<Vec<Column>>,
    /// The files whose rows are deleted or replaced.
    pub(crate) remove: Vec<Arc<DataFile>>,
    /// The new files.
    pub(crate) add: WrittenFiles,
    /// The number of the last pushed row that the commit merges or deletes. Later rows stay
    /// unmerged.
    pub(crate) pushes: u64,
}

/// The exclusive right to change a storage.
pub(crate) struct WriteTransaction {
    storage: Arc<Storage>,
    table: OwnedMutexGuard<Table>,
    schema_lock: Option<OwnedMutexGuard<()>>,
    wal: Option<OwnedMutexGuard<WriteAheadLog>>,
}

impl Drop for WriteTransaction {
    fn drop(&mut self) {
        // Before the table is unlocked, so that pushes wait if they must.
        self.storage.outcome_unknown.store(self.table.is_stale, Ordering::Release);
    }
}

impl WriteTransaction {
    /// Begins a transaction; the caller has locked the table.
    pub(super) async fn begin(storage: Arc<Storage>, table: OwnedMutexGuard<Table>) -> WriteTransaction {
        let mut writing = WriteTransaction { storage, table, schema_lock: None, wal: None };
        if writing.table.is_stale
            && let Err(error) = writing.catch_up().await
        {
            tracing::warn!(%error, "a table's log could not be read again");
        }
        writing
    }

    /// Returns the current snapshot. The table does not change during the transaction, but rows may
    /// be pushed.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.storage.snapshot()
    }

    /// Locks the columns: from now on, pushes that add a column wait for the end of the
    /// transaction.
    pub(crate) async fn lock_columns(&mut self) {
        self.schema_lock = Some(Arc::clone(&self.storage.schema_lock).lock_owned().await);
    }

    /// From now on, all pushes wait for the end of the transaction.
    pub(crate) async fn pause(&mut self) {
        self.wal = Some(Arc::clone(&self.storage.wal).lock_owned().await);
    }

    /// Starts new files with these columns.
    pub(crate) fn new_files(&self, columns: &[Column]) -> Result<NewFiles, Error> {
        if self.table.is_stale {
            return Err(outcome_unknown_error());
        }
        self.storage.check_not_retired()?;
        self.snapshot().check_files().context(FAILED)?;
        NewFiles::begin(&self.table.delta, self.storage.folder.path(), columns, self.table.commits())
    }

    /// Makes all changes in one commit and ends the transaction. Readers see the state before or
    /// after it.
    ///
    /// If the caller is cancelled, the commit still runs to completion, so that the next
    /// transaction knows the content of the log.
    pub(crate) async fn commit(self, mut change: Change) -> Result<Arc<Snapshot>, Error> {
        // The process may be killed when the log already names the files. Files that it does not
        // name are removed when the storage is opened again.
        change.add.keep(true);
        join_task(tokio::spawn(self.run(change)).await)
    }

    async fn run(mut self, mut change: Change) -> Result<Arc<Snapshot>, Error> {
        let committed = self.write_commit(&change).await;
        change.add.keep(committed.is_ok() || self.table.is_stale);
        committed?;
        let after = self.publish_table(change.pushes).await?;
        // The removed files were kept until the log is on disk.
        for file in &change.remove {
            file.file.mark_deleted();
        }
        let mut wal = match self.wal.take() {
            Some(wal) => wal,
            None => Arc::clone(&self.storage.wal).lock_owned().await,
        };
        tokio::task::spawn_blocking(move || wal.remove_merged(change.pushes)).await.context(FAILED)?;
        Ok(after)
    }

    /// Publishes the table's state to readers, after syncing its log. `merged` is the number of the
    /// last pushed row in the table; later ones stay unmerged.
    async fn publish_table(&mut self, merged: u64) -> Result<Arc<Snapshot>, Error> {
        self.table.sync_log(self.storage.folder.path()).await.map_err(outcome_unknown)?;
        let state = self.table.delta.snapshot().context(FAILED)?;
        let table = Snapshot::of(state, merged, &self.snapshot())?;
        let after = self.storage.publish(|newest| table.with_pushes_of(newest));
        self.storage.acknowledged.committed(after.commits, after.digest);
        self.mark_known();
        self.storage.merged.send_replace(None);
        Ok(after)
    }

    /// Records that the whole log is known and visible to readers, so that pushes may continue.
    fn mark_known(&mut self) {
        self.table.is_stale = false;
        self.storage.outcome_unknown.store(false, Ordering::Release);
    }

    /// Reads the log again after a change with an unknown outcome.
    async fn catch_up(&mut self) -> Result<(), Error> {
        match self.table.delta.update_state().await {
            Ok(()) => {}
            Err(DeltaTableError::NotATable(_) | DeltaTableError::InvalidVersion(_))
                if self.table.delta.state.is_none() =>
            {
                // The first change was not made.
                self.mark_known();
                return Ok(());
            }
            Err(error) => return Err(error).context(FAILED),
        }
        self.table.rewrite_log(self.storage.folder.path()).await?;
        let merged = self.table.merged().await?;
        self.publish_table(merged).await.map(|_| ())
    }

    async fn write_commit(&mut self, change: &Change) -> Result<(), Error> {
        let before = self.snapshot();
        let mut actions: Vec<Action> = change.add.add.iter().cloned().map(Action::Add).collect();
        // The number is in the same commit as the rows: even if the process is killed, they are
        // merged exactly once.
        let merged = i64::try_from(change.pushes).context(FAILED)?;
        // This is the only writer. An unknown commit in the log comes from an interrupted change.
        // No commit may follow it without taking it into account, so do not retry.
        let properties = CommitProperties::default().with_max_retries(0);
        let id = Uuid::new_v4().to_string();
        let properties = properties.with_metadata([(COMMIT_ID.to_owned(), id.as_str().into())]);
        let properties = match change.pushes {
            0 => properties,
            _ => properties.with_application_transaction(Transaction::new(WAL_APPLICATION, merged)),
        };
        // Searching for old log files costs more the more there are.
        let properties =
            properties.with_cleanup_expired_logs(Some(self.table.commits().is_multiple_of(COMMITS_PER_CLEANUP)));
        let result = if self.table.delta.state.is_none() {
            self.create(&change.columns, actions, properties).await?
        } else {
            self.removals(&change.remove, &mut actions)?;
            let columns = (change.columns != before.table_columns).then_some(change.columns.as_slice());
            self.append(columns, actions, properties).await?
        };
        match result {
            Ok(()) => Ok(()),
            Err(error) => self.recover(error, &id).await,
        }
    }

    /// Makes the first commit: the table and its first rows.
    async fn create(
        &mut self,
        columns: &[Column],
        mut actions: Vec<Action>,
        properties: CommitProperties,
    ) -> Result<Result<(), DeltaTableError>, Error> {
        // Every table supports datetimes without a time zone, so that a later reload may add some.
        let protocol: Protocol = serde_json::from_value(serde_json::json!({
            "minReaderVersion": 3,
            "minWriterVersion": 7,
            "readerFeatures": ["timestampNtz"],
            "writerFeatures": ["timestampNtz"],
        }))
        .context(FAILED)?;
        actions.push(Action::Protocol(protocol));
        let create = CreateBuilder::new()
            .with_log_store(self.table.delta.log_store())
            .with_columns(delta_schema(columns)?.fields().cloned())
            .with_configuration_property(TableProperty::LogRetentionDuration, Some(RETENTION))
            .with_configuration_property(TableProperty::DeletedFileRetentionDuration, Some(RETENTION))
            .with_configuration_property(TableProperty::DataSkippingNumIndexedCols, Some(PARSED_STATISTICS))
            .with_actions(actions)
            .with_commit_properties(properties);
        self.table.is_stale = true;
        Ok(create.await.map(|table| self.table.delta = table))
    }

    /// Makes a later commit.
    async fn append(
        &mut self,
        columns: Option<&[Column]>,
        mut actions: Vec<Action>,
        properties: CommitProperties,
    ) -> Result<Result<(), DeltaTableError>, Error> {
        let table = &mut *self.table;
        let state = table.delta.snapshot().context(FAILED)?;
        if let Some(columns) = columns {
            let metadata = state.metadata().clone().with_schema(&delta_schema(columns)?).context(FAILED)?;
            // Tables of older versions do not have it yet.
            let property = TableProperty::DataSkippingNumIndexedCols.as_ref().to_owned();
            let metadata = metadata.add_config_key(property, PARSED_STATISTICS.to_owned()).context(FAILED)?;
            actions.push(Action::Metadata(metadata));
        }
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        let commit = CommitBuilder::from(properties).with_actions(actions);
        table.is_stale = true;
        let committed = commit.build(Some(state), table.delta.log_store(), operation).await;
        Ok(committed.map(|committed| table.delta.state = Some(committed.snapshot())))
    }

    /// Handles a failed commit. It may still be in the log, if only a later step failed.
    async fn recover(&mut self, error: DeltaTableError, id: &str) -> Result<(), Error> {
        let commits = self.table.commits();
        let file = log_file(self.storage.folder.path(), commits);
        let result = tokio::task::spawn_blocking(move || id_of(&file)).await.context(FAILED)?;
        match result {
            Ok(Some(other)) if other == id => match self.table.delta.update_state().await {
                Ok(()) if self.table.commits() > commits => {
                    tracing::warn!(%error, "a commit was made, but a later step failed");
                    Ok(())
                }
                _ => Err(error).context(FAILED).map_err(outcome_unknown),
            },
            // The log has a commit that is unknown here.
            Ok(Some(_)) => Err(error).context(FAILED),
            Ok(None) => {
                self.table.is_stale = false;
                Err(error).context(FAILED)
            }
            Err(_) => Err(error).context(FAILED).map_err(outcome_unknown),
        }
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
}

/// Returns the id of a commit in the log. `None` if there is no such commit; empty if another
/// program made it.
fn id_of(file: &Path) -> std::io::Result<Option<String>> {
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    let actions = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut ids = actions.filter_map(|action| action["commitInfo"][COMMIT_ID].as_str().map(str::to_owned));
    Ok(Some(ids.next().unwrap_or_default()))
}

/// Makes the error for a write after a change with an unknown outcome.
pub(super) fn outcome_unknown_error() -> Error {
    Error::new(ErrorKind::Failed, "the outcome of the previous change is unknown; try again later")
}

fn outcome_unknown(error: Error) -> Error {
    Error::failed("the change may or may not have been applied; check before retrying", error)
}

fn delta_schema(columns: &[Column]) -> Result<StructType, Error> {
    file_schema(columns).as_ref().try_into_kernel().context("the columns do not fit a table")
}
