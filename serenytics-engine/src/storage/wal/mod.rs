//! The write-ahead log of a storage. It keeps pushed rows on disk from their acknowledgement until
//! they are merged into the table.
//!
//! It is a folder of append-only segment files. A segment is named after the number of its first
//! row; rows have consecutive numbers. The table's log stores the number of the last merged row
//! (see [`super::table`]).

mod group;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use self::group::{Record, read};
use super::new_files::sync_file;
use crate::base::{Context, Damage, Error};
use crate::rows::Column;

/// The folder of the write-ahead log in the storage's folder. Delta Lake ignores names that start
/// with `_`.
pub(super) const FOLDER: &str = "_journal";

const FAILED: &str = "the write-ahead log of pushed rows could not be opened";

/// A row of the write-ahead log.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The columns that the row adds to the storage.
    pub(super) columns: Vec<Column>,
    /// The row as JSON.
    pub(super) row: Bytes,
}

/// The write-ahead log, as its only writer uses it.
#[derive(Debug)]
pub(super) struct WriteAheadLog {
    folder: PathBuf,
    /// The number of the last row.
    last: u64,
    /// The segments that are complete, with the number of their last row.
    closed: Vec<(PathBuf, u64)>,
    /// The segment to which rows are appended.
    open: Option<OpenSegment>,
}

/// The end of a segment that was read.
struct SegmentEnd {
    /// The number of its last row. `None` if it has no complete group.
    last: Option<u64>,
    /// The number of bytes of its complete groups.
    length: u64,
    /// True if an interrupted write follows them.
    is_interrupted: bool,
}

#[derive(Debug)]
struct OpenSegment {
    path: PathBuf,
    file: File,
    /// How many of its bytes are acknowledged.
    length: u64,
    /// True if a failed write may have left more bytes.
    is_torn: bool,
}

impl WriteAheadLog {
    /// Opens the write-ahead log in a storage's folder. Returns the rows after number `merged`,
    /// which is the last one in the table.
    ///
    /// # Errors
    /// It does not contain all rows up to number `acknowledged`, or an invalid group is followed by another one. Nothing
    /// is changed then.
    pub(super) fn open(storage: &Path, merged: u64, acknowledged: u64) -> Result<(WriteAheadLog, Vec<Entry>), Error> {
        let folder = storage.join(FOLDER);
        let mut wal = WriteAheadLog { folder, last: merged, closed: Vec::new(), open: None };
        let mut entries = Vec::new();
        let paths = wal.segments().context(FAILED)?;
        let mut ends = Vec::with_capacity(paths.len());
        for (index, path) in paths.iter().enumerate() {
            let is_last = index + 1 == paths.len();
            ends.push(wal.read_segment(path, is_last, &mut entries)?);
        }
        if wal.last < acknowledged {
            let missing = match paths.last() {
                Some(path) => format!("at the end of `{}`", path.display()),
                None => format!("because `{}` has no file", wal.folder.display()),
            };
            return Err(wal.missing(wal.last + 1, acknowledged, &missing));
        }
        for (path, end) in paths.into_iter().zip(ends) {
            if end.is_interrupted {
                let file = File::options().write(true).open(&path).context(FAILED)?;
                file.set_len(end.length).context(FAILED)?;
                tracing::info!(path = %path.display(), at = end.length, "an interrupted write was removed");
            }
            match end.last {
                Some(last) => {
                    // A killed process may have left rows that are not on disk yet. They are acknowledged from now on.
                    File::open(&path).and_then(|file| file.sync_all()).context(FAILED)?;
                    wal.closed.push((path, last));
                }
                // The process was killed before the first row was written.
                None => std::fs::remove_file(path).context(FAILED)?,
            }
        }
        wal.remove_merged(merged);
        Ok((wal, entries))
    }

    /// Returns the number of the last row.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    fn damage(&self, what: &str) -> Error {
        Error::damaged(&Damage::of(self.folder.parent().unwrap_or(&self.folder), what))
    }

    /// Makes the error for missing rows.
    fn missing(&self, from: u64, to: u64, place: &str) -> Error {
        self.damage(&format!("rows {from} to {to} are missing in its write-ahead log of pushed rows, {place}"))
    }

    /// Returns the segments, in the order of their rows.
    fn segments(&self) -> std::io::Result<Vec<PathBuf>> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            paths.push(entry?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|extension| extension == EXTENSION));
        // All names have the same number of digits.
        paths.sort();
        Ok(paths)
    }

    /// Reads the new rows of a segment.
    fn read_segment(&mut self, path: &Path, is_last: bool, entries: &mut Vec<Entry>) -> Result<SegmentEnd, Error> {
        let bytes = Bytes::from(std::fs::read(path).context(FAILED)?);
        let damaged = |wal: &WriteAheadLog, at: usize| {
            let shown = path.display();
            wal.damage(&format!(
                "its write-ahead log `{shown}` cannot be read from byte {at} on, and acknowledged rows follow"
            ))
        };
        let segment = read(&bytes).map_err(|damage| damaged(self, damage.at))?;
        let is_interrupted = segment.end < bytes.len();
        if is_interrupted && !is_last {
            return Err(damaged(self, segment.end));
        }
        let mut last = None;
        for group in segment.groups {
            for (number, record) in (group.first..).zip(group.records) {
                last = Some(number);
                if number <= self.last {
                    continue;
                }
                if number != self.last + 1 {
                    return Err(self.missing(self.last + 1, number - 1, &format!("before `{}`", path.display())));
                }
                entries.push(Entry::of(record).context(FAILED)?);
                self.last = number;
            }
        }
        Ok(SegmentEnd { last, length: segment.end as u64, is_interrupted })
    }

    /// Appends rows. When this returns, either all of them are on disk or none.
    pub(super) fn append(&mut self, entries: Vec<Entry>) -> std::io::Result<()> {
        let first = self.last + 1;
        let records = entries.into_iter().map(Entry::record).collect::<Result<Vec<_>, _>>()?;
        let mut bytes = Vec::new();
        group::write(first, &records, &mut bytes);
        let storage = self.folder.parent().unwrap_or(&self.folder).to_owned();
        let open = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(OpenSegment::create(&self.folder, first)?),
        };
        open.check().map_err(|what| std::io::Error::other(Damage::of(&storage, what)))?;
        open.append(&bytes)?;
        self.last += records.len() as u64;
        Ok(())
    }

    /// Removes the segments whose rows are all in the table: those up to number `merged`.
    pub(super) fn remove_merged(&mut self, merged: u64) {
        if let Some(open) = self.open.take_if(|open| self.last <= merged || !open.is_torn) {
            // The next row starts a new segment, so that this one can be removed later.
            self.closed.push((open.path, self.last));
        }
        self.closed.retain(|(path, last)| {
            if *last > merged {
                return true;
            }
            if let Err(error) = std::fs::remove_file(path) {
                // If it is read again, its rows are recognized as merged.
                tracing::warn!(path = %path.display(), %error, "a segment of the write-ahead log was not removed");
            }
            false
        });
    }
}

const EXTENSION: &str = "rows";

impl OpenSegment {
    fn create(folder: &Path, first: u64) -> std::io::Result<OpenSegment> {
        std::fs::create_dir_all(folder)?;
        sync_file(folder)?;
        let path = folder.join(format!("{first:020}.{EXTENSION}"));
        let file = File::options().append(true).create(true).open(&path)?;
        // Removes the rest of an earlier, failed attempt.
        file.set_len(0)?;
        sync_file(&path)?;
        Ok(OpenSegment { path, file, length: 0, is_torn: false })
    }

    /// Checks that the file still exists, with all acknowledged bytes. Otherwise no row may be added until its rows, which
    /// are in memory too, are merged into the table.
    fn check(&self) -> Result<(), String> {
        let length = std::fs::metadata(&self.path).map(|metadata| metadata.len());
        let shown = self.path.display();
        match length {
            Ok(length) if length >= self.length => Ok(()),
            Ok(length) => Err(format!("`{shown}` has {length} bytes instead of {}", self.length)),
            Err(error) => Err(format!("`{shown}` cannot be read: {error}")),
        }
    }

    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.is_torn {
            self.truncate()?;
        }
        self.is_torn = true;
        if let Err(error) = self.file.write_all(bytes).and_then(|()| self.file.sync_data()) {
            if let Err(error) = self.truncate() {
                tracing::warn!(path = %self.path.display(), %error, "a failed write will be removed later");
            }
            return Err(error);
        }
        self.is_torn = false;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Removes the bytes of a failed write.
    fn truncate(&mut self) -> std::io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.sync_all()?;
        self.is_torn = false;
        Ok(())
    }
}

impl Entry {
    fn of(record: Record) -> Result<Entry, serde_json::Error> {
        let columns = if record.columns.is_empty() { Vec::new() } else { serde_json::from_slice(&record.columns)? };
        Ok(Entry { columns, row: record.row })
    }

    fn record(self) -> std::io::Result<Record> {
        let columns = if self.columns.is_empty() { Vec::new() } else { serde_json::to_vec(&self.columns)? };
        Ok(Record { columns: columns.into(), row: self.row })
    }
}

#[cfg(test)]
mod tests {
    use serenytics_query::vocabulary::ColumnType;

    use super::*;

    fn entry(row: &str) -> Entry {
        Entry { columns: Vec::new(), row: Bytes::copy_from_slice(row.as_bytes()) }
    }

    fn rows(entries: &[Entry]) -> Vec<&[u8]> {
        entries.iter().map(|entry| &*entry.row).collect()
    }

    #[test]
    fn open_returns_the_rows_after_the_last_merged_one() {
        let folder = tempfile::tempdir().unwrap();
        let (mut wal, entries) = WriteAheadLog::open(folder.path(), 0, 0).unwrap();
        assert!(entries.is_empty());
        let column = Column { name: "a".to_owned(), column_type: ColumnType::DateTime };
        wal.append(vec![Entry { columns: vec![column.clone()], ..entry("1") }, entry("2")]).unwrap();
        wal.append(vec![entry("3")]).unwrap();
        assert_eq!(wal.last, 3);
        drop(wal);
        let (wal, entries) = WriteAheadLog::open(folder.path(), 0, 0).unwrap();
        assert_eq!((wal.last, entries[0].columns.as_slice()), (3, [column].as_slice()));
        assert_eq!(rows(&entries), [b"1", b"2", b"3"]);
        let (_, entries) = WriteAheadLog::open(folder.path(), 2, 0).unwrap();
        assert_eq!(rows(&entries), [b"3"]);
        let (mut wal, entries) = WriteAheadLog::open(folder.path(), 3, 0).unwrap();
        assert!(entries.is_empty());
        assert_eq!(std::fs::read_dir(folder.path().join(FOLDER)).unwrap().count(), 0);
        wal.append(vec![entry("4")]).unwrap();
        assert_eq!(wal.last, 4);
        assert_eq!(rows(&WriteAheadLog::open(folder.path(), 3, 0).unwrap().1), [b"4"]);
    }

    #[test]
    fn segments_are_removed_when_their_rows_are_merged() {
        let folder = tempfile::tempdir().unwrap();
        let (mut wal, _) = WriteAheadLog::open(folder.path(), 0, 0).unwrap();
        for number in 1..=6 {
            wal.append(vec![entry(&number.to_string())]).unwrap();
            if number == 2 {
                wal.remove_merged(1);
            } else if number == 4 {
                wal.remove_merged(3);
            }
        }
        // Rows 1 and 2 are gone; 3 and 4, then 5 and 6 remain.
        assert_eq!(std::fs::read_dir(folder.path().join(FOLDER)).unwrap().count(), 2);
        assert_eq!(rows(&WriteAheadLog::open(folder.path(), 3, 0).unwrap().1), [b"4", b"5", b"6"]);
        let error = WriteAheadLog::open(folder.path(), 1, 0).unwrap_err().to_string();
        assert!(error.contains("rows 2 to 2 are missing"), "{error}");
    }

    #[test]
    fn open_removes_an_interrupted_write_and_reports_damage() {
        let folder = tempfile::tempdir().unwrap();
        let (mut wal, _) = WriteAheadLog::open(folder.path(), 0, 0).unwrap();
        wal.append(vec![entry("1")]).unwrap();
        wal.remove_merged(0);
        wal.append(vec![entry("2")]).unwrap();
        let second = folder.path().join(FOLDER).join("00000000000000000002.rows");
        let whole = std::fs::read(&second).unwrap();
        std::fs::write(&second, &whole[..whole.len() - 1]).unwrap();
        let (mut wal, entries) = WriteAheadLog::open(folder.path(), 0, 0).unwrap();
        assert_eq!(rows(&entries), [b"1"]);
        assert!(!second.exists());
        wal.append(vec![entry("again")]).unwrap();
        assert_eq!(rows(&WriteAheadLog::open(folder.path(), 0, 0).unwrap().1), [&b"1"[..], b"again"]);

        let first = folder.path().join(FOLDER).join("00000000000000000001.rows");
        let whole = std::fs::read(&first).unwrap();
        std::fs::write(&first, &whole[..whole.len() - 1]).unwrap();
        let error = WriteAheadLog::open(folder.path(), 0, 0).unwrap_err().to_string();
        assert!(error.contains("00000000000000000001.rows` cannot be read from byte 0 on"), "{error}");
        std::fs::remove_file(&first).unwrap();
        let error = WriteAheadLog::open(folder.path(), 0, 0).unwrap_err().to_string();
        assert!(error.contains("rows 1 to 1 are missing"), "{error}");
    }

    #[test]
    fn append_removes_the_bytes_of_a_failed_write() {
        let folder = tempfile::tempdir().unwrap();
        let (mut wal, _) = WriteAheadLog::open(folder.path(), 0, 0).unwrap();
        wal.append(vec![entry("1")]).unwrap();
        // As after a write and a truncation that both failed.
        let open = wal.open.as_mut().unwrap();
        open.file.write_all(b"half of a group").unwrap();
        open.is_torn = true;
        wal.remove_merged(0);
        assert!(wal.open.is_some(), "a segment after a failed write must stay open");
        wal.append(vec![entry("2")]).unwrap();
        assert_eq!(rows(&WriteAheadLog::open(folder.path(), 0, 0).unwrap().1), [b"1", b"2"]);
    }

    #[test]
    fn open_reports_acknowledged_rows_that_are_missing_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (mut wal, _) = WriteAheadLog::open(folder.path(), 0, 0).unwrap();
        wal.append(vec![entry("1")]).unwrap();
        wal.append(vec![entry("2"), entry("3")]).unwrap();
        let path = folder.path().join(FOLDER).join("00000000000000000001.rows");
        let whole = std::fs::read(&path).unwrap();
        for length in [0, 1, whole.len() / 2, whole.len() - 1] {
            let mut left = whole.clone();
            left.truncate(length);
            for zeros in [0, 100] {
                left.resize(length + zeros, 0);
                std::fs::write(&path, &left).unwrap();
                let error = WriteAheadLog::open(folder.path(), 0, 3).unwrap_err().to_string();
                assert!(error.contains("to 3 are missing in its write-ahead log of pushed rows"), "{error}");
                assert_eq!(std::fs::read(&path).unwrap(), left, "damaged segments stay as they are");
            }
        }
        std::fs::remove_file(&path).unwrap();
        let error = WriteAheadLog::open(folder.path(), 0, 3).unwrap_err().to_string();
        assert!(error.contains("rows 1 to 3 are missing") && error.contains("has no file"), "{error}");
        // Rows that are in the table are not missing.
        WriteAheadLog::open(folder.path(), 3, 3).unwrap();
    }

    #[test]
    fn append_fails_if_the_segment_is_damaged_until_its_rows_are_merged() {
        for removed in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let (mut wal, _) = WriteAheadLog::open(folder.path(), 0, 0).unwrap();
            wal.append(vec![entry("1")]).unwrap();
            let path = folder.path().join(FOLDER).join("00000000000000000001.rows");
            if removed {
                std::fs::remove_file(&path).unwrap();
            } else {
                File::options().write(true).open(&path).unwrap().set_len(3).unwrap();
            }
            let error = wal.append(vec![entry("2")]).unwrap_err().to_string();
            assert!(error.contains("is damaged") && error.contains("00000000000000000001.rows"), "{error}");
            wal.remove_merged(1);
            wal.append(vec![entry("2")]).unwrap();
            assert_eq!(rows(&WriteAheadLog::open(folder.path(), 1, 2).unwrap().1), [b"2"]);
        }
    }
}
