//! A file for what is needed on disk for a while, and seen by nobody else.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::PathBuf;

/// How many names are tried.
const ATTEMPTS: u32 = 16;

/// A file of the system's temporary folder, which is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes an empty file, which no other user can open.
    pub(crate) fn create() -> io::Result<(Scratch, File)> {
        let mut options = OpenOptions::new();
        // What is there already, a link of somebody's among it, is left alone.
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let name = format!("serenytics-{:016x}.tmp", RandomState::new().hash_one(attempt));
            let path = std::env::temp_dir().join(name);
            match options.open(&path) {
                Ok(file) => return Ok((Scratch(path), file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may be gone already, and nothing better can be done here.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_file_is_gone_with_its_owner() {
        let (scratch, _file) = Scratch::create().unwrap();
        let path = scratch.0.clone();
        assert!(path.is_file());
        drop(scratch);
        assert!(!path.exists());
    }
}
