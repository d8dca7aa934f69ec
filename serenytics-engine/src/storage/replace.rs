//! Replaces a damaged storage: the new rows are written to a new folder, which takes the place of the damaged one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::acknowledged::path_for;
use super::open::set_later_files_aside;
use super::{Storage, Storages, TableState, WriteTransaction, ignore_missing, move_folder};
use crate::base::{Context, Error};

const FAILED: &str = "a damaged storage could not be replaced";
const NOT_ACCEPTED: &str = "a damaged storage could not be accepted as it is";

/// A new storage that will take the place of a damaged one. Until it does, nothing changes.
pub(crate) struct Replacement {
    /// The new storage, which is empty at first.
    pub(crate) storage: Arc<Storage>,
    uuid: Uuid,
    folder: PathBuf,
    _replacing: OwnedMutexGuard<()>,
}

impl Storages {
    /// Begins to replace a storage that is damaged.
    pub(crate) async fn begin_replacement(&self, uuid: Uuid) -> Result<Replacement, Error> {
        let replacing = Arc::clone(&self.replacing).lock_owned().await;
        let folder = self.folder.join(format!("{uuid}.reload"));
        // Left over from a replacement that failed or was interrupted.
        remove(&folder)?;
        let storage = Storage::open(folder.clone(), TableState::default()).await?;
        Ok(Replacement { storage, uuid, folder, _replacing: replacing })
    }

    /// Moves the damaged storage to `aside` and puts the new one in its place.
    pub(crate) async fn finish_replacement(&self, replacement: Replacement, aside: &Path) -> Result<(), Error> {
        let Replacement { storage, uuid, folder, _replacing } = replacement;
        drop(storage);
        let path = self.path(uuid);
        let mut open = self.open.lock().await;
        let damaged = open.get(&uuid).and_then(|cell| cell.get().cloned());
        let _paused = match &damaged {
            Some(damaged) => Some(retired(damaged).await),
            None => None,
        };
        match path.exists() {
            true => move_folder(&path, aside).context(FAILED)?,
            // The folder is the damage. Its acknowledged writes are replaced, too.
            false => ignore_missing(std::fs::remove_file(path_for(&path))).context(FAILED)?,
        }
        move_folder(&folder, &path).context(FAILED)?;
        self.expected().remove(&uuid);
        open.remove(&uuid);
        Ok(())
    }

    /// Removes the new storage after its load failed.
    pub(crate) fn cancel_replacement(&self, replacement: Replacement) -> Result<(), Error> {
        drop(replacement.storage);
        remove(&replacement.folder)
    }
}

impl Storages {
    /// Accepts what is left of a damaged storage that is not open: its table as it is now, and the rows of its write-ahead
    /// log. Data files of lost commits are moved to `aside`. If the storage is still damaged, nothing changes.
    pub(crate) async fn accept(&self, uuid: Uuid, aside: &Path) -> Result<Arc<Storage>, Error> {
        let path = self.path(uuid);
        let acknowledged = path_for(&path);
        let before = match std::fs::read(&acknowledged) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            bytes => Some(bytes.context(NOT_ACCEPTED)?),
        };
        let moved = set_later_files_aside(&path, aside).await?;
        ignore_missing(std::fs::remove_file(&acknowledged)).context(NOT_ACCEPTED)?;
        match Storage::open(path, TableState::default()).await {
            Ok(storage) => {
                self.expected().remove(&uuid);
                Ok(storage)
            }
            Err(error) => {
                if let Some(bytes) = before {
                    std::fs::write(&acknowledged, bytes).context(NOT_ACCEPTED)?;
                }
                moved.into_iter().try_for_each(|(from, to)| std::fs::rename(to, from)).context(NOT_ACCEPTED)?;
                Err(error)
            }
        }
    }
}

/// Waits for the writers of a damaged storage that is open, and rejects later ones.
async fn retired(damaged: &Arc<Storage>) -> WriteTransaction {
    let mut writing = damaged.write().await;
    writing.pause().await;
    damaged.retired.store(true, Ordering::Release);
    writing
}

fn remove(folder: &Path) -> Result<(), Error> {
    ignore_missing(std::fs::remove_dir_all(folder)).context(FAILED)?;
    ignore_missing(std::fs::remove_file(path_for(folder))).context(FAILED)
}
