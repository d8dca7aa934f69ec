//! Writes Parquet: each row group is a chunk that is sent as soon as it is full.

use datafusion::arrow::array::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;

use super::FAILED;
use crate::base::{Context, Error};
use crate::rows::{Column, file_schema};

/// The maximum number of rows, and about the maximum bytes, of a row group. It is in memory while
/// it is built.
const GROUP_ROWS: usize = 64 * 1024;
const GROUP_BYTES: usize = 16 * 1024 * 1024;

/// Writes rows as Parquet.
pub(super) struct ParquetChunks {
    writer: ArrowWriter<Vec<u8>>,
}

impl ParquetChunks {
    /// Starts a file with these columns.
    pub(super) fn begin(columns: &[Column]) -> Result<ParquetChunks, Error> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let writer = ArrowWriter::try_new(Vec::new(), file_schema(columns), Some(properties)).context(FAILED)?;
        Ok(ParquetChunks { writer })
    }

    /// Writes rows. Returns the row groups that are full.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, Error> {
        self.writer.write(batch).context(FAILED)?;
        if self.writer.in_progress_size() >= GROUP_BYTES {
            self.writer.flush().context(FAILED)?;
        }
        self.writer.sync().context(FAILED)?;
        // The writer counts the written bytes itself, so its buffer may be emptied.
        Ok(std::mem::take(self.writer.inner_mut()))
    }

    /// Returns the rest of the file.
    pub(super) fn finish(self) -> Result<Vec<u8>, Error> {
        self.writer.into_inner().context(FAILED)
    }
}
