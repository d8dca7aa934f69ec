//! The storages: one Delta Lake table a data source, opened when it is first used.

mod bounds;
mod columns;
mod commit;
#[cfg(test)]
mod cuts;
mod files;
mod journal;
mod path;
mod pending;
mod pushes;
mod snapshot;
mod table;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell};
use uuid::Uuid;

pub(crate) use columns::{
    COLUMNS, Column, cast_to, check_count, check_names, file_schema, file_type, forced_type, query_schema, query_type,
};
pub(crate) use commit::{Change, Writing};
pub(crate) use files::NewFiles;
pub(crate) use pushes::Push;
pub(crate) use snapshot::{DataFile, Snapshot};
pub(crate) use table::Storage;

use self::files::sync_file;
use crate::error::{Context, Error};
use crate::load::{merge, merging};
use crate::query::Queries;

/// All storages of a data folder.
pub(crate) struct Storages {
    folder: PathBuf,
    queries: Arc<Queries>,
    open: Mutex<HashMap<Uuid, Arc<OnceCell<Arc<Storage>>>>>,
}

impl Storages {
    /// The storages in a folder, which is made if it does not exist. Folders of no source in `known` are removed.
    pub(crate) fn open(folder: PathBuf, known: &[Uuid], queries: Arc<Queries>) -> Result<Storages, Error> {
        const CONTEXT: &str = "the folder of the storages could not be opened";
        std::fs::create_dir_all(&folder).and_then(|()| sync_file(&folder)).context(CONTEXT)?;
        for entry in std::fs::read_dir(&folder).context(CONTEXT)? {
            let entry = entry.context(CONTEXT)?;
            let uuid = entry.file_name().to_str().and_then(|name| Uuid::parse_str(name).ok());
            if uuid.is_some_and(|uuid| !known.contains(&uuid)) {
                std::fs::remove_dir_all(entry.path()).context(CONTEXT)?;
            }
        }
        Ok(Storages { folder, queries, open: Mutex::default() })
    }

    /// The storage of a source.
    pub(crate) async fn get(&self, uuid: Uuid) -> Result<Arc<Storage>, Error> {
        let cell = Arc::clone(self.open.lock().await.entry(uuid).or_default());
        let open = || async {
            let storage = Storage::open(self.folder.join(uuid.to_string())).await?;
            tokio::spawn(merging(Arc::downgrade(&storage), Arc::clone(&self.queries)));
            Ok(storage)
        };
        cell.get_or_try_init(open).await.map(Arc::clone)
    }

    /// Removes a storage's data as soon as no query reads it.
    pub(crate) async fn remove(&self, uuid: Uuid) -> Result<(), Error> {
        match self.get(uuid).await {
            Ok(storage) => {
                let mut writing = storage.write().await;
                writing.pause().await;
                storage.give_up();
            }
            // What cannot be opened can be removed all the same.
            Err(error) => {
                tracing::info!(%uuid, %error, "a storage that could not be opened is removed");
                std::fs::remove_dir_all(self.folder.join(uuid.to_string())).context("a storage was not removed")?;
            }
        }
        self.open.lock().await.remove(&uuid);
        Ok(())
    }

    /// Merges what was pushed into the tables, so that a stopped engine leaves nothing but tables.
    pub(crate) async fn merge_all(&self) {
        let open: Vec<_> = self.open.lock().await.values().filter_map(|cell| cell.get().cloned()).collect();
        for storage in open {
            if let Err(error) = merge(&storage, &self.queries).await {
                tracing::warn!(%error, "pushed rows stay in the journal");
            }
        }
    }
}
