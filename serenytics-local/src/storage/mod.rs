//! The storages: one Delta Lake table a data source, opened when it is first used.

mod bounds;
mod columns;
mod files;
mod path;
mod snapshot;
mod table;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell};
use uuid::Uuid;

pub(crate) use columns::{COLUMNS, Column, as_written, check_names, file_schema, file_type, forced_type, query_schema};
pub(crate) use files::NewFiles;
pub(crate) use snapshot::{DataFile, Snapshot};
pub(crate) use table::{Change, Storage};

use crate::error::{Context, Error};

/// All storages of a data folder.
pub(crate) struct Storages {
    folder: PathBuf,
    open: Mutex<HashMap<Uuid, Arc<OnceCell<Arc<Storage>>>>>,
}

impl Storages {
    /// The storages in a folder, which is made if it does not exist. Folders of no source in `known` are removed.
    pub(crate) fn open(folder: PathBuf, known: &[Uuid]) -> Result<Storages, Error> {
        const CONTEXT: &str = "the folder of the storages could not be opened";
        std::fs::create_dir_all(&folder).context(CONTEXT)?;
        for entry in std::fs::read_dir(&folder).context(CONTEXT)? {
            let entry = entry.context(CONTEXT)?;
            let uuid = entry.file_name().to_str().and_then(|name| Uuid::parse_str(name).ok());
            if uuid.is_some_and(|uuid| !known.contains(&uuid)) {
                std::fs::remove_dir_all(entry.path()).context(CONTEXT)?;
            }
        }
        Ok(Storages { folder, open: Mutex::default() })
    }

    /// The storage of a source.
    pub(crate) async fn get(&self, uuid: Uuid) -> Result<Arc<Storage>, Error> {
        let cell = Arc::clone(self.open.lock().await.entry(uuid).or_default());
        let open = || async {
            let folder = self.folder.join(uuid.to_string());
            Storage::open(folder).await.map(Arc::new)
        };
        cell.get_or_try_init(open).await.map(Arc::clone)
    }

    /// Removes a storage's data as soon as no query reads it.
    pub(crate) async fn remove(&self, uuid: Uuid) -> Result<(), Error> {
        let storage = self.get(uuid).await?;
        let _writing = storage.write().await;
        storage.give_up();
        self.open.lock().await.remove(&uuid);
        Ok(())
    }
}
