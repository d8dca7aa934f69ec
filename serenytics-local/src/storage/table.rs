//! One storage: a Delta Lake table, the snapshot that readers get, and the one writer at a time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, MetadataExt, Protocol, StructType};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use tokio::sync::{Mutex, MutexGuard};
use url::Url;

use super::columns::{Column, file_schema};
use super::files::{NewFiles, WrittenFiles, sync_file};
use super::path::SharedPath;
use super::snapshot::{DataFile, Snapshot};
use crate::error::{Context, Error, Kind};

const LOG: &str = "_delta_log";
const FAILED: &str = "a change could not be committed";

/// A storage.
pub(crate) struct Storage {
    folder: Arc<SharedPath>,
    snapshot: RwLock<Arc<Snapshot>>,
    table: Mutex<DeltaTable>,
}

/// What a commit does to a storage.
pub(crate) struct Change {
    /// The columns from now on; `None` keeps them.
    pub(crate) columns: Option<Vec<Column>>,
    /// The files whose rows are no more.
    pub(crate) remove: Vec<Arc<DataFile>>,
    /// The new files.
    pub(crate) add: WrittenFiles,
}

impl Storage {
    /// Opens the storage in a folder, which is made if it does not exist.
    pub(super) async fn open(folder: PathBuf) -> Result<Storage, Error> {
        const CONTEXT: &str = "a storage could not be opened";
        std::fs::create_dir_all(&folder).context(CONTEXT)?;
        let folder = folder.canonicalize().context(CONTEXT)?;
        let url = Url::from_directory_path(&folder)
            .map_err(|()| Error::new(Kind::Failed, format!("{} is no folder", folder.display())))?;
        let builder = DeltaTableBuilder::from_url(url).context(CONTEXT)?;
        let has_data = folder.join(LOG).is_dir();
        let folder = Arc::new(SharedPath::new(folder));
        let mut snapshot = Snapshot::empty(Arc::clone(&folder));
        let mut table = builder.build().context(CONTEXT)?;
        if has_data {
            match table.load().await {
                Ok(()) => snapshot = Snapshot::of(table.snapshot().context(CONTEXT)?, &snapshot)?,
                // The folder of a log without a commit, from a first load that was cut short.
                Err(DeltaTableError::NotATable(_) | DeltaTableError::InvalidVersion(_)) => {}
                Err(error) => return Err(error).context(CONTEXT),
            }
        }
        remove_unused(folder.path(), &snapshot);
        Ok(Storage { folder, snapshot: RwLock::new(Arc::new(snapshot)), table: Mutex::new(table) })
    }

    /// The state at the last commit.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until nobody else writes.
    pub(crate) async fn write(&self) -> Writing<'_> {
        Writing { storage: self, table: self.table.lock().await }
    }

    /// Lets the folder be removed when the last query that reads it has ended.
    pub(super) fn give_up(&self) {
        self.folder.give_up();
    }
}

/// The right to change a storage, which one holder at a time has.
pub(crate) struct Writing<'a> {
    storage: &'a Storage,
    table: MutexGuard<'a, DeltaTable>,
}

impl Writing<'_> {
    /// The state at the last commit, which stays the last one as long as the right is held.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.storage.snapshot()
    }

    /// Begins new files with these columns.
    pub(crate) fn new_files(&self, columns: &[Column]) -> Result<NewFiles, Error> {
        let commit = self.table.version().map_or(0, |version| version + 1);
        NewFiles::begin(&self.table, self.storage.folder.path(), columns, commit)
    }

    /// Makes a change, all of it in one commit. Readers see the state before or the state after.
    pub(crate) async fn commit(&mut self, mut change: Change) -> Result<Arc<Snapshot>, Error> {
        // From here on a cut might come when the log has the files already: what it lacks is removed when the storage
        // is opened again.
        change.add.keep(true);
        let committed = self.write_commit(&change).await;
        change.add.keep(committed.is_ok());
        committed?;
        self.sync_log().await?;
        let before = self.snapshot();
        let state = self.table.snapshot().context(FAILED)?;
        let after = Arc::new(Snapshot::of(state, &before)?);
        *self.storage.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&after);
        for file in &change.remove {
            file.file.give_up();
        }
        Ok(after)
    }

    async fn write_commit(&mut self, change: &Change) -> Result<(), Error> {
        let before = self.snapshot();
        let columns = match &change.columns {
            Some(columns) if self.table.state.is_none() || *columns != before.columns => Some(columns.as_slice()),
            _ => None,
        };
        let mut actions: Vec<Action> = change.add.add.iter().cloned().map(Action::Add).collect();
        match columns {
            Some(columns) if self.table.state.is_none() => self.create(columns, actions).await,
            columns => {
                self.removals(&change.remove, &mut actions)?;
                self.append(columns, actions).await
            }
        }
    }

    /// The first commit: the table and its first rows.
    async fn create(&mut self, columns: &[Column], mut actions: Vec<Action>) -> Result<(), Error> {
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
            .with_log_store(self.table.log_store())
            .with_columns(delta_schema(columns)?.fields().cloned())
            .with_actions(actions)
            .await;
        match created {
            Ok(table) => *self.table = table,
            Err(error) => self.recover(error).await?,
        }
        Ok(())
    }

    /// A later commit.
    async fn append(&mut self, columns: Option<&[Column]>, mut actions: Vec<Action>) -> Result<(), Error> {
        let state = self.table.snapshot().context(FAILED)?;
        if let Some(columns) = columns {
            let metadata = state.metadata().clone().with_schema(&delta_schema(columns)?);
            actions.push(Action::Metadata(metadata.context(FAILED)?));
        }
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        let committed = CommitBuilder::from(CommitProperties::default())
            .with_actions(actions)
            .build(Some(state), self.table.log_store(), operation)
            .await;
        match committed {
            Ok(committed) => self.table.state = Some(committed.snapshot()),
            Err(error) => self.recover(error).await?,
        }
        Ok(())
    }

    /// After an error: the commit may be in the log all the same, when only what follows it failed.
    async fn recover(&mut self, error: DeltaTableError) -> Result<(), Error> {
        let version = self.table.version();
        if self.table.update_state().await.is_ok() && self.table.version() > version {
            tracing::warn!(%error, "a commit was made and what follows it failed");
            return Ok(());
        }
        Err(error).context(FAILED)
    }

    fn removals(&self, files: &[Arc<DataFile>], actions: &mut Vec<Action>) -> Result<(), Error> {
        if files.is_empty() {
            return Ok(());
        }
        let state = self.table.snapshot().context(FAILED)?;
        let log = state.snapshot().try_log_data().context(FAILED)?;
        let names: std::collections::HashSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        actions.extend(
            log.iter()
                .filter(|entry| names.contains(&*entry.path()))
                .map(|entry| Action::Remove(entry.remove_action(true))),
        );
        Ok(())
    }

    async fn sync_log(&self) -> Result<(), Error> {
        let version = self.table.version().unwrap_or_default();
        let file = self.storage.folder.path().join(LOG).join(format!("{version:020}.json"));
        tokio::task::spawn_blocking(move || sync_file(&file)).await.context(FAILED)?.context(FAILED)
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
    for entry in entries.flatten().filter(|entry| entry.file_name() != LOG) {
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
