//! Unmerged rows: those of the write-ahead log that the table lacks, in memory, as queries read them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::arrow::array::{ArrayRef, RecordBatch, new_null_array};
use datafusion::arrow::compute::concat_batches;

use crate::base::{Context, Error};
use crate::rows::{BatchBuilder, Cell, Column, Row, file_schema};

/// How many rows a chunk has. A query puts the rows together that came since the last one, and copies those of the last
/// chunk once.
const CHUNK: u64 = 4096;

/// How many rows, or bytes of them, are merged into the table without waiting for more.
const DUE: (u64, u64) = (32 * 1024, 8 * 1024 * 1024);
/// How many rows, or bytes of them, there are before the next ones have to wait for a merge.
const FULL: (u64, u64) = (4 * DUE.0, 4 * DUE.1);

const FAILED: &str = "the pushed rows could not be put together";

/// The unmerged rows of a storage, as far as a reader sees them. What one reader sees never changes: others append to
/// what is shared.
#[derive(Debug, Clone)]
pub(crate) struct UnmergedRows {
    chunks: Arc<Vec<Arc<Chunk>>>,
    /// The number of the last row that the table has.
    merged: u64,
    /// The number of the last row.
    last: u64,
    /// How many bytes the rows take, about.
    bytes: u64,
    /// For each column, at least the largest distance from zero that its integers have.
    largest: Arc<Mutex<Vec<u64>>>,
}

/// Rows that follow each other.
#[derive(Debug)]
struct Chunk {
    /// The number of the first one.
    first: u64,
    rows: Mutex<ChunkRows>,
}

#[derive(Debug, Default)]
struct ChunkRows {
    /// The rows that a reader asked for already.
    built: Option<RecordBatch>,
    /// Those after them.
    rows: Vec<Row>,
    /// How many bytes each row takes.
    sizes: Vec<u64>,
}

impl UnmergedRows {
    /// No rows, after the number up to which the table has them.
    pub(super) fn none(merged: u64) -> UnmergedRows {
        UnmergedRows { chunks: Arc::default(), merged, last: merged, bytes: 0, largest: Arc::default() }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        self.last - self.merged
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// The number of the last row; without any, of the last one that the table has.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Whether there are enough rows to merge them.
    pub(crate) fn is_due(&self) -> bool {
        self.rows() >= DUE.0 || self.bytes >= DUE.1
    }

    /// Whether there are so many rows that no more are taken.
    pub(super) fn is_full(&self) -> bool {
        self.rows() >= FULL.0 || self.bytes >= FULL.1
    }

    /// At least the largest distance from zero that the integers of a column have.
    pub(super) fn largest(&self, column: usize) -> u64 {
        locked(&self.largest).get(column).copied().unwrap_or(0)
    }

    /// These rows, and those with the next numbers. Only the writer of the write-ahead log calls this, on the newest state.
    pub(super) fn with(&self, rows: Vec<(Row, usize)>) -> UnmergedRows {
        let mut after = self.clone();
        let mut largest = locked(&self.largest);
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
                Some(chunk) if after.last - chunk.first < CHUNK => chunk,
                _ => {
                    known.push(Arc::new(Chunk { first: after.last, rows: Mutex::default() }));
                    &known[known.len() - 1]
                }
            };
            let mut in_chunk = locked(&chunk.rows);
            in_chunk.rows.push(row);
            in_chunk.sizes.push(size);
        }
        if let Some(chunks) = chunks {
            after.chunks = Arc::new(chunks);
        }
        drop(largest);
        after
    }

    /// The rows after a number, up to which the table has them now.
    pub(super) fn after(&self, merged: u64) -> UnmergedRows {
        if merged >= self.last {
            return UnmergedRows::none(merged);
        }
        let mut after = UnmergedRows { merged: merged.max(self.merged), ..self.clone() };
        let left = |chunk: &&Arc<Chunk>| locked(&chunk.rows).sizes.len() as u64 + chunk.first > after.merged + 1;
        let chunks: Vec<Arc<Chunk>> = self.chunks.iter().filter(left).cloned().collect();
        after.bytes = chunks.iter().map(|chunk| chunk.bytes(after.merged, after.last)).sum();
        after.chunks = Arc::new(chunks);
        after
    }

    /// The rows as batches of [`file_schema`] of the columns, which are those of the snapshot that these rows are of.
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
    /// How many bytes the rows after a number take, up to another one.
    fn bytes(&self, after: u64, last: u64) -> u64 {
        let numbers = self.first..;
        let rows = locked(&self.rows);
        numbers.zip(&rows.sizes).filter(|(number, _)| *number > after && *number <= last).map(|(_, size)| size).sum()
    }

    /// The rows up to a number.
    fn batch(&self, last: u64, columns: &[Column]) -> Result<RecordBatch, Error> {
        let mut rows = locked(&self.rows);
        let wanted = (last + 1 - self.first).min(rows.sizes.len() as u64) as usize;
        let built = rows.built.as_ref().map_or(0, RecordBatch::num_rows);
        if built < wanted {
            let mut builder = BatchBuilder::new(columns);
            let mut batches = Vec::new();
            // What is built is left in place, should there be an error.
            batches.extend(rows.built.as_ref().map(|batch| fitted(batch, columns)).transpose()?);
            for row in &rows.rows[..wanted - built] {
                batches.extend(builder.row(row)?);
            }
            batches.extend(builder.finish()?);
            rows.built = Some(concat_batches(&file_schema(columns), &batches).context(FAILED)?);
            rows.rows.drain(..wanted - built);
        }
        match &rows.built {
            Some(batch) => fitted(&batch.slice(0, wanted), columns),
            None => Ok(RecordBatch::new_empty(file_schema(columns))),
        }
    }
}

/// A batch with the columns of a reader: the storage gets columns and loses none while it has unmerged rows, so these are
/// more than the batch has, whose rows have NULL in them, or fewer, as they were for an older reader.
fn fitted(batch: &RecordBatch, columns: &[Column]) -> Result<RecordBatch, Error> {
    let schema = file_schema(columns);
    let array = |index: usize| match batch.columns().get(index) {
        Some(array) => ArrayRef::clone(array),
        None => new_null_array(schema.field(index).data_type(), batch.num_rows()),
    };
    let arrays = (0..columns.len()).map(array).collect();
    RecordBatch::try_new(schema, arrays).context(FAILED)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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
    fn a_reader_sees_what_was_there_when_it_came() {
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
    fn many_rows_are_in_order_whenever_they_were_read() {
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
