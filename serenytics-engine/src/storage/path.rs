//! Files and folders that are removed when nothing reads them any more.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// A file or folder that is removed with its last user, once it was given up.
#[derive(Debug)]
pub(crate) struct DeleteOnDrop {
    path: PathBuf,
    deleted: AtomicBool,
}

impl DeleteOnDrop {
    /// A path that is kept until [`DeleteOnDrop::mark_deleted`].
    pub(crate) fn new(path: PathBuf) -> DeleteOnDrop {
        DeleteOnDrop { path, deleted: AtomicBool::new(false) }
    }

    /// The path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it was given up.
    pub(crate) fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    /// Lets the path be removed when its last user is gone.
    pub(crate) fn mark_deleted(&self) {
        self.deleted.store(true, Ordering::Release);
    }
}

impl Drop for DeleteOnDrop {
    fn drop(&mut self) {
        if !self.is_deleted() {
            return;
        }
        // Either may be gone already, a file with its folder: opening the data folder tidies up what is left.
        let removed = if self.path.is_dir() {
            std::fs::remove_dir_all(&self.path)
        } else {
            std::fs::remove_file(&self.path).inspect(|()| {
                // With the last file of a commit its folder goes; one that holds another file stays.
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
