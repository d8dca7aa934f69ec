//! Storages: one Delta Lake table per data source, opened on first use.

mod acknowledged;
mod bounds;
mod check;
mod commit;
mod compaction;
mod new_files;
mod open;
mod path;
mod push;
mod replace;
mod rewrite;
mod scan;
mod snapshot;
mod table;
mod unmerged;
mod wal;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::sync::{Mutex, OnceCell};
use uuid::Uuid;

pub(crate) use commit::{Change, WriteTransaction};
pub(crate) use new_files::NewFiles;
pub use push::Push;
pub(crate) use rewrite::{DeletedKeys, Key, RewriteResult, keys_of, rewrite};
#[cfg(test)]
pub(crate) use scan::scan_files;
pub(crate) use scan::scan_parts;
pub(crate) use snapshot::Snapshot;
pub(crate) use table::Storage;

use self::acknowledged::path_for;
use self::compaction::compaction_loop;
pub(crate) use self::compaction::merge;
use self::new_files::sync_file;
use crate::base::{Context, Error};
use crate::session::Session;

const CONTEXT: &str = "the folder of the storages could not be opened";

/// What a table contains.
///
/// Keep the state of a table elsewhere, for example in a database, and pass it to
/// [`Warehouse::expect`](crate::Warehouse::expect) after the next start. A table that contains less, for example because
/// its folder is missing, is then reported as damaged. The state of a table with another id is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableState {
    /// The id of the table in Delta Lake, which changes when a damaged table is replaced. `None` before the first commit.
    pub table: Option<String>,
    /// The number of commits.
    pub commits: u64,
    /// The number of rows.
    pub rows: u64,
    /// The number of rows that were ever pushed.
    pub pushes: u64,
}

/// The storages of a data folder.
pub(crate) struct Storages {
    folder: PathBuf,
    session: Arc<Session>,
    open: Mutex<HashMap<Uuid, Arc<OnceCell<Arc<Storage>>>>>,
    /// What the storages contain at least, as far as the caller knows.
    expected: std::sync::Mutex<HashMap<Uuid, TableState>>,
    /// Locked while a damaged storage is replaced.
    replacing: Arc<Mutex<()>>,
}

impl Storages {
    /// Opens a folder of storages, creating it if needed.
    pub(crate) fn open(folder: PathBuf, session: Arc<Session>) -> Result<Storages, Error> {
        std::fs::create_dir_all(&folder).and_then(|()| sync_file(&folder)).context(CONTEXT)?;
        let open = Mutex::default();
        Ok(Storages { folder, session, open, expected: Default::default(), replacing: Arc::default() })
    }

    /// Returns the ids of the storages that have a folder.
    pub(crate) fn ids(&self) -> Result<Vec<Uuid>, Error> {
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&self.folder).context(CONTEXT)? {
            let name = entry.context(CONTEXT)?.file_name();
            ids.extend(name.to_str().and_then(|name| Uuid::parse_str(name).ok()));
        }
        Ok(ids)
    }

    /// Moves the folder of a storage to `target`, with what it acknowledged.
    pub(crate) fn set_aside(&self, uuid: Uuid, target: &Path) -> Result<(), Error> {
        move_folder(&self.path(uuid), target).context("could not move the folder of a storage")
    }

    fn path(&self, uuid: Uuid) -> PathBuf {
        self.folder.join(uuid.to_string())
    }

    fn expected(&self) -> MutexGuard<'_, HashMap<Uuid, TableState>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the folder of a storage from `source`, with what it acknowledged.
    pub(crate) fn take_up(&self, uuid: Uuid, source: &Path) -> Result<(), Error> {
        move_folder(source, &self.path(uuid)).context("could not move the folder of a storage")
    }

    /// Sets what a storage contains at least. It is checked when the storage is opened.
    pub(crate) fn expect(&self, uuid: Uuid, state: TableState) {
        self.expected().insert(uuid, state);
    }

    /// Returns the states of the open storages.
    pub(crate) async fn states(&self) -> Vec<(Uuid, TableState)> {
        let open = self.open.lock().await;
        open.iter().filter_map(|(uuid, cell)| Some((*uuid, cell.get()?.state()))).collect()
    }

    /// Returns the storage of a source, opening it if needed.
    pub(crate) async fn get(&self, uuid: Uuid) -> Result<Arc<Storage>, Error> {
        let cell = Arc::clone(self.open.lock().await.entry(uuid).or_default());
        let open = || async {
            let expected = self.expected().get(&uuid).cloned().unwrap_or_default();
            let storage = Storage::open(self.path(uuid), expected).await?;
            tokio::spawn(compaction_loop(Arc::downgrade(&storage), Arc::clone(&self.session)));
            Ok(storage)
        };
        let storage = cell.get_or_try_init(open).await.map(Arc::clone)?;
        storage.check().await?;
        Ok(storage)
    }

    /// Removes a storage. Its files are deleted once no query reads them.
    pub(crate) async fn remove(&self, uuid: Uuid) -> Result<(), Error> {
        self.expected().remove(&uuid);
        let open = self.open.lock().await.get(&uuid).and_then(|cell| cell.get().cloned());
        let storage = match open {
            Some(storage) => Ok(storage),
            None => self.get(uuid).await,
        };
        match storage {
            Ok(storage) => {
                let mut writing = storage.write().await;
                writing.pause().await;
                storage.mark_deleted();
            }
            // A storage that cannot be opened can still be removed.
            Err(error) => {
                tracing::info!(%uuid, %error, "a storage that could not be opened is removed");
                ignore_missing(std::fs::remove_dir_all(self.path(uuid))).context("a storage was not removed")?;
            }
        }
        ignore_missing(std::fs::remove_file(path_for(&self.path(uuid)))).context("a storage was not removed")?;
        self.open.lock().await.remove(&uuid);
        Ok(())
    }

    /// Merges all pushed rows into the tables, which empties their write-ahead logs.
    pub(crate) async fn merge_all(&self) {
        let open: Vec<_> = self.open.lock().await.values().filter_map(|cell| cell.get().cloned()).collect();
        for storage in open {
            if let Err(error) = merge(&storage, &self.session).await {
                tracing::warn!(%error, "pushed rows stay in the write-ahead log");
            }
        }
    }
}

/// Moves the folder of a storage, and then the file of what it acknowledged. A file that stays behind is used again when
/// the folder comes back.
fn move_folder(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    ignore_missing(std::fs::rename(path_for(from), path_for(to)))?;
    sync_file(to)?;
    from.parent().map_or(Ok(()), sync_file)
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
