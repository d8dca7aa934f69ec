//! The lock of a data folder, which one process at a time can have open.

use std::fs::File;
use std::path::Path;

use super::{Context, Error, Kind};

/// The lock of a data folder. Dropping it unlocks the folder.
#[derive(Debug)]
pub(crate) struct FolderLock {
    file: File,
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child process that is just starting may have it open for a moment.
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "could not unlock the data folder");
        }
    }
}

impl FolderLock {
    /// Locks a folder, creating it if needed.
    pub(crate) fn take(folder: &Path) -> Result<FolderLock, Error> {
        let shown = folder.display();
        std::fs::create_dir_all(folder).context(&format!("could not create the data folder {shown}"))?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("lock"))
            .context(&format!("could not open the data folder {shown}"))?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock { file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(Error::new(
                Kind::Locked,
                format!(
                    "the data folder {shown} is in use by another engine: stop it, send requests to it over HTTP, or use \
                     another folder"
                ),
            )),
            Err(std::fs::TryLockError::Error(error)) => {
                Err(error).context(&format!("could not lock the data folder {shown}"))
            }
        }
    }
}
