//! Data files whose size and content are compared with what was written.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use twox_hash::XxHash64;

use crate::base::Damage;

/// The number of bytes in a block, which has one checksum. A read verifies all blocks that it touches.
pub(super) const BLOCK: u64 = 256 * 1024;

/// The checksums of a file: one for each block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checksums(Vec<u32>);

impl Checksums {
    /// Computes the checksums of a file.
    pub(crate) fn of(path: &Path) -> io::Result<Checksums> {
        let mut file = File::open(path)?;
        let mut block = Vec::with_capacity(BLOCK as usize);
        let mut checksums = Vec::new();
        loop {
            block.clear();
            (&mut file).take(BLOCK).read_to_end(&mut block)?;
            if block.is_empty() {
                return Ok(Checksums(checksums));
            }
            checksums.push(checksum(&block));
        }
    }

    /// Returns the checksums as text: eight hexadecimal digits for each block.
    pub(crate) fn to_text(&self) -> String {
        self.0.iter().map(|checksum| format!("{checksum:08x}")).collect()
    }

    /// Parses the text of checksums. `None` if it is invalid.
    pub(crate) fn from_text(text: &str) -> Option<Checksums> {
        let blocks = text.as_bytes().chunks(8).map(|digits| {
            let digits = str::from_utf8(digits).ok().filter(|digits| digits.len() == 8)?;
            u32::from_str_radix(digits, 16).ok()
        });
        blocks.collect::<Option<_>>().map(Checksums)
    }
}

/// Computes the checksum of a block: half of its XXH64, which is faster than a CRC without special instructions.
fn checksum(block: &[u8]) -> u32 {
    XxHash64::oneshot(0, block) as u32
}

/// A data file, with its size and checksums when it was written.
#[derive(Debug)]
pub(crate) struct CheckedFile {
    storage: PathBuf,
    path: PathBuf,
    size: u64,
    /// `None` for files of older versions, which are only compared by size.
    checksums: Option<Checksums>,
}

impl CheckedFile {
    /// Describes a file of the storage in a folder.
    pub(crate) fn new(storage: &Path, path: PathBuf, size: u64, checksums: Option<Checksums>) -> CheckedFile {
        CheckedFile { storage: storage.to_owned(), path, size, checksums }
    }

    /// Returns the size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Returns the checksums.
    pub(crate) fn checksums(&self) -> Option<&Checksums> {
        self.checksums.as_ref()
    }

    /// Checks that the file exists and has its size.
    ///
    /// # Errors
    /// An error whose cause is [`Damage`], or another error of the system.
    pub(crate) fn check_size(&self) -> io::Result<Metadata> {
        let metadata = std::fs::metadata(&self.path).map_err(|error| self.missing(error))?;
        if metadata.len() != self.size {
            return Err(self.damage(format!("has {} bytes instead of {}", metadata.len(), self.size)));
        }
        Ok(metadata)
    }

    /// Reads a range of bytes and verifies the checksums of its blocks.
    ///
    /// # Errors
    /// An error whose cause is [`Damage`], or another error of the system.
    pub(super) fn read(&self, range: &Range<u64>) -> io::Result<Bytes> {
        let mut file = File::open(&self.path).map_err(|error| self.missing(error))?;
        self.read_range(&mut file, range)
    }

    /// Verifies the whole file.
    ///
    /// # Errors
    /// An error whose cause is [`Damage`], or another error of the system.
    pub(crate) fn verify(&self) -> io::Result<()> {
        self.check_size()?;
        let mut file = File::open(&self.path).map_err(|error| self.missing(error))?;
        let mut start = 0;
        while start < self.size {
            let end = (start + BLOCK).min(self.size);
            self.read_range(&mut file, &(start..end))?;
            start = end;
        }
        Ok(())
    }

    fn read_range(&self, file: &mut File, range: &Range<u64>) -> io::Result<Bytes> {
        let blocks = match &self.checksums {
            Some(_) => range.start / BLOCK * BLOCK..range.end.next_multiple_of(BLOCK).min(self.size),
            None => range.clone(),
        };
        let mut bytes = vec![0; usize::try_from(blocks.end - blocks.start).map_err(io::Error::other)?];
        file.seek(SeekFrom::Start(blocks.start))?;
        file.read_exact(&mut bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => self.damage(format!("ends before byte {}", blocks.end)),
            _ => io::Error::new(error.kind(), format!("{}: {error}", self.path.display())),
        })?;
        if let Some(checksums) = &self.checksums {
            for (index, block) in (blocks.start / BLOCK..).zip(bytes.chunks(BLOCK as usize)) {
                if checksums.0.get(index as usize) != Some(&checksum(block)) {
                    let start = index * BLOCK;
                    let end = start + block.len() as u64;
                    return Err(self.damage(format!("was changed: bytes {start} to {end} do not match their checksum")));
                }
            }
        }
        let start = (range.start - blocks.start) as usize;
        let length = (range.end - range.start) as usize;
        Ok(Bytes::from(bytes).slice(start..start + length))
    }

    /// Makes the error for a file that could not be opened.
    fn missing(&self, error: io::Error) -> io::Error {
        match error.kind() {
            ErrorKind::NotFound => self.damage("is missing".to_owned()),
            _ => io::Error::new(error.kind(), format!("{}: {error}", self.path.display())),
        }
    }

    fn damage(&self, what: String) -> io::Error {
        io::Error::other(Damage::of(&self.storage, format!("`{}` {what}", self.path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_checksums_is_parsed() {
        let checksums = Checksums(vec![0, 0xffff_ffff, 0x1234_abcd]);
        assert_eq!(checksums.to_text(), "00000000ffffffff1234abcd");
        assert_eq!(Checksums::from_text(&checksums.to_text()), Some(checksums));
        assert_eq!(Checksums::from_text(""), Some(Checksums(Vec::new())));
        for wrong in ["0", "0000000g", "123456781234567", "é1234567"] {
            assert_eq!(Checksums::from_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn reads_return_the_written_bytes_or_report_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let content: Vec<u8> = (0..BLOCK * 2 + 100).map(|index| (index % 251) as u8).collect();
        std::fs::write(&path, &content).unwrap();
        let size = content.len() as u64;
        let file = CheckedFile::new(folder.path(), path.clone(), size, Some(Checksums::of(&path).unwrap()));
        for range in [0..0, 0..1, 0..size, 5..BLOCK, BLOCK - 1..BLOCK + 1, BLOCK * 2..size, size - 1..size] {
            let expected = &content[range.start as usize..range.end as usize];
            assert_eq!(file.read(&range).unwrap(), expected, "{range:?}");
        }
        file.verify().unwrap();
        let mut changed = content.clone();
        changed[BLOCK as usize + 7] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        assert_eq!(file.read(&(0..BLOCK)).unwrap(), content[..BLOCK as usize]);
        assert_eq!(file.read(&(BLOCK * 2..size)).unwrap(), content[BLOCK as usize * 2..]);
        for error in [file.read(&(BLOCK - 1..BLOCK + 1)).unwrap_err(), file.verify().unwrap_err()] {
            assert!(error.to_string().contains("bytes 262144 to 524288 do not match their checksum"), "{error}");
        }
        std::fs::write(&path, &content[..10]).unwrap();
        let error = file.verify().unwrap_err().to_string();
        assert!(error.contains(&format!("has 10 bytes instead of {size}")), "{error}");
        assert!(file.read(&(0..1)).unwrap_err().to_string().contains("ends before byte 262144"));
        std::fs::remove_file(&path).unwrap();
        assert!(file.check_size().unwrap_err().to_string().contains("is missing"));
    }
}
