//! A file for what is needed on disk for a while, and seen by nobody else.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

/// How many names are tried.
const ATTEMPTS: u32 = 16;

/// A file that is gone when this is dropped, unless it is kept.
#[derive(Debug)]
pub(crate) struct Scratch(Option<PathBuf>);

impl Scratch {
    /// Makes an empty file, which no other user can open.
    pub(crate) fn create() -> io::Result<(Scratch, File)> {
        let mut options = options();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Scratch::within(&std::env::temp_dir(), "serenytics", &options)
    }

    /// Makes an empty file in the folder of another one, whose place it is going to take.
    pub(crate) fn beside(path: &Path) -> io::Result<(Scratch, File)> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Scratch::within(folder, &format!(".{name}"), &options())
    }

    fn within(folder: &Path, name: &str, options: &OpenOptions) -> io::Result<(Scratch, File)> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let path = folder.join(format!("{name}-{:016x}.tmp", RandomState::new().hash_one(attempt)));
            match options.open(&path) {
                Ok(file) => return Ok((Scratch(Some(path)), file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives the file its name, in place of what has it.
    pub(crate) fn keep_as(mut self, path: &Path) -> io::Result<()> {
        match &self.0 {
            Some(scratch) => std::fs::rename(scratch, path)?,
            None => return Ok(()),
        }
        self.0 = None;
        Ok(())
    }
}

/// What is there already, a link of somebody's among it, is left alone.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    options
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // It may be gone already, and nothing better can be done here.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_file_is_gone_with_its_owner() {
        let (scratch, _file) = Scratch::create().unwrap();
        let path = scratch.0.clone().unwrap();
        assert!(path.is_file());
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn a_scratch_file_that_is_kept_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sales.csv");
        std::fs::write(&path, "old").unwrap();
        let (scratch, _file) = Scratch::beside(&path).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        scratch.keep_as(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
