//! Update: adds the rows of a file to a storage and replaces the rows that have the same keys.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, RecordBatch, new_null_array};
use datafusion::arrow::compute::filter_record_batch;
use serenytics_query::suggest::{listed, nearest};

use super::file::RowsFile;
use super::loaded::Loaded;
use super::reading::{begin_reading, columns_of, names_of, warnings_of};
use crate::base::{Context, Error};
use crate::rows::{Column, file_schema, file_type};
use crate::session::{Reservation, Session};
use crate::storage::{Change, DeletedKeys, Key, NewFiles, RewriteResult, Storage, keys_of, rewrite};

const FAILED: &str = "the rows could not be combined";

/// The estimated bytes of a key without its string: in the map that finds it, and in the set of
/// keys to delete or of superseded rows.
const KEY_BYTES: usize = 128;

/// Loads a file whose rows replace those with the same value of the column `key`. An error leaves
/// the storage unchanged. An empty storage gets the columns of the file.
pub(crate) async fn update(
    storage: &Arc<Storage>,
    session: &Session,
    file: RowsFile,
    key: &str,
) -> Result<Loaded, Error> {
    let names = names_of(&file).await?;
    let warnings = warnings_of(&file).await?;
    let mut writing = storage.write().await;
    writing.lock_columns().await;
    let before = writing.snapshot();
    let columns = match before.columns.is_empty() {
        true => Arc::new(columns_of(&file).await?),
        false => Arc::clone(&before.columns),
    };
    let update = Update::new(file, names, columns, key)?;
    let keys = update.keys(session).await?;
    let mut files = writing.new_files(&update.columns)?;
    let written = async {
        let rewritten = rewrite(session, &mut writing, &keys.replaced, &mut files).await?;
        update.write(&keys.superseded, &mut files).await?;
        Ok(rewritten)
    };
    let RewriteResult { files: remove, pushes } = match written.await {
        Ok(rewritten) => rewritten,
        Err(error) => {
            files.discard().await;
            return Err(error);
        }
    };
    let add = files.finish().await?;
    let change = Change { columns: update.columns, remove, add, pushes };
    Ok(Loaded { rows: writing.commit(change).await?.rows, warnings })
}

/// A file to be written into the columns of a storage.
struct Update {
    file: RowsFile,
    /// The columns of the file, with the storage's types.
    read: Arc<Vec<Column>>,
    /// The columns of the storage.
    columns: Arc<Vec<Column>>,
    /// For each column of the storage, its index in the file.
    places: Vec<Option<usize>>,
    /// The index of the key among the storage's columns.
    key: usize,
}

/// The keys of a file.
struct Keys {
    /// All keys: older rows that have them are deleted.
    replaced: DeletedKeys,
    /// The numbers of the file's rows that have the same key as a later row.
    superseded: HashSet<u64>,
    /// The reserved memory for the keys.
    _reserved: Reservation,
}

impl Update {
    fn new(file: RowsFile, names: Vec<String>, columns: Arc<Vec<Column>>, key: &str) -> Result<Update, Error> {
        let known = || columns.iter().map(|column| column.name.as_str());
        let suggestion = |name: &str| match nearest(name, known()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("it has {}", listed(known())),
        };
        let read = names.iter().map(|name| {
            columns.iter().find(|column| column.name == *name).cloned().ok_or_else(|| {
                let suggestion = suggestion(name);
                Error::rejected(format!("the file's column {name:?} is not a column of the storage: {suggestion}"))
            })
        });
        let read: Vec<Column> = read.collect::<Result<_, _>>()?;
        let place = |column: &Column| names.iter().position(|name| *name == column.name);
        let places: Vec<Option<usize>> = columns.iter().map(place).collect();
        let index = columns.iter().position(|column| column.name == key).ok_or_else(|| {
            let suggestion = suggestion(key);
            Error::rejected(format!("the primary key {key:?} is not a column of the storage: {suggestion}"))
        })?;
        if places[index].is_none() {
            return Err(Error::rejected(format!("the file lacks the primary key column {key:?}")));
        }
        Ok(Update { file, read: Arc::new(read), columns, places, key: index })
    }

    /// Reads all keys into memory, which is reserved from the queries' memory.
    async fn keys(&self, session: &Session) -> Result<Keys, Error> {
        let reserved = session.reserve("keys of an update");
        let column = &self.columns[self.key];
        let mut last: HashMap<Key, u64> = HashMap::new();
        let mut superseded = HashSet::new();
        let mut row = 0;
        let mut batches = begin_reading(self.file.clone(), Arc::clone(&self.read));
        while let Some(batch) = batches.next().await? {
            let keys = keys_of(&self.cells(self.key, &batch), column.column_type)?;
            let mut bytes = 0;
            for key in keys {
                let key = key.ok_or_else(|| {
                    let name = &column.name;
                    Error::rejected(format!("row {} of the file has no value for the primary key {name:?}", row + 1))
                })?;
                bytes += KEY_BYTES + key.text_len();
                superseded.extend(last.insert(key, row));
                row += 1;
            }
            reserved.grow(bytes).map_err(|_| {
                Error::rejected(format!(
                    "the keys of the first {row} rows need more memory than queries may use: update with \
                     smaller files"
                ))
            })?;
        }
        let mut replaced = DeletedKeys::default();
        replaced.add(self.key, last.into_keys());
        Ok(Keys { replaced, superseded, _reserved: reserved })
    }

    /// Writes the rows, except those that a later row supersedes.
    async fn write(&self, superseded: &HashSet<u64>, files: &mut NewFiles) -> Result<(), Error> {
        let schema = file_schema(&self.columns);
        let mut row = 0;
        let mut batches = begin_reading(self.file.clone(), Arc::clone(&self.read));
        while let Some(batch) = batches.next().await? {
            let cells = (0..self.columns.len()).map(|index| self.cells(index, &batch)).collect();
            let mut rows = RecordBatch::try_new(Arc::clone(&schema), cells).context(FAILED)?;
            if !superseded.is_empty() {
                let count = batch.num_rows() as u64;
                let kept: BooleanArray = (row..row + count).map(|row| Some(!superseded.contains(&row))).collect();
                rows = filter_record_batch(&rows, &kept).context(FAILED)?;
                row += count;
            }
            files.write(&rows).await?;
        }
        Ok(())
    }

    /// Returns the cells of a column of the storage: those of the file, or NULLs.
    fn cells(&self, index: usize, batch: &RecordBatch) -> ArrayRef {
        match self.places[index] {
            Some(place) => Arc::clone(batch.column(place)),
            None => new_null_array(&file_type(self.columns[index].column_type), batch.num_rows()),
        }
    }
}
