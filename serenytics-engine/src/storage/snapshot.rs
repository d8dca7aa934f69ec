//! Snapshots: the state of a storage at one moment, which queries keep while they read it.

use std::collections::HashMap;
use std::sync::Arc;

use deltalake_core::table::state::DeltaTableState;

use super::bounds::IntBounds;
use super::path::DeleteOnDrop;
use super::unmerged::UnmergedRows;
use crate::base::{Context, Error, ErrorKind};
use crate::rows::{Column, Row, columns_of};

/// A data file of a storage.
#[derive(Debug)]
pub(crate) struct DataFile {
    /// Its name in the table's log: a path inside the storage's folder.
    pub(crate) name: String,
    /// Where it is; it stays there as long as a snapshot has it.
    pub(crate) file: DeleteOnDrop,
    /// How many rows it has.
    pub(crate) rows: u64,
    /// What is known of its integers.
    bounds: IntBounds,
}

/// A storage at one moment: its table at one commit, and the pushed rows that the table lacks. What a reader sees of it
/// never changes.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Its columns; none if no data was ever loaded.
    pub(crate) columns: Arc<Vec<Column>>,
    /// Its files, in the order of their loading. Those that are older than a column lack it.
    pub(crate) files: Arc<Vec<Arc<DataFile>>>,
    /// The pushed rows, which come after those of the files.
    pub(crate) unmerged: UnmergedRows,
    /// Its number of rows.
    pub(crate) rows: u64,
    /// The columns of the table, with which the others begin.
    pub(super) table_columns: Arc<Vec<Column>>,
    /// The folder, which is removed with the last snapshot of a deleted storage.
    folder: Arc<DeleteOnDrop>,
}

impl Snapshot {
    /// The snapshot of a storage that no data was ever loaded into.
    pub(crate) fn empty(folder: Arc<DeleteOnDrop>) -> Snapshot {
        Snapshot {
            columns: Arc::default(),
            files: Arc::default(),
            unmerged: UnmergedRows::none(0),
            rows: 0,
            table_columns: Arc::default(),
            folder,
        }
    }

    /// The snapshot of a table's state, which has the pushed rows up to a number. Files that `previous` has too are
    /// shared with it.
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
                .ok_or_else(|| Error::new(ErrorKind::Failed, format!("the log tells no number of rows for {name}")))?;
            let bounds = IntBounds::of(entry.stats().as_deref());
            let file = DeleteOnDrop::new(previous.folder.path().join(&name));
            files.push(Arc::new(DataFile { name, file, rows: rows as u64, bounds }));
        }
        // Names begin with the number of the commit that added them.
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let columns = Arc::new(columns_of(&state.snapshot().arrow_schema())?);
        Ok(Snapshot {
            columns: Arc::clone(&columns),
            rows: files.iter().map(|file| file.rows).sum(),
            files: Arc::new(files),
            unmerged: UnmergedRows::none(merged),
            table_columns: columns,
            folder: Arc::clone(&previous.folder),
        })
    }

    /// The snapshot of a table's state with the rows that were pushed meanwhile, as another snapshot has them.
    pub(super) fn with_pushes_of(self, newest: &Snapshot) -> Snapshot {
        let unmerged = newest.unmerged.after(self.unmerged.last());
        if unmerged.is_empty() {
            return self;
        }
        Snapshot { columns: Arc::clone(&newest.columns), rows: self.rows + unmerged.rows(), unmerged, ..self }
    }

    /// The snapshot with further pushed rows, and the columns with those that they brought.
    pub(super) fn with_pushed(&self, columns: &Arc<Vec<Column>>, rows: Vec<(Row, usize)>) -> Snapshot {
        Snapshot {
            columns: Arc::clone(columns),
            files: Arc::clone(&self.files),
            rows: self.rows + rows.len() as u64,
            unmerged: self.unmerged.with(rows),
            table_columns: Arc::clone(&self.table_columns),
            folder: Arc::clone(&self.folder),
        }
    }

    /// The largest distance from zero that an integer of a column has, or may have if that is not known.
    pub(crate) fn largest(&self, column: &str) -> u128 {
        let any = i64::MIN.unsigned_abs();
        let files = self.files.iter().map(|file| file.bounds.largest(column).unwrap_or(any));
        files.chain(self.largest_pushed(column)).max().unwrap_or(any).into()
    }

    /// Whether no sum over an integer column, whichever rows it takes, can be larger than 64 bits hold.
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

    /// The same of the pushed rows; none if there are none.
    fn largest_pushed(&self, column: &str) -> Option<u64> {
        let index = self.columns.iter().position(|other| other.name == column)?;
        (!self.unmerged.is_empty()).then(|| self.unmerged.largest(index))
    }
}
