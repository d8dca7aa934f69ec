//! Snapshots: the state of a storage at one commit, which queries keep while they read it.

use std::collections::HashMap;
use std::sync::Arc;

use deltalake_core::table::state::DeltaTableState;

use super::bounds::IntBounds;
use super::columns::{Column, columns_of};
use super::path::SharedPath;
use crate::error::{Context, Error, Kind};

/// A data file of a storage.
#[derive(Debug)]
pub(crate) struct DataFile {
    /// Its name in the table's log: a path inside the storage's folder.
    pub(crate) name: String,
    /// Where it is; it stays there as long as a snapshot has it.
    pub(crate) file: SharedPath,
    /// How many rows it has.
    pub(crate) rows: u64,
    /// What is known of its integers.
    bounds: IntBounds,
}

/// A storage at one commit. What a reader sees of it never changes.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Its columns; none if no data was ever loaded.
    pub(crate) columns: Vec<Column>,
    /// Its files, in the order of their loading.
    pub(crate) files: Vec<Arc<DataFile>>,
    /// Its number of rows.
    pub(crate) rows: u64,
    /// The folder, which is removed with the last snapshot of a deleted storage.
    folder: Arc<SharedPath>,
}

impl Snapshot {
    /// The snapshot of a storage that no data was ever loaded into.
    pub(crate) fn empty(folder: Arc<SharedPath>) -> Snapshot {
        Snapshot { columns: Vec::new(), files: Vec::new(), rows: 0, folder }
    }

    /// The snapshot of a table's state. Files that `previous` has too are shared with it.
    pub(crate) fn of(state: &DeltaTableState, previous: &Snapshot) -> Result<Snapshot, Error> {
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
                .ok_or_else(|| Error::new(Kind::Failed, format!("the log tells no number of rows for {name}")))?;
            let bounds = IntBounds::of(entry.stats().as_deref());
            let file = SharedPath::new(previous.folder.path().join(&name));
            files.push(Arc::new(DataFile { name, file, rows: rows as u64, bounds }));
        }
        // Names begin with the number of the commit that added them.
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Snapshot {
            columns: columns_of(&state.snapshot().arrow_schema())?,
            rows: files.iter().map(|file| file.rows).sum(),
            files,
            folder: Arc::clone(&previous.folder),
        })
    }

    /// The largest distance from zero that an integer of a column has, or may have if that is not known.
    pub(crate) fn largest(&self, column: &str) -> u128 {
        let any = i64::MIN.unsigned_abs();
        self.files.iter().map(|file| file.bounds.largest(column).unwrap_or(any)).max().unwrap_or(any).into()
    }

    /// Whether no sum over an integer column, whichever rows it takes, can be larger than 64 bits hold.
    pub(crate) fn sum_fits(&self, column: &str) -> bool {
        let mut largest: u128 = 0;
        for file in &self.files {
            match file.bounds.largest(column) {
                Some(value) => largest += u128::from(value) * u128::from(file.rows),
                None => return false,
            }
        }
        largest <= i64::MAX.unsigned_abs().into()
    }
}
