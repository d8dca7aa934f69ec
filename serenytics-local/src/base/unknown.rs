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

    /// Returns a path for files of the storage with this uuid that does not exist.
    pub(crate) fn files(&self, id: Uuid) -> io::Result<PathBuf> {
        self.free_path("files", id)
    }

    /// Returns the names and paths of the storages in the folder.
    pub(crate) fn storages(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let entries = match std::fs::read_dir(self.folder.join("storages")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut storages = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_str().map(str::to_owned);
            storages.extend(name.filter(|_| entry.path().is_dir()).map(|name| (name, entry.path())));
        }
        Ok(storages)
    }

    /// Moves the attached file of a source back to the folder `uploads`, unless there is another one.
    pub(crate) fn restore_upload(&self, id: Uuid, uploads: &Path) -> io::Result<()> {
        let (from, to) = (self.folder.join("uploads").join(id.to_string()), uploads.join(id.to_string()));
        if from.exists() && !to.exists() {
            std::fs::create_dir_all(uploads)?;
            std::fs::rename(from, to)?;
        }
        Ok(())
    }

    /// Moves a file into the folder, if it exists.
    pub(crate) fn keep(&self, file: &Path) -> io::Result<()> {
        let name = file.file_name().unwrap_or_default();
        if !file.exists() {
            return Ok(());
        }
        std::fs::create_dir_all(&self.folder)?;
        let path = |copy: u32| self.folder.join(format!("{}.{copy}", name.to_string_lossy()));
        let target = (0..).map(path).find(|path| !path.exists()).unwrap_or_else(|| path(u32::MAX));
        std::fs::rename(file, target)
    }

    fn free_path(&self, kind: &str, id: Uuid) -> io::Result<PathBuf> {
        let target = self.folder.join(kind);
        std::fs::create_dir_all(&target)?;
        let path = |copy: u32| target.join(if copy == 0 { id.to_string() } else { format!("{id}.{copy}") });
        Ok((0..).map(path).find(|path| !path.exists()).unwrap_or_else(|| path(u32::MAX)))
    }
}
