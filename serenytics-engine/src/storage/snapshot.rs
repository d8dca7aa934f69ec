//! Snapshots: the immutable state of a storage that queries read.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use deltalake_core::table::state::DeltaTableState;

use super::bounds::{IntBounds, Statistics};
use super::path::DeleteOnDrop;
use super::unmerged::UnmergedRows;
use crate::base::{Context, Damage, Error};
use crate::rows::{Column, Row, columns_of};
use crate::session::{CheckedFile, Checksums};

/// The tag of a file in the table's log that contains its checksums.
pub(super) const CHECKSUMS: &str = "serenyticsChecksums";

/// A data file of a storage.
#[derive(Debug)]
pub(crate) struct DataFile {
    /// Its name in the table's log: a path relative to the storage's folder.
    pub(crate) name: String,
    /// Its path. The file exists as long as a snapshot contains it.
    pub(crate) file: DeleteOnDrop,
    /// Its number of rows.
    pub(crate) rows: u64,
    /// Its size and checksums when it was written.
    pub(crate) content: Arc<CheckedFile>,
    /// The bounds of its integers.
    bounds: IntBounds,
}

/// The immutable state of a storage: its table at one commit, and the unmerged rows.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Identifies its rows: no other snapshot of this process that has other rows has the same version.
    pub(crate) version: u64,
    /// Its columns. Empty if nothing was ever loaded.
    pub(crate) columns: Arc<Vec<Column>>,
    /// Its files, in the order of loading. A file that is older than a column does not contain it.
    pub(crate) files: Arc<Vec<Arc<DataFile>>>,
    /// The pushed rows, which follow those of the files.
    pub(crate) unmerged: UnmergedRows,
    /// Its number of rows.
    pub(crate) rows: u64,
    /// The columns of the table. They are the first ones of `columns`.
    pub(super) table_columns: Arc<Vec<Column>>,
    /// The id of the table. `None` before the first commit.
    pub(super) table: Option<Arc<str>>,
    /// The number of commits of the table.
    pub(super) commits: u64,
    /// The digest of the table: its files, its columns, and the number of the last merged row.
    pub(super) digest: u32,
    /// The folder. For a deleted storage, the last snapshot removes it on drop.
    folder: Arc<DeleteOnDrop>,
}

fn next_version() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

impl Snapshot {
    /// Makes the snapshot of an empty storage.
    pub(crate) fn empty(folder: Arc<DeleteOnDrop>) -> Snapshot {
        Snapshot {
            version: next_version(),
            columns: Arc::default(),
            files: Arc::default(),
            unmerged: UnmergedRows::none(0),
            rows: 0,
            table_columns: Arc::default(),
            table: None,
            commits: 0,
            digest: 0,
            folder,
        }
    }

    /// Makes the snapshot of a table's state without unmerged rows; `merged` is the number of the
    /// last pushed row in the table. Shares the files that `previous` contains too.
    pub(crate) fn of(state: &DeltaTableState, merged: u64, previous: &Snapshot) -> Result<Snapshot, Error> {
        let known: HashMap<&str, &Arc<DataFile>> =
            previous.files.iter().map(|file| (file.name.as_str(), file)).collect();
        let log = state.snapshot().try_log_data().context("a table's log could not be read")?;
        let mut files = Vec::with_capacity(log.num_files());
        for entry in log.iter() {
            let name = entry.path().into_owned();
            if let Some(file) = known.get(name.as_str()) {
                files.push(Arc::clone(file));
                continue;
            }
            let damage = |what: &str| {
                let what = format!("its log has no valid {what} of `{name}`");
                Error::damaged(&Damage::of(previous.folder.path(), what))
            };
            let statistics = Statistics::parse(entry.stats().as_deref());
            let rows = statistics.rows().ok_or_else(|| damage("number of rows"))?;
            let size = u64::try_from(entry.size()).map_err(|_| damage("size"))?;
            #[expect(deprecated, reason = "there is no other way to read the tags of a file")]
            let tags = entry.add_action().tags;
            let checksums = match tags.and_then(|mut tags| tags.remove(CHECKSUMS)).flatten() {
                Some(text) => Some(Checksums::from_text(&text).ok_or_else(|| damage("checksums"))?),
                None => None,
            };
            let path = previous.folder.path().join(&name);
            let content = Arc::new(CheckedFile::new(previous.folder.path(), path.clone(), size, checksums));
            let file = DeleteOnDrop::new(path);
            files.push(Arc::new(DataFile { name, file, rows, content, bounds: statistics.bounds() }));
        }
        // Names start with the number of the commit that added them.
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let columns = Arc::new(columns_of(&state.snapshot().arrow_schema())?);
        let digest = digest(&files, &columns, merged)?;
        Ok(Snapshot {
            version: next_version(),
            columns: Arc::clone(&columns),
            rows: files.iter().map(|file| file.rows).sum(),
            files: Arc::new(files),
            unmerged: UnmergedRows::none(merged),
            table: Some(state.metadata().id().into()),
            commits: state.version() + 1,
            digest,
            table_columns: columns,
            folder: Arc::clone(&previous.folder),
        })
    }

    /// Returns the storage's folder.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Adds the unmerged rows of a newer snapshot.
    pub(super) fn with_pushes_of(self, newest: &Snapshot) -> Snapshot {
        let unmerged = newest.unmerged.after(self.unmerged.last());
        if unmerged.is_empty() {
            return self;
        }
        let (version, columns) = (next_version(), Arc::clone(&newest.columns));
        Snapshot { version, columns, rows: self.rows + unmerged.rows(), unmerged, ..self }
    }

    /// Adds pushed rows, and the columns that they added.
    pub(super) fn with_pushed(&self, columns: &Arc<Vec<Column>>, rows: Vec<(Row, usize)>) -> Snapshot {
        Snapshot {
            version: next_version(),
            columns: Arc::clone(columns),
            files: Arc::clone(&self.files),
            rows: self.rows + rows.len() as u64,
            unmerged: self.unmerged.with(rows),
            table_columns: Arc::clone(&self.table_columns),
            table: self.table.clone(),
            commits: self.commits,
            digest: self.digest,
            folder: Arc::clone(&self.folder),
        }
    }

    /// Returns the largest absolute value of a column's integers, or an upper bound.
    pub(crate) fn largest(&self, column: &str) -> u128 {
        let any = i64::MIN.unsigned_abs();
        let files = self.files.iter().map(|file| file.bounds.largest(column).unwrap_or(any));
        files.chain(self.largest_pushed(column)).max().unwrap_or(any).into()
    }

    /// Returns true if the sum over an integer column fits 64 bits for any subset of the rows.
    pub(crate) fn sum_fits(&self, column: &str) -> bool {
        let pushed = self.largest_pushed(column).unwrap_or(0);
        let mut largest = u128::from(pushed) * u128::from(self.unmerged.rows());
        for file in self.files.iter() {
            match file.bounds.largest(column) {
                Some(value) => largest += u128::from(value) * u128::from(file.rows),
                None => return false,
            }
        }
        largest <= i64::MAX.unsigned_abs().into()
    }

    /// Returns the bound of the unmerged rows. `None` if there are none.
    fn largest_pushed(&self, column: &str) -> Option<u64> {
        let index = self.columns.iter().position(|other| other.name == column)?;
        (!self.unmerged.is_empty()).then(|| self.unmerged.largest(index))
    }
}

/// Computes the digest of a table.
fn digest(files: &[Arc<DataFile>], columns: &[Column], merged: u64) -> Result<u32, Error> {
    let mut digest = crc32fast::Hasher::new();
    for file in files {
        digest.update(file.name.as_bytes());
        digest.update(&file.content.size().to_le_bytes());
        digest.update(&file.rows.to_le_bytes());
        if let Some(checksums) = file.content.checksums() {
            digest.update(checksums.to_text().as_bytes());
        }
    }
    digest.update(&serde_json::to_vec(columns).context("the columns could not be read")?);
    digest.update(&merged.to_le_bytes());
    Ok(digest.finalize())
}
