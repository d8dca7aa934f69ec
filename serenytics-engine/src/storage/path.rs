//! Files and folders that are deleted when the last reader drops them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// A file or folder. If it is marked as deleted, the last drop deletes it.
#[derive(Debug)]
pub(crate) struct DeleteOnDrop {
    path: PathBuf,
    deleted: AtomicBool,
}

impl DeleteOnDrop {
    /// Wraps a path. It is kept unless [`DeleteOnDrop::mark_deleted`] is called.
    pub(crate) fn new(path: PathBuf) -> DeleteOnDrop {
        DeleteOnDrop { path, deleted: AtomicBool::new(false) }
    }

    /// Returns the path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns true if it is marked as deleted.
    pub(crate) fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    /// Marks it as deleted: it is removed when its last user drops it.
    pub(crate) fn mark_deleted(&self) {
        self.deleted.store(true, Ordering::Release);
    }
}

impl Drop for DeleteOnDrop {
    fn drop(&mut self) {
        if !self.is_deleted() {
            return;
        }
        // A file may already be gone together with its folder. Leftovers are removed when the data
        // folder is opened.
        let removed = if self.path.is_dir() {
            std::fs::remove_dir_all(&self.path)
        } else {
            std::fs::remove_file(&self.path).inspect(|()| {
                // Removes the folder after the last file of its commit. This fails harmlessly if
                // there is another file.
                if let Some(folder) = self.path.parent() {
                    let _ = std::fs::remove_dir(folder);
                }
            })
        };
        if let Err(error) = removed {
            tracing::debug!(path = %self.path.display(), %error, "a path was not removed");
        }
    }
}
