//! Exports: all rows of a source as a file, which is written while it is sent.

mod csv;
mod parquet;

use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt, TryStreamExt, stream};

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
    /// The format that a client asks for.
    ///
    /// # Errors
    /// There is no such format.
    pub fn named(name: &str) -> Result<ExportFormat, Error> {
        match name {
            "auto" | "csv" => Ok(ExportFormat::Csv),
            "csv.gz" => Ok(ExportFormat::CsvGz),
            "parquet" => Ok(ExportFormat::Parquet),
            other => Err(Error::rejected(format!(
                "the export_format is {other:?} and has to be one of auto, csv, csv.gz, parquet"
            ))),
        }
    }

    /// Its name, which files end in.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ExportFormat::Csv => "csv",
            ExportFormat::CsvGz => "csv.gz",
            ExportFormat::Parquet => "parquet",
        }
    }

    /// Its media type.
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
    /// What stands between two fields of a CSV file.
    pub separator: u8,
    /// Whether every field of a CSV file is quoted, and not only those that need it.
    pub quotes: bool,
}

impl Input {
    /// Checks that the rows can be exported.
    ///
    /// # Errors
    /// There are no rows, or two columns have the same name in the file.
    pub fn check_export(&self) -> Result<(), Error> {
        exported_columns(self).map(|_| ())
    }
}

/// The columns of an export: those of a join have their prefixes.
fn exported_columns(input: &Input) -> Result<Vec<Column>, Error> {
    input.check_has_rows()?;
    let columns: Vec<Column> = input.exported_columns().collect();
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    check_names(&names)?;
    Ok(columns)
}

/// The bytes of an export. Its first piece is there when this returns, so that what goes wrong early is an error by
/// itself. The rows are those that the input has now.
pub(crate) async fn export(session: &Session, input: Input, options: ExportOptions) -> Result<ByteStream, Error> {
    let columns = exported_columns(&input)?;
    let context = if input.is_join() { &session.filtered } else { &session.ordered };
    let batches = plan::rows(context, &input)?.execute_stream().await.map_err(run_error)?;
    let writer = Writer::begin(&columns, options)?;
    let state = Exporting { batches, writer: Some(writer), columns, _input: input };
    let mut pieces = stream::try_unfold(state, |mut state| async move {
        let piece = state.next().await?;
        Ok(piece.map(|piece| (piece, state)))
    })
    .boxed();
    let first = stream::iter(pieces.try_next().await?.map(Ok));
    Ok(first.chain(pieces).boxed())
}

/// An export on its way. What it reads is kept until it was read.
struct Exporting {
    batches: SendableRecordBatchStream,
    /// None when the file is finished.
    writer: Option<Writer>,
    columns: Vec<Column>,
    _input: Input,
}

impl Exporting {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(writer) = &mut self.writer {
            let Some(batch) = self.batches.try_next().await.map_err(run_error)? else { break };
            let piece = writer.write(&cast_to(&batch, &file_schema(&self.columns)).context(FAILED)?)?;
            if !piece.is_empty() {
                return Ok(Some(Bytes::from(piece)));
            }
        }
        self.writer.take().map(|writer| writer.finish().map(Bytes::from)).transpose()
    }
}

/// What turns rows into the bytes of a file, piece by piece.
enum Writer {
    Csv(CsvText),
    CsvGz(CsvText, GzEncoder<Vec<u8>>),
    Parquet(ParquetChunks),
}

impl Writer {
    fn begin(columns: &[Column], options: ExportOptions) -> Result<Writer, Error> {
        let text =
            || CsvText::begin(columns.iter().map(|column| column.name.as_str()), options.separator, options.quotes);
        Ok(match options.format {
            ExportFormat::Csv => Writer::Csv(text()),
            ExportFormat::CsvGz => Writer::CsvGz(text(), GzEncoder::new(Vec::new(), Compression::fast())),
            ExportFormat::Parquet => Writer::Parquet(ParquetChunks::begin(columns)?),
        })
    }

    /// Writes rows; gives what is ready to be sent.
    fn write(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, Error> {
        match self {
            Writer::Csv(text) => text.write(batch),
            Writer::CsvGz(text, encoder) => {
                compress(encoder, &text.write(batch)?)?;
                Ok(std::mem::take(encoder.get_mut()))
            }
            Writer::Parquet(pieces) => pieces.write(batch),
        }
    }

    /// Gives the rest of the file.
    fn finish(self) -> Result<Vec<u8>, Error> {
        match self {
            Writer::Csv(text) => Ok(text.finish()),
            Writer::CsvGz(text, mut encoder) => {
                compress(&mut encoder, &text.finish())?;
                encoder.finish().context(FAILED)
            }
            Writer::Parquet(pieces) => pieces.finish(),
        }
    }
}

fn compress(encoder: &mut GzEncoder<Vec<u8>>, text: &[u8]) -> Result<(), Error> {
    std::io::Write::write_all(encoder, text).context(FAILED)
}
