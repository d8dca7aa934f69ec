//! Temporary files that only the current user can read, and files that replace another one
//! atomically.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

/// Maximum number of names to try.
const ATTEMPTS: u32 = 16;

/// A file that is deleted on drop, unless it is kept.
#[derive(Debug)]
pub(crate) struct TempFile(Option<PathBuf>);

impl TempFile {
    /// Creates an empty file that other users cannot open.
    pub(crate) fn create() -> io::Result<(TempFile, File)> {
        let mut options = options();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        TempFile::within(&std::env::temp_dir(), "serenytics", &options)
    }

    /// Creates an empty file in the folder of another one, which it will replace.
    pub(crate) fn next_to(path: &Path) -> io::Result<(TempFile, File)> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        TempFile::within(folder, &format!(".{name}"), &options())
    }

    fn within(folder: &Path, name: &str, options: &OpenOptions) -> io::Result<(TempFile, File)> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let path = folder.join(format!("{name}-{:016x}.tmp", RandomState::new().hash_one(attempt)));
            match options.open(&path) {
                Ok(file) => return Ok((TempFile(Some(path)), file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Renames the file to `path`, replacing an existing file.
    pub(crate) fn keep_as(mut self, path: &Path) -> io::Result<()> {
        match &self.0 {
            Some(temporary) => std::fs::rename(temporary, path)?,
            None => return Ok(()),
        }
        self.0 = None;
        Ok(())
    }
}

/// Options that never open an existing file or follow a link of another user.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    options
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // It may be deleted already; an error cannot be reported from here.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temp_file_is_deleted_on_drop() {
        let (temporary, _file) = TempFile::create().unwrap();
        let path = temporary.0.clone().unwrap();
        assert!(path.is_file());
        drop(temporary);
        assert!(!path.exists());
    }

    #[test]
    fn temp_file_replaces_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sales.csv");
        std::fs::write(&path, "old").unwrap();
        let (temporary, _file) = TempFile::next_to(&path).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        temporary.keep_as(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
