//! Commits: the one writer of a storage at a time, and what its changes are in the table's log.

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

/// What a commit's id is called in the log.
const COMMIT_ID: &str = "serenyticsCommit";

/// How long parts of the log stay that a checkpoint has replaced: long enough that the checkpoint is on the disk.
const RETENTION: &str = "interval 1 hours";
/// How many commits there are between two searches for such parts.
const CLEANUP: u64 = 100;

/// What a commit does to a storage.
pub(crate) struct Change {
    /// The columns from now on.
    pub(crate) columns: Arc<Vec<Column>>,
    /// The files whose rows are no more.
    pub(crate) remove: Vec<Arc<DataFile>>,
    /// The new files.
    pub(crate) add: WrittenFiles,
    /// The number of the last push that the new files have, or that is no more. Later ones stay unmerged.
    pub(crate) pushes: u64,
}

/// The right to change a storage, which one holder at a time has.
pub(crate) struct WriteTransaction {
    storage: Arc<Storage>,
    table: OwnedMutexGuard<Table>,
    schema_lock: Option<OwnedMutexGuard<()>>,
    wal: Option<OwnedMutexGuard<WriteAheadLog>>,
}

impl Drop for WriteTransaction {
    fn drop(&mut self) {
        // While pushes still wait, if they have to.
        self.storage.outcome_unknown.store(self.table.is_stale, Ordering::Release);
    }
}

impl WriteTransaction {
    /// The right, for who holds the table.
    pub(super) async fn begin(storage: Arc<Storage>, table: OwnedMutexGuard<Table>) -> WriteTransaction {
        let mut writing = WriteTransaction { storage, table, schema_lock: None, wal: None };
        if writing.table.is_stale
            && let Err(error) = writing.catch_up().await
        {
            tracing::warn!(%error, "a table's log could not be read again");
        }
        writing
    }

    /// The state now: the table's stays as long as the right is held, rows are pushed all the while.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.storage.snapshot()
    }

    /// From here on no push brings a column: those that would wait until the right is given back.
    pub(crate) async fn keep_columns(&mut self) {
        self.schema_lock = Some(Arc::clone(&self.storage.schema_lock).lock_owned().await);
    }

    /// From here on every push waits until the right is given back.
    pub(crate) async fn pause(&mut self) {
        self.wal = Some(Arc::clone(&self.storage.wal).lock_owned().await);
    }

    /// Begins new files with these columns.
    pub(crate) fn new_files(&self, columns: &[Column]) -> Result<NewFiles, Error> {
        if self.table.is_stale {
            return Err(in_doubt());
        }
        NewFiles::begin(&self.table.delta, self.storage.folder.path(), columns, self.table.commits())
    }

    /// Makes a change, all of it in one commit, and gives the right back. Readers see the state before or the state
    /// after. Who waits for this may be cut: what is begun is done to its end all the same, so that the next one knows
    /// what the log has.
    pub(crate) async fn commit(self, mut change: Change) -> Result<Arc<Snapshot>, Error> {
        // The engine may end when the log has the files already: what it lacks is removed when the storage is opened
        // again.
        change.add.keep(true);
        join_task(tokio::spawn(self.run(change)).await)
    }

    async fn run(mut self, mut change: Change) -> Result<Arc<Snapshot>, Error> {
        let committed = self.write_commit(&change).await;
        change.add.keep(committed.is_ok() || self.table.is_stale);
        committed?;
        let after = self.show(change.pushes).await?;
        // What the log no longer needs was kept until the log is on the disk.
        for file in &change.remove {
            file.file.mark_deleted();
        }
        let mut wal = match self.wal.take() {
            Some(wal) => wal,
            None => Arc::clone(&self.storage.wal).lock_owned().await,
        };
        tokio::task::spawn_blocking(move || wal.forget(change.pushes)).await.context(FAILED)?;
        Ok(after)
    }

    /// Shows readers the table as it is now, once its log is on the disk, with the pushed rows after a number, up to
    /// which the table has them.
    async fn show(&mut self, merged: u64) -> Result<Arc<Snapshot>, Error> {
        self.table.sync_log(self.storage.folder.path()).await.map_err(unknown)?;
        let state = self.table.delta.snapshot().context(FAILED)?;
        let table = Snapshot::of(state, merged, &self.snapshot())?;
        let after = self.storage.publish(|newest| table.with_pushes_of(newest));
        self.is_known();
        self.storage.merged.send_replace(None);
        Ok(after)
    }

    /// All that the log has is known here, and readers see it: pushes wait no longer.
    fn is_known(&mut self) {
        self.table.is_stale = false;
        self.storage.outcome_unknown.store(false, Ordering::Release);
    }

    /// Reads the log again, after a change of which it is not known whether it was made.
    async fn catch_up(&mut self) -> Result<(), Error> {
        match self.table.delta.update_state().await {
            Ok(()) => {}
            Err(DeltaTableError::NotATable(_) | DeltaTableError::InvalidVersion(_))
                if self.table.delta.state.is_none() =>
            {
                // The first change was not made.
                self.is_known();
                return Ok(());
            }
            Err(error) => return Err(error).context(FAILED),
        }
        self.table.write_log_anew(self.storage.folder.path()).await?;
        let merged = self.table.merged().await?;
        self.show(merged).await.map(|_| ())
    }

    async fn write_commit(&mut self, change: &Change) -> Result<(), Error> {
        let before = self.snapshot();
        let mut actions: Vec<Action> = change.add.add.iter().cloned().map(Action::Add).collect();
        // The number is in the same commit as the rows: whenever the engine is killed, they are merged once.
        let merged = i64::try_from(change.pushes).context(FAILED)?;
        // There is no other writer: what is in the log and not known here is a change that was cut, and no rows may be
        // committed after it that do not count on it.
        let properties = CommitProperties::default().with_max_retries(0);
        let id = Uuid::new_v4().to_string();
        let properties = properties.with_metadata([(COMMIT_ID.to_owned(), id.as_str().into())]);
        let properties = match change.pushes {
            0 => properties,
            _ => properties.with_application_transaction(Transaction::new(WAL_APPLICATION, merged)),
        };
        // To look for old parts of the log costs more the more there are.
        let properties = properties.with_cleanup_expired_logs(Some(self.table.commits().is_multiple_of(CLEANUP)));
        let made = if self.table.delta.state.is_none() {
            self.create(&change.columns, actions, properties).await?
        } else {
            self.removals(&change.remove, &mut actions)?;
            let columns = (change.columns != before.table_columns).then_some(change.columns.as_slice());
            self.append(columns, actions, properties).await?
        };
        match made {
            Ok(()) => Ok(()),
            Err(error) => self.recover(error, &id).await,
        }
    }

    /// The first commit: the table and its first rows.
    async fn create(
        &mut self,
        columns: &[Column],
        mut actions: Vec<Action>,
        properties: CommitProperties,
    ) -> Result<Result<(), DeltaTableError>, Error> {
        // Every table may hold datetimes without a zone, so that a later reload can bring some.
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
            .with_actions(actions)
            .with_commit_properties(properties);
        self.table.is_stale = true;
        Ok(create.await.map(|table| self.table.delta = table))
    }

    /// A later commit.
    async fn append(
        &mut self,
        columns: Option<&[Column]>,
        mut actions: Vec<Action>,
        properties: CommitProperties,
    ) -> Result<Result<(), DeltaTableError>, Error> {
        let table = &mut *self.table;
        let state = table.delta.snapshot().context(FAILED)?;
        if let Some(columns) = columns {
            let metadata = state.metadata().clone().with_schema(&delta_schema(columns)?);
            actions.push(Action::Metadata(metadata.context(FAILED)?));
        }
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        let commit = CommitBuilder::from(properties).with_actions(actions);
        table.is_stale = true;
        let committed = commit.build(Some(state), table.delta.log_store(), operation).await;
        Ok(committed.map(|committed| table.delta.state = Some(committed.snapshot())))
    }

    /// After an error: the commit may be in the log all the same, when only what follows it failed.
    async fn recover(&mut self, error: DeltaTableError, id: &str) -> Result<(), Error> {
        let commits = self.table.commits();
        let file = log_file(self.storage.folder.path(), commits);
        let made = tokio::task::spawn_blocking(move || id_of(&file)).await.context(FAILED)?;
        match made {
            Ok(Some(other)) if other == id => match self.table.delta.update_state().await {
                Ok(()) if self.table.commits() > commits => {
                    tracing::warn!(%error, "a commit was made and what follows it failed");
                    Ok(())
                }
                _ => Err(error).context(FAILED).map_err(unknown),
            },
            // The log has a change that is not known here.
            Ok(Some(_)) => Err(error).context(FAILED),
            Ok(None) => {
                self.table.is_stale = false;
                Err(error).context(FAILED)
            }
            Err(_) => Err(error).context(FAILED).map_err(unknown),
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

/// The id of a commit of the log; none if there is no such commit, empty if it is not one of ours.
fn id_of(file: &Path) -> std::io::Result<Option<String>> {
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    let actions = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut ids = actions.filter_map(|action| action["commitInfo"][COMMIT_ID].as_str().map(str::to_owned));
    Ok(Some(ids.next().unwrap_or_default()))
}

/// The error of who comes after a change of which it is not known whether it was made.
pub(super) fn in_doubt() -> Error {
    Error::new(ErrorKind::Failed, "the last change of the storage may be made or not, try again later")
}

fn unknown(error: Error) -> Error {
    Error::failed("it is not known whether the change was made: look before it is sent again", error)
}

fn delta_schema(columns: &[Column]) -> Result<StructType, Error> {
    file_schema(columns).as_ref().try_into_kernel().context("the columns do not fit a table")
}
