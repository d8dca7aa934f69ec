//! Storages: one Delta Lake table per data source, opened on first use.

mod bounds;
mod commit;
mod compaction;
mod new_files;
mod path;
mod push;
mod rewrite;
mod scan;
mod snapshot;
mod table;
mod unmerged;
mod wal;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

use self::compaction::compaction_loop;
pub(crate) use self::compaction::merge;
use self::new_files::sync_file;
use crate::base::{Context, Error};
use crate::session::Session;

const CONTEXT: &str = "the folder of the storages could not be opened";

/// The storages of a data folder.
pub(crate) struct Storages {
    folder: PathBuf,
    session: Arc<Session>,
    open: Mutex<HashMap<Uuid, Arc<OnceCell<Arc<Storage>>>>>,
}

impl Storages {
    /// Opens a folder of storages, creating it if needed.
    pub(crate) fn open(folder: PathBuf, session: Arc<Session>) -> Result<Storages, Error> {
        std::fs::create_dir_all(&folder).and_then(|()| sync_file(&folder)).context(CONTEXT)?;
        Ok(Storages { folder, session, open: Mutex::default() })
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

    /// Moves the folder of a storage to `target`.
    pub(crate) fn set_aside(&self, uuid: Uuid, target: &Path) -> Result<(), Error> {
        let moved = std::fs::rename(self.folder.join(uuid.to_string()), target);
        let synced = moved.and_then(|()| sync_file(target)).and_then(|()| sync_file(&self.folder));
        synced.context("could not move the folder of a storage")
    }

    /// Returns the storage of a source, opening it if needed.
    pub(crate) async fn get(&self, uuid: Uuid) -> Result<Arc<Storage>, Error> {
        let cell = Arc::clone(self.open.lock().await.entry(uuid).or_default());
        let open = || async {
            let storage = Storage::open(self.folder.join(uuid.to_string())).await?;
            tokio::spawn(compaction_loop(Arc::downgrade(&storage), Arc::clone(&self.session)));
            Ok(storage)
        };
        cell.get_or_try_init(open).await.map(Arc::clone)
    }

    /// Removes a storage. Its files are deleted once no query reads them.
    pub(crate) async fn remove(&self, uuid: Uuid) -> Result<(), Error> {
        match self.get(uuid).await {
            Ok(storage) => {
                let mut writing = storage.write().await;
                writing.pause().await;
                storage.mark_deleted();
            }
            // A storage that cannot be opened can still be removed.
            Err(error) => {
                tracing::info!(%uuid, %error, "a storage that could not be opened is removed");
                std::fs::remove_dir_all(self.folder.join(uuid.to_string())).context("a storage was not removed")?;
            }
        }
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
