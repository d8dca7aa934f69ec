//! Rewrites data files without the rows that are deleted or replaced.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use datafusion::arrow::compute::{cast, filter_record_batch};
use datafusion::arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use datafusion::common::Column as ColumnName;
use datafusion::prelude::Expr;
use futures_util::TryStreamExt;
use serenytics_query::vocabulary::ColumnType;

use super::commit::WriteTransaction;
use super::new_files::NewFiles;
use super::scan::scan_files;
use super::snapshot::{DataFile, Snapshot};
use crate::base::{Context, Error};
use crate::rows::{Cell, Column, cast_to, file_schema, file_type};
use crate::session::Session;

const FAILED: &str = "the older rows could not be read";

/// The value of a primary key, which is never NULL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Str(String),
    Int(i64),
    /// The bits of a float. Negative zero is stored as zero.
    Float(u64),
    DateTime(i64),
}

impl Key {
    /// Converts a cell to a key. `None` for NULL.
    pub(crate) fn of(cell: &Cell) -> Option<Key> {
        match cell {
            Cell::Null => None,
            Cell::Str(text) => Some(Key::Str(text.clone())),
            Cell::Int(value) => Some(Key::Int(*value)),
            Cell::Float(value) => Some(Key::float(*value)),
            Cell::DateTime(value) => Some(Key::DateTime(*value)),
        }
    }

    fn float(value: f64) -> Key {
        Key::Float(if value == 0.0 { 0 } else { value.to_bits() })
    }

    /// Returns the number of bytes of a string key, otherwise 0.
    pub(crate) fn text_len(&self) -> usize {
        match self {
            Key::Str(text) => text.len(),
            Key::Int(_) | Key::Float(_) | Key::DateTime(_) => 0,
        }
    }
}

/// Converts the cells of a column to keys. `None` for NULL.
pub(crate) fn keys_of(array: &ArrayRef, column_type: ColumnType) -> Result<Vec<Option<Key>>, Error> {
    let array = cast(array, &file_type(column_type)).context(FAILED)?;
    let key = |row: usize| match column_type {
        ColumnType::Str => Key::Str(array.as_string::<i32>().value(row).to_owned()),
        ColumnType::Int => Key::Int(array.as_primitive::<Int64Type>().value(row)),
        ColumnType::Float => Key::float(array.as_primitive::<Float64Type>().value(row)),
        ColumnType::DateTime => Key::DateTime(array.as_primitive::<TimestampMicrosecondType>().value(row)),
    };
    Ok((0..array.len()).map(|row| array.is_valid(row).then(|| key(row))).collect())
}

/// The keys of rows to delete, by key column.
#[derive(Debug, Default)]
pub(crate) struct DeletedKeys {
    keys: HashMap<usize, HashSet<Key>>,
}

impl DeletedKeys {
    /// Adds keys.
    pub(crate) fn add(&mut self, column: usize, keys: impl IntoIterator<Item = Key>) {
        self.keys.entry(column).or_default().extend(keys);
    }

    /// Returns true if no row is to be deleted.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.values().all(HashSet::is_empty)
    }

    /// Returns which rows of a batch remain. `position` maps a key column to its index in the
    /// batch.
    fn kept(
        &self,
        batch: &RecordBatch,
        columns: &[Column],
        position: impl Fn(usize) -> usize,
    ) -> Result<BooleanArray, Error> {
        let mut kept = vec![true; batch.num_rows()];
        for (index, keys) in &self.keys {
            let column = keys_of(batch.column(position(*index)), columns[*index].column_type)?;
            for (kept, key) in kept.iter_mut().zip(column) {
                *kept = *kept && !key.is_some_and(|key| keys.contains(&key));
            }
        }
        Ok(BooleanArray::from(kept))
    }
}

/// Files with fewer rows than these limits are merged with others like them. There are two limits,
/// for small and medium files: rows that were merged once are merged once more.
const SMALL_FILES: [u64; 2] = [10_000, 300_000];
/// The number of such files that starts a merge.
const MERGE_COUNT: usize = 32;

/// Returns the index of the first file to merge, given the files' numbers of rows. Each file costs
/// every query a little, so many small files are merged into one. Only files at the end are merged,
/// to keep the order of rows.
fn first_merged(files: &[u64]) -> usize {
    let mut at_least = 0;
    let small = SMALL_FILES.map(|below| {
        let last = files.iter().rev().take_while(|rows| **rows < below);
        // A medium file only counts with other medium files: a few small files after it do not
        // cause it to be rewritten.
        let count = last.clone().filter(|rows| **rows >= at_least).count();
        at_least = below;
        if count >= MERGE_COUNT { last.count() } else { 0 }
    });
    files.len() - small.into_iter().max().unwrap_or(0)
}

/// The files and pushed rows that were rewritten, so that a commit can remove the old ones.
pub(crate) struct RewriteResult {
    /// The old files.
    pub(crate) files: Vec<Arc<DataFile>>,
    /// The number of the last pushed row.
    pub(crate) pushes: u64,
}

/// Rewrites all files that contain deleted rows, small files that are merged, and the pushed rows,
/// without the deleted rows. Pushes wait from here until the transaction ends, so that all later
/// pushes are newer.
pub(crate) async fn rewrite(
    session: &Session,
    writing: &mut WriteTransaction,
    replaced: &DeletedKeys,
    files: &mut NewFiles,
) -> Result<RewriteResult, Error> {
    let snapshot = writing.snapshot();
    let touched = rewrite_files(session, &snapshot, replaced, files).await?;
    writing.pause().await;
    let snapshot = writing.snapshot();
    for batch in snapshot.unmerged.batches(&snapshot.columns)? {
        let kept = replaced.kept(&batch, &snapshot.columns, |index| index)?;
        files.write(&filter_record_batch(&batch, &kept).context(FAILED)?).await?;
    }
    Ok(RewriteResult { files: touched, pushes: snapshot.unmerged.last() })
}

/// Rewrites all files that contain deleted rows, and small files that are merged, without the
/// deleted rows. Returns the old files.
pub(super) async fn rewrite_files(
    session: &Session,
    snapshot: &Snapshot,
    replaced: &DeletedKeys,
    files: &mut NewFiles,
) -> Result<Vec<Arc<DataFile>>, Error> {
    let mut touched = Vec::new();
    let schema = file_schema(&snapshot.columns);
    let first_merged = first_merged(&snapshot.files.iter().map(|file| file.rows).collect::<Vec<_>>());
    for (index, file) in snapshot.files.iter().enumerate() {
        if index < first_merged && !is_touched(session, snapshot, file, replaced).await? {
            continue;
        }
        touched.push(Arc::clone(file));
        let rows = scan_files(&session.ordered, std::slice::from_ref(file), &snapshot.columns)?;
        let mut batches = rows.execute_stream().await.context(FAILED)?;
        while let Some(batch) = batches.try_next().await.context(FAILED)? {
            let kept = replaced.kept(&batch, &snapshot.columns, |index| index)?;
            let batch = filter_record_batch(&batch, &kept).context(FAILED)?;
            files.write(&cast_to(&batch, &schema).context(FAILED)?).await?;
        }
    }
    Ok(touched)
}

/// Returns true if a file contains a deleted row. Reads only the key columns.
async fn is_touched(
    session: &Session,
    snapshot: &Snapshot,
    file: &Arc<DataFile>,
    replaced: &DeletedKeys,
) -> Result<bool, Error> {
    if replaced.is_empty() {
        return Ok(false);
    }
    let mut indexes: Vec<usize> = replaced.keys.keys().copied().collect();
    indexes.sort_unstable();
    let keys: Vec<Expr> =
        indexes.iter().map(|index| Expr::Column(ColumnName::from_name(&snapshot.columns[*index].name))).collect();
    let rows = scan_files(&session.ordered, std::slice::from_ref(file), &snapshot.columns)?;
    let mut batches = rows.select(keys).context(FAILED)?.execute_stream().await.context(FAILED)?;
    while let Some(batch) = batches.try_next().await.context(FAILED)? {
        let position = |index| indexes.iter().position(|other| *other == index).unwrap_or_default();
        let kept = replaced.kept(&batch, &snapshot.columns, position)?;
        if kept.false_count() > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_files_are_merged_with_files_of_similar_size() {
        let many = |rows: u64, files: usize| vec![rows; files];
        assert_eq!(first_merged(&[]), 0);
        assert_eq!(first_merged(&many(100, 31)), 31);
        assert_eq!(first_merged(&many(100, 32)), 0);
        // A large file is not rewritten because of a few rows.
        assert_eq!(first_merged(&[many(200_000, 1), many(100, 31)].concat()), 32);
        assert_eq!(first_merged(&[many(200_000, 1), many(100, 32)].concat()), 1);
        assert_eq!(first_merged(&[many(300_000, 1), many(10_000, 31), many(100, 5)].concat()), 37);
        assert_eq!(first_merged(&[many(300_000, 1), many(10_000, 32), many(100, 5)].concat()), 1);
    }

    #[test]
    fn merges_rewrite_rows_rarely_and_keep_few_files() {
        let mut files = vec![200_000];
        let (mut written, mut most) = (0, 0);
        for _ in 0..100_000 {
            let first = first_merged(&files);
            let merged = files.drain(first..).sum::<u64>();
            written += merged + 100;
            files.push(merged + 100);
            most = most.max(files.len());
        }
        assert!(written < 10 * 100 * 100_000, "{written} rows");
        assert!(most < 64 + files.iter().filter(|rows| **rows >= SMALL_FILES[1]).count(), "{most} files");
    }
}
