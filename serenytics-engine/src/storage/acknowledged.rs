//! What a storage has acknowledged: the commits and the pushed rows that its folder must contain at least.
//!
//! It is a small file next to the storage's folder, so that a folder that is missing is noticed too. The table and the
//! write-ahead log are synced to disk before the file names their content, so the file never names more than they
//! contain. It is not synced itself: after a power failure, it may name less.
//!
//! The file has two slots of [`SLOT`] bytes. Each write replaces the older one, so that one of them is always valid.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Acknowledged {
    /// The number of commits in the table's log.
    pub(super) commits: u64,
    /// The number of the last pushed row.
    pub(super) pushes: u64,
    /// The digest of the table after the last commit.
    pub(super) digest: u32,
}

/// The file that stores what was acknowledged.
#[derive(Debug)]
pub(super) struct AcknowledgedFile {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    file: Option<File>,
    /// The newest content. `None` if the file does not exist, or is not valid.
    newest: Option<Acknowledged>,
    /// The slot of the newest content.
    slot: u64,
}

const MAGIC: [u8; 8] = *b"SRN-ACK1";
/// The size of a slot in bytes: a sector of the disk, which is written as a whole.
const SLOT: u64 = 512;
/// The used bytes of a slot: the magic bytes, the content, and their checksum.
const USED: usize = 8 + 8 + 8 + 4 + 4;

/// Returns the path of the file for a storage's folder.
pub(super) fn path_for(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".acknowledged");
    PathBuf::from(name)
}

impl AcknowledgedFile {
    /// Opens the file of a storage's folder. It is created by the first write.
    pub(super) fn open(folder: &Path) -> io::Result<AcknowledgedFile> {
        let path = path_for(folder);
        let mut state = State::default();
        match File::options().read(true).write(true).open(&path) {
            Ok(mut file) => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes)?;
                let slots = bytes.chunks(SLOT as usize).map(decoded).zip(0..2);
                let newest = slots.filter_map(|(content, slot)| Some((content?, slot))).max();
                state = State { file: Some(file), newest: newest.map(|(content, _)| content), slot: 0 };
                state.slot = newest.map_or(0, |(_, slot)| slot);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(AcknowledgedFile { path, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the newest content. `None` if the file does not exist, or is not valid.
    pub(super) fn get(&self) -> Option<Acknowledged> {
        self.state().newest
    }

    /// Stores a commit. An error is only logged: the file then names less than the table contains.
    pub(super) fn committed(&self, commits: u64, digest: u32) {
        self.write(|content| Acknowledged { commits, digest, ..content });
    }

    /// Stores the number of the last pushed row. An error is only logged.
    pub(super) fn pushed(&self, last: u64) {
        self.write(|content| Acknowledged { pushes: content.pushes.max(last), ..content });
    }

    fn write(&self, change: impl FnOnce(Acknowledged) -> Acknowledged) {
        let mut state = self.state();
        let before = state.newest.unwrap_or_default();
        let after = change(before);
        if state.newest == Some(after) {
            return;
        }
        if let Err(error) = state.write(&self.path, after) {
            tracing::warn!(path = %self.path.display(), %error, "the file of acknowledged writes was not updated");
        }
    }
}

impl State {
    fn write(&mut self, path: &Path, content: Acknowledged) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = File::options().create(true).truncate(false).write(true).open(path)?;
                file.set_len(2 * SLOT)?;
                self.file.insert(file)
            }
        };
        let slot = 1 - self.slot;
        file.seek(SeekFrom::Start(slot * SLOT))?;
        file.write_all(&encoded(content))?;
        (self.newest, self.slot) = (Some(content), slot);
        Ok(())
    }
}

fn encoded(content: Acknowledged) -> [u8; USED] {
    let Acknowledged { commits, pushes, digest } = content;
    let mut bytes = [0; USED];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..16].copy_from_slice(&commits.to_le_bytes());
    bytes[16..24].copy_from_slice(&pushes.to_le_bytes());
    bytes[24..28].copy_from_slice(&digest.to_le_bytes());
    let checksum = crc32fast::hash(&bytes[..28]);
    bytes[28..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

fn decoded(slot: &[u8]) -> Option<Acknowledged> {
    let bytes = slot.get(..USED)?;
    let long = |at: usize| bytes[at..at + 8].try_into().map(u64::from_le_bytes).ok();
    let short = |at: usize| bytes[at..at + 4].try_into().map(u32::from_le_bytes).ok();
    let is_valid = bytes.starts_with(&MAGIC) && short(28)? == crc32fast::hash(&bytes[..28]);
    is_valid.then_some(Acknowledged { commits: long(8)?, pushes: long(16)?, digest: short(24)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_read_as_written() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("id");
        assert_eq!(AcknowledgedFile::open(&folder).unwrap().get(), None);
        assert!(!path_for(&folder).exists());
        let mut expected = Acknowledged::default();
        for step in 1..10 {
            let file = AcknowledgedFile::open(&folder).unwrap();
            file.pushed(step * 2);
            file.pushed(step);
            file.committed(step, step as u32 + 7);
            expected = Acknowledged { commits: step, pushes: step * 2, digest: step as u32 + 7 };
            assert_eq!(file.get(), Some(expected));
        }
        assert_eq!(AcknowledgedFile::open(&folder).unwrap().get(), Some(expected));
    }

    #[test]
    fn invalid_slot_leaves_the_content_before_it() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("id");
        let file = AcknowledgedFile::open(&folder).unwrap();
        file.committed(1, 5);
        file.committed(2, 6);
        let bytes = std::fs::read(path_for(&folder)).unwrap();
        let first = Acknowledged { commits: 1, pushes: 0, digest: 5 };
        let second = Acknowledged { commits: 2, pushes: 0, digest: 6 };
        // The first write is in the second slot.
        for (slot, left) in [(0, first), (SLOT as usize, second)] {
            for position in slot..slot + USED {
                let mut wrong = bytes.clone();
                wrong[position] ^= 1;
                std::fs::write(path_for(&folder), &wrong).unwrap();
                assert_eq!(AcknowledgedFile::open(&folder).unwrap().get(), Some(left), "wrong byte {position}");
            }
        }
        for cut in [0, 10, USED - 1] {
            std::fs::write(path_for(&folder), &bytes[..cut]).unwrap();
            assert_eq!(AcknowledgedFile::open(&folder).unwrap().get(), None, "truncated at {cut}");
        }
    }
}
