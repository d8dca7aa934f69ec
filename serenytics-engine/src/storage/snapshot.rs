//! Snapshots: the immutable state of a storage that queries read.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use deltalake_core::table::state::DeltaTableState;

use super::bounds::IntBounds;
use super::path::DeleteOnDrop;
use super::unmerged::UnmergedRows;
use crate::base::{Context, Error, ErrorKind};
use crate::rows::{Column, Row, columns_of};

/// A data file of a storage.
#[derive(Debug)]
pub(crate) struct DataFile {
    /// Its name in the table's log: a path relative to the storage's folder.
    pub(crate) name: String,
    /// Its path. The file exists as long as a snapshot contains it.
    pub(crate) file: DeleteOnDrop,
    /// Its number of rows.
    pub(crate) rows: u64,
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
            let rows = entry
                .num_records()
                .ok_or_else(|| Error::new(ErrorKind::Failed, format!("the log has no number of rows for {name}")))?;
            let bounds = IntBounds::of(entry.stats().as_deref());
            let file = DeleteOnDrop::new(previous.folder.path().join(&name));
            files.push(Arc::new(DataFile { name, file, rows: rows as u64, bounds }));
        }
        // Names start with the number of the commit that added them.
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let columns = Arc::new(columns_of(&state.snapshot().arrow_schema())?);
        Ok(Snapshot {
            version: next_version(),
            columns: Arc::clone(&columns),
            rows: files.iter().map(|file| file.rows).sum(),
            files: Arc::new(files),
            unmerged: UnmergedRows::none(merged),
            table_columns: columns,
            folder: Arc::clone(&previous.folder),
        })
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
