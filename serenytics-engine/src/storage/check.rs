//! Checks of a storage's files: those of its table, and the entries of the table's log.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;

use super::snapshot::Snapshot;
use super::table::{LOG, Storage, log_file};
use crate::base::{Context, Damage, Error};

/// How long the result of a check is reused.
const CHECK_TTL: Duration = Duration::from_secs(1);

const FAILED: &str = "the files of a storage could not be checked";

impl Snapshot {
    /// Checks that the files of the table exist, and have their sizes. This blocks.
    ///
    /// # Errors
    /// An error whose cause is [`Damage`], or another error of the system.
    pub(super) fn check_files(&self) -> io::Result<()> {
        if self.commits > 0 {
            let entry = log_file(self.folder(), self.commits - 1);
            let damage = |what| io::Error::other(Damage::of(self.folder(), format!("`{}` {what}", entry.display())));
            match std::fs::metadata(&entry) {
                Ok(metadata) if metadata.len() == 0 => return Err(damage("is empty")),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(damage("is missing")),
                result => result?,
            };
        }
        self.files.iter().try_for_each(|file| file.content.check_size().map(|_| ()))
    }
}

impl Storage {
    /// Checks the files of the table, at most once per second.
    pub(super) async fn check(&self) -> Result<(), Error> {
        self.check_not_retired()?;
        let last = *self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < CHECK_TTL) {
            return Ok(());
        }
        let snapshot = self.snapshot();
        let begun = Instant::now();
        spawn_blocking(move || snapshot.check_files()).await.context(FAILED)?.context(FAILED)?;
        *self.checked.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        Ok(())
    }

    /// Fails if another storage replaced this one in its folder.
    pub(super) fn check_not_retired(&self) -> Result<(), Error> {
        match self.retired.load(Ordering::Acquire) {
            true => Err(Error::damaged(&Damage::of(self.folder.path(), "its table was replaced in the meantime"))),
            false => Ok(()),
        }
    }
}

/// An entry of a table's log that cannot be read.
pub(super) struct InvalidEntry {
    pub(super) version: u64,
    pub(super) path: PathBuf,
    /// The damage, for a message.
    pub(super) what: String,
}

/// Finds the first entry of a table's log that is missing between others, is empty, or is not JSON.
pub(super) fn invalid_entry(folder: &Path) -> io::Result<Option<InvalidEntry>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder.join(LOG))? {
        let path = entry?.path();
        let is_entry = path.extension().is_some_and(|extension| extension == "json");
        let version = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
        entries.extend(version.filter(|_| is_entry).map(|version| (version, path)));
    }
    entries.sort_unstable();
    let mut next = entries.first().map_or(0, |(version, _)| *version);
    for (version, path) in entries {
        if version > next {
            let path = log_file(folder, next);
            let what = format!("`{}` is missing", path.display());
            return Ok(Some(InvalidEntry { version: next, path, what }));
        }
        next = version + 1;
        let bytes = std::fs::read(&path)?;
        if let Some(what) = invalid(&bytes) {
            let what = format!("`{}` {what}", path.display());
            return Ok(Some(InvalidEntry { version, path, what }));
        }
    }
    Ok(None)
}

/// Describes what is wrong in an entry. `None` if it is valid.
fn invalid(bytes: &[u8]) -> Option<String> {
    if bytes.is_empty() {
        return Some("is empty".to_owned());
    }
    let mut start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if !line.trim_ascii().is_empty() && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err() {
            return Some(format!("is not JSON from byte {start} on"));
        }
        start += line.len();
    }
    None
}

/// Returns the folders of data files of commits from a version on.
pub(super) fn later_commits(folder: &Path, version: u64) -> io::Result<Vec<PathBuf>> {
    let mut later = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let number = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok());
        later.extend(number.filter(|number| *number >= version).map(|_| entry.path()));
    }
    Ok(later)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_entries_are_described() {
        assert_eq!(invalid(b"{\"a\":1}\n{\"b\":2}"), None);
        assert_eq!(invalid(b"{\"a\":1}\n\n"), None);
        assert_eq!(invalid(b"").unwrap(), "is empty");
        assert_eq!(invalid(b"{\"a\":1}\n{\"b\":").unwrap(), "is not JSON from byte 8 on");
        assert_eq!(invalid(b"\0\0\0").unwrap(), "is not JSON from byte 0 on");
    }
}
