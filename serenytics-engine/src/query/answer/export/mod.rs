//! Exports: all rows of a source as a file, which is sent while it is written.

mod csv;
mod parquet;

use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt, TryStreamExt, stream};

pub use self::csv::CsvOptions;
pub(super) use self::csv::CsvText;
use self::parquet::ParquetChunks;
use super::ByteStream;
use crate::base::{Context, Error};
use crate::query::input::Input;
use crate::query::plan;
use crate::rows::{Column, cast_to, check_names, file_schema};
use crate::session::{Session, run_error};

const FAILED: &str = "the export could not be written";

/// The formats of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// CSV text.
    Csv,
    /// Gzipped CSV text.
    CsvGz,
    /// Apache Parquet.
    Parquet,
}

impl ExportFormat {
    /// Parses the name of a format.
    ///
    /// # Errors
    /// The name is unknown.
    pub fn named(name: &str) -> Result<ExportFormat, Error> {
        match name {
            "auto" | "csv" => Ok(ExportFormat::Csv),
            "csv.gz" => Ok(ExportFormat::CsvGz),
            "parquet" => Ok(ExportFormat::Parquet),
            other => Err(Error::rejected(format!(
                "unknown export_format {other:?}, expected one of auto, csv, csv.gz, parquet"
            ))),
        }
    }

    /// Returns its name, which is also the extension of its files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ExportFormat::Csv => "csv",
            ExportFormat::CsvGz => "csv.gz",
            ExportFormat::Parquet => "parquet",
        }
    }

    /// Returns its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            ExportFormat::Csv => "text/csv; charset=utf-8",
            ExportFormat::CsvGz => "application/gzip",
            ExportFormat::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// How an export is written.
#[derive(Debug, Clone, Copy)]
pub struct ExportOptions {
    /// The format of the file.
    pub format: ExportFormat,
    /// How a CSV file is written.
    pub csv: CsvOptions,
}

impl Input {
    /// Checks that the rows can be exported.
    ///
    /// # Errors
    /// The source has no rows, or two columns have the same name in the file.
    pub fn check_export(&self) -> Result<(), Error> {
        exported_columns(self).map(|_| ())
    }
}

/// Returns the columns of an export. In a join, their names have prefixes.
fn exported_columns(input: &Input) -> Result<Vec<Column>, Error> {
    input.check_has_rows()?;
    let columns: Vec<Column> = input.exported_columns().collect();
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    check_names(&names)?;
    Ok(columns)
}

/// Returns the bytes of an export. The first chunk is ready on return, so that early errors are
/// returned before the file begins. The rows are those of `input`, which is a snapshot.
pub(crate) async fn export(session: &Session, input: Input, options: ExportOptions) -> Result<ByteStream, Error> {
    let columns = exported_columns(&input)?;
    let context = if input.is_join() { &session.filtered } else { &session.ordered };
    let batches = plan::rows(context, &input)?.execute_stream().await.map_err(run_error)?;
    let writer = Writer::begin(&columns, options)?;
    let state = RunningExport { batches, writer: Some(writer), columns, _input: input };
    let mut chunks = stream::try_unfold(state, |mut state| async move {
        let chunk = state.next().await?;
        Ok(chunk.map(|chunk| (chunk, state)))
    })
    .boxed();
    let first = stream::iter(chunks.try_next().await?.map(Ok));
    Ok(first.chain(chunks).boxed())
}

/// A running export. It keeps its input until the last row is read.
struct RunningExport {
    batches: SendableRecordBatchStream,
    /// `None` when the file is finished.
    writer: Option<Writer>,
    columns: Vec<Column>,
    _input: Input,
}

impl RunningExport {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(writer) = &mut self.writer {
            let Some(batch) = self.batches.try_next().await.map_err(run_error)? else { break };
            let chunk = writer.write(&cast_to(&batch, &file_schema(&self.columns)).context(FAILED)?)?;
            if !chunk.is_empty() {
                return Ok(Some(Bytes::from(chunk)));
            }
        }
        self.writer.take().map(|writer| writer.finish().map(Bytes::from)).transpose()
    }
}

/// Converts rows to the bytes of a file, chunk by chunk.
enum Writer {
    Csv(CsvText),
    CsvGz(CsvText, GzEncoder<Vec<u8>>),
    Parquet(ParquetChunks),
}

impl Writer {
    fn begin(columns: &[Column], options: ExportOptions) -> Result<Writer, Error> {
        let text = || CsvText::begin(columns.iter().map(|column| column.name.as_str()), options.csv);
        Ok(match options.format {
            ExportFormat::Csv => Writer::Csv(text()),
            ExportFormat::CsvGz => Writer::CsvGz(text(), GzEncoder::new(Vec::new(), Compression::fast())),
            ExportFormat::Parquet => Writer::Parquet(ParquetChunks::begin(columns)?),
        })
    }

    /// Writes rows. Returns the bytes that are ready to be sent.
    fn write(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, Error> {
        match self {
            Writer::Csv(text) => text.write(batch),
            Writer::CsvGz(text, encoder) => {
                compress(encoder, &text.write(batch)?)?;
                Ok(std::mem::take(encoder.get_mut()))
            }
            Writer::Parquet(chunks) => chunks.write(batch),
        }
    }

    /// Returns the rest of the file.
    fn finish(self) -> Result<Vec<u8>, Error> {
        match self {
            Writer::Csv(text) => Ok(text.finish()),
            Writer::CsvGz(text, mut encoder) => {
                compress(&mut encoder, &text.finish())?;
                encoder.finish().context(FAILED)
            }
            Writer::Parquet(chunks) => chunks.finish(),
        }
    }
}

fn compress(encoder: &mut GzEncoder<Vec<u8>>, text: &[u8]) -> Result<(), Error> {
    std::io::Write::write_all(encoder, text).context(FAILED)
}
