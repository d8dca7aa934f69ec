//! The folder of files that the catalogue does not know, or that were damaged. The server never deletes them.

use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// The folder `unknown` in the data folder.
#[derive(Debug, Clone)]
pub(crate) struct UnknownFolder {
    folder: PathBuf,
}

impl UnknownFolder {
    /// Returns the folder in a data folder. It is created when something is moved into it.
    pub(crate) fn of(data: &Path) -> UnknownFolder {
        UnknownFolder { folder: data.join("unknown") }
    }

    /// Returns a path for the storage with this uuid that does not exist.
    pub(crate) fn storage(&self, id: Uuid) -> io::Result<PathBuf> {
        self.free_path("storages", id)
    }

    /// Returns a path for the attached file of the source with this uuid that does not exist.
    pub(crate) fn upload(&self, id: Uuid) -> io::Result<PathBuf> {
        self.free_path("uploads", id)
    }

    fn free_path(&self, kind: &str, id: Uuid) -> io::Result<PathBuf> {
        let target = self.folder.join(kind);
        std::fs::create_dir_all(&target)?;
        let path = |copy: u32| target.join(if copy == 0 { id.to_string() } else { format!("{id}.{copy}") });
        Ok((0..).map(path).find(|path| !path.exists()).unwrap_or_else(|| path(u32::MAX)))
    }
}
