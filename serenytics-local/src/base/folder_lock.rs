//! The lock of a data folder, which one process at a time can have open.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::{Context, Error, Kind};

/// The lock of a data folder. Dropping it unlocks the folder.
#[derive(Debug)]
pub(crate) struct FolderLock {
    /// The file `lock`, and on Unix the folder itself, which cannot be replaced while it is in use.
    locked: Vec<File>,
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing the files is not enough: a child process that is just starting may have them open for a moment.
        for file in &self.locked {
            if let Err(error) = file.unlock() {
                tracing::warn!(%error, "could not unlock the data folder");
            }
        }
    }
}

impl FolderLock {
    /// Locks a folder, creating it if needed.
    pub(crate) fn take(folder: &Path) -> Result<FolderLock, Error> {
        let shown = folder.display();
        std::fs::create_dir_all(folder).context(&format!("could not create the data folder {shown}"))?;
        let mut lock = FolderLock { locked: Vec::new() };
        #[cfg(unix)]
        {
            let directory = File::open(folder).context(&format!("could not open the data folder {shown}"))?;
            match directory.try_lock() {
                Ok(()) => lock.locked.push(directory),
                Err(TryLockError::WouldBlock) => return Err(in_use(folder)),
                // Some network file systems lock only files.
                Err(TryLockError::Error(error)) => tracing::debug!(%error, "could not lock the data folder itself"),
            }
        }
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("lock"))
            .context(&format!("could not open the data folder {shown}"))?;
        match file.try_lock() {
            Ok(()) => lock.locked.push(file),
            Err(TryLockError::WouldBlock) => return Err(in_use(folder)),
            Err(TryLockError::Error(error)) => {
                return Err(error).context(&format!("could not lock the data folder {shown}"));
            }
        }
        Ok(lock)
    }
}

fn in_use(folder: &Path) -> Error {
    Error::new(
        Kind::Locked,
        format!(
            "the data folder {} is in use by another engine: stop it, send requests to it over HTTP, or use another \
             folder",
            folder.display()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_stays_locked_if_the_lock_file_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        std::fs::remove_file(folder.path().join("lock")).unwrap();
        let error = FolderLock::take(folder.path()).unwrap_err();
        assert_eq!(error.kind(), Kind::Locked);
        drop(lock);
        drop(FolderLock::take(folder.path()).unwrap());
    }
}
