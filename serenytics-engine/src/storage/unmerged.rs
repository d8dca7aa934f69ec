//! Unmerged rows: the rows of the write-ahead log that are not in the table yet, in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::arrow::array::{ArrayRef, RecordBatch, new_null_array};
use datafusion::arrow::compute::concat_batches;

use crate::base::{Context, Error};
use crate::rows::{BatchBuilder, Cell, Column, Row, file_schema};

/// The number of rows in a chunk. A query only converts the rows that arrived since the previous
/// one, and copies the last chunk once.
const CHUNK_ROWS: u64 = 4096;

/// The number of rows, or of their bytes, that starts a merge at once.
const MERGE_THRESHOLD: (u64, u64) = (32 * 1024, 8 * 1024 * 1024);
/// The number of rows, or of their bytes, from which pushes wait for a merge.
const WAIT_THRESHOLD: (u64, u64) = (4 * MERGE_THRESHOLD.0, 4 * MERGE_THRESHOLD.1);

const FAILED: &str = "the pushed rows could not be combined";

/// The unmerged rows that one snapshot contains. They never change: later rows are appended to the
/// shared chunks.
#[derive(Debug, Clone)]
pub(crate) struct UnmergedRows {
    chunks: Arc<Vec<Arc<Chunk>>>,
    /// The number of the last row in the table.
    merged: u64,
    /// The number of the last unmerged row.
    last: u64,
    /// The approximate number of bytes of the rows.
    bytes: u64,
    /// For each column, an upper bound of the absolute value of its integers.
    largest: Arc<Mutex<Vec<u64>>>,
}

/// Consecutive rows.
#[derive(Debug)]
struct Chunk {
    /// The number of the first row.
    first: u64,
    rows: Mutex<ChunkRows>,
}

#[derive(Debug, Default)]
struct ChunkRows {
    /// The rows that a query already converted.
    built: Option<RecordBatch>,
    /// The rows after them.
    rows: Vec<Row>,
    /// The size of each row in bytes.
    sizes: Vec<u64>,
}

impl UnmergedRows {
    /// Makes an empty set; `merged` is the number of the last row in the table.
    pub(super) fn none(merged: u64) -> UnmergedRows {
        UnmergedRows { chunks: Arc::default(), merged, last: merged, bytes: 0, largest: Arc::default() }
    }

    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> u64 {
        self.last - self.merged
    }

    /// Returns true if there are no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// Returns the number of the last row. If there is none, the number of the last row in the
    /// table.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Returns true if there are enough rows for a merge.
    pub(crate) fn is_due(&self) -> bool {
        self.rows() >= MERGE_THRESHOLD.0 || self.bytes >= MERGE_THRESHOLD.1
    }

    /// Returns true if there are too many rows to accept more.
    pub(super) fn is_full(&self) -> bool {
        self.rows() >= WAIT_THRESHOLD.0 || self.bytes >= WAIT_THRESHOLD.1
    }

    /// Returns an upper bound of the absolute value of a column's integers.
    pub(super) fn largest(&self, column: usize) -> u64 {
        lock(&self.largest).get(column).copied().unwrap_or(0)
    }

    /// Appends rows. Only the writer of the write-ahead log may call this, on the current snapshot.
    pub(super) fn with(&self, rows: Vec<(Row, usize)>) -> UnmergedRows {
        let mut after = self.clone();
        let mut largest = lock(&self.largest);
        let mut chunks = None;
        for (row, size) in rows {
            for (column, cell) in &row {
                let Cell::Int(value) = cell else { continue };
                if largest.len() <= *column {
                    largest.resize(column + 1, 0);
                }
                largest[*column] = largest[*column].max(value.unsigned_abs());
            }
            after.last += 1;
            let size = (size + row.len() * size_of::<(usize, Cell)>()) as u64;
            after.bytes += size;
            let known: &mut Vec<Arc<Chunk>> = chunks.get_or_insert_with(|| self.chunks.to_vec());
            let chunk = match known.last() {
                Some(chunk) if after.last - chunk.first < CHUNK_ROWS => chunk,
                _ => {
                    known.push(Arc::new(Chunk { first: after.last, rows: Mutex::default() }));
                    &known[known.len() - 1]
                }
            };
            let mut in_chunk = lock(&chunk.rows);
            in_chunk.rows.push(row);
            in_chunk.sizes.push(size);
        }
        if let Some(chunks) = chunks {
            after.chunks = Arc::new(chunks);
        }
        drop(largest);
        after
    }

    /// Removes the rows up to number `merged`, which are in the table now.
    pub(super) fn after(&self, merged: u64) -> UnmergedRows {
        if merged >= self.last {
            return UnmergedRows::none(merged);
        }
        let mut after = UnmergedRows { merged: merged.max(self.merged), ..self.clone() };
        let left = |chunk: &&Arc<Chunk>| lock(&chunk.rows).sizes.len() as u64 + chunk.first > after.merged + 1;
        let chunks: Vec<Arc<Chunk>> = self.chunks.iter().filter(left).cloned().collect();
        after.bytes = chunks.iter().map(|chunk| chunk.bytes(after.merged, after.last)).sum();
        after.chunks = Arc::new(chunks);
        after
    }

    /// Returns the rows as batches of [`file_schema`]. The columns must be those of the same
    /// snapshot.
    pub(crate) fn batches(&self, columns: &[Column]) -> Result<Vec<RecordBatch>, Error> {
        let batch = |chunk: &Arc<Chunk>| {
            let batch = chunk.batch(self.last, columns)?;
            let skipped = (self.merged + 1).saturating_sub(chunk.first) as usize;
            Ok(batch.slice(skipped, batch.num_rows() - skipped))
        };
        self.chunks.iter().map(batch).collect()
    }
}

impl Chunk {
    /// Returns the number of bytes of the rows after one number up to another.
    fn bytes(&self, after: u64, last: u64) -> u64 {
        let numbers = self.first..;
        let rows = lock(&self.rows);
        numbers.zip(&rows.sizes).filter(|(number, _)| *number > after && *number <= last).map(|(_, size)| size).sum()
    }

    /// Returns the rows up to a number.
    fn batch(&self, last: u64, columns: &[Column]) -> Result<RecordBatch, Error> {
        let mut rows = lock(&self.rows);
        let wanted = (last + 1 - self.first).min(rows.sizes.len() as u64) as usize;
        let built = rows.built.as_ref().map_or(0, RecordBatch::num_rows);
        if built < wanted {
            let mut builder = BatchBuilder::new(columns);
            let mut batches = Vec::new();
            // `rows.built` is only replaced at the end, so that an error loses nothing.
            batches.extend(rows.built.as_ref().map(|batch| with_columns(batch, columns)).transpose()?);
            for row in &rows.rows[..wanted - built] {
                batches.extend(builder.row(row)?);
            }
            batches.extend(builder.finish()?);
            rows.built = Some(concat_batches(&file_schema(columns), &batches).context(FAILED)?);
            rows.rows.drain(..wanted - built);
        }
        match &rows.built {
            Some(batch) => with_columns(&batch.slice(0, wanted), columns),
            None => Ok(RecordBatch::new_empty(file_schema(columns))),
        }
    }
}

/// Adapts a batch to the columns of a reader. While a storage has unmerged rows, columns may be
/// added but not removed. Columns that are newer than the batch are NULL; an older reader sees
/// fewer columns.
fn with_columns(batch: &RecordBatch, columns: &[Column]) -> Result<RecordBatch, Error> {
    let schema = file_schema(columns);
    let array = |index: usize| match batch.columns().get(index) {
        Some(array) => ArrayRef::clone(array),
        None => new_null_array(schema.field(index).data_type(), batch.num_rows()),
    };
    let arrays = (0..columns.len()).map(array).collect();
    RecordBatch::try_new(schema, arrays).context(FAILED)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::AsArray;
    use datafusion::arrow::datatypes::Int64Type;
    use serenytics_query::vocabulary::ColumnType;

    use super::*;

    fn columns(names: &[&str]) -> Vec<Column> {
        names.iter().map(|name| Column { name: (*name).to_owned(), column_type: ColumnType::Int }).collect()
    }

    fn row(column: usize, value: i64) -> (Row, usize) {
        (vec![(column, Cell::Int(value))], 10)
    }

    fn values(unmerged: &UnmergedRows, columns: &[Column], column: usize) -> Vec<Option<i64>> {
        let batches = unmerged.batches(columns).unwrap();
        batches.iter().flat_map(|batch| batch.column(column).as_primitive::<Int64Type>().iter()).collect()
    }

    #[test]
    fn snapshot_does_not_change_when_rows_are_added() {
        let (one, two) = (columns(&["a"]), columns(&["a", "b"]));
        let first = UnmergedRows::none(10).with(vec![row(0, 1), row(0, -2)]);
        let second = first.with(vec![row(1, 3)]);
        assert_eq!((first.last(), second.last(), second.rows()), (12, 13, 3));
        assert_eq!(values(&second, &two, 0), [Some(1), Some(-2), None]);
        assert_eq!(values(&first, &one, 0), [Some(1), Some(-2)]);
        assert_eq!(values(&second, &two, 1), [None, None, Some(3)]);
        assert_eq!((second.largest(0), second.largest(1), second.largest(2)), (2, 3, 0));
        let rest = second.after(11);
        assert_eq!(values(&rest, &two, 0), [Some(-2), None]);
        assert_eq!(rest.rows(), 2);
        assert!(second.after(13).is_empty());
        assert_eq!(second.after(13).last(), 13);
    }

    #[test]
    fn rows_stay_in_order_when_read_between_pushes() {
        let columns = columns(&["a"]);
        let mut unmerged = UnmergedRows::none(0);
        let mut expected = Vec::new();
        for value in 0..10_000 {
            unmerged = unmerged.with(vec![row(0, value)]);
            expected.push(Some(value));
            if value % 700 == 0 {
                assert_eq!(values(&unmerged, &columns, 0), expected);
            }
        }
        assert_eq!(values(&unmerged, &columns, 0), expected);
        let bytes = unmerged.bytes;
        let rest = unmerged.after(6000);
        assert_eq!(values(&rest, &columns, 0), expected[6000..]);
        assert_eq!(rest.bytes, bytes / 10_000 * 4000);
        assert_eq!(values(&unmerged, &columns, 0), expected);
    }
}
