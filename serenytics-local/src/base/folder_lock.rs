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
        // A process that is being started may have the file open for a moment, and would keep the lock.
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the data folder was not unlocked");
        }
    }
}

impl FolderLock {
    /// Locks a folder, creating it if needed.
    pub(crate) fn take(folder: &Path) -> Result<FolderLock, Error> {
        let shown = folder.display();
        std::fs::create_dir_all(folder).context(&format!("the data folder {shown} could not be made"))?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("lock"))
            .context(&format!("the data folder {shown} could not be opened"))?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock { file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(Error::new(
                Kind::Locked,
                format!(
                    "the data folder {shown} is in use by another engine: stop it, talk to it over HTTP, or take another \
                     folder"
                ),
            )),
            Err(std::fs::TryLockError::Error(error)) => {
                Err(error).context(&format!("the data folder {shown} could not be locked"))
            }
        }
    }
}
