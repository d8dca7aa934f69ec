//! Commits: the one writer of a storage at a time, and what its changes are in the table's log.

use std::path::PathBuf;
use std::sync::Arc;

use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, MetadataExt, Protocol, StructType, Transaction};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTableError, TableProperty};
use tokio::sync::{MutexGuard, OwnedMutexGuard};

use super::columns::{Column, file_schema};
use super::files::{NewFiles, WrittenFiles, sync_file};
use super::journal::Journal;
use super::snapshot::{DataFile, Snapshot};
use super::table::{JOURNAL, LOG, Storage, Table};
use crate::error::{Context, Error, Kind};

const FAILED: &str = "a change could not be committed";

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
    /// The number of the last push that the new files have, or that is no more. Later ones stay pending.
    pub(crate) pushes: u64,
}

/// The right to change a storage, which one holder at a time has.
pub(crate) struct Writing<'a> {
    storage: &'a Storage,
    table: MutexGuard<'a, Table>,
    shape: Option<MutexGuard<'a, ()>>,
    journal: Option<OwnedMutexGuard<Journal>>,
}

impl<'a> Writing<'a> {
    /// The right, for who holds the table.
    pub(super) async fn begin(storage: &'a Storage, table: MutexGuard<'a, Table>) -> Writing<'a> {
        let mut writing = Writing { storage, table, shape: None, journal: None };
        if writing.table.is_behind
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
