//! Reads CSV files as a stream, plain or gzipped: once to infer the types, once to build record
//! batches.

mod records;
mod scanner;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use flate2::bufread::MultiGzDecoder;
use serenytics_query::vocabulary::ColumnType;
use serenytics_query::wire::csv_file::{START, other_format};

use self::records::Records;
use super::options::LoadOptions;
use crate::base::{Context, Error};
use crate::rows::{BatchBuilder, Column, NumberRule, TypeInference, number_loss};

/// An open CSV file with its options. Replacing the file in its folder does not affect it.
#[derive(Debug, Clone)]
pub(super) struct CsvFile {
    file: Arc<File>,
    options: LoadOptions,
}

impl CsvFile {
    /// Wraps an open file. Each reading starts at its beginning.
    pub(crate) fn new(file: File, options: LoadOptions) -> CsvFile {
        CsvFile { file: Arc::new(file), options }
    }

    /// Reads the column names.
    pub(crate) fn names(&self) -> Result<Vec<String>, Error> {
        Ok(self.records()?.names)
    }

    /// Reads the header. Returns one sentence for each column name that differs from the file.
    pub(crate) fn warnings(&self) -> Result<Vec<String>, Error> {
        Ok(self.records()?.warnings)
    }

    /// Reads the column names and infers their types. Reads the whole file, unless all types are
    /// forced.
    pub(crate) fn columns(&self) -> Result<Vec<Column>, Error> {
        let mut records = self.records()?;
        let forced: Vec<Option<ColumnType>> =
            records.names.iter().map(|name| self.options.forced.get(name).copied()).collect();
        let mut guesses = vec![TypeInference::default(); records.names.len()];
        if forced.iter().any(Option::is_none) {
            while records.next()? {
                for ((field, guess), forced) in records.fields().zip(&mut guesses).zip(&forced) {
                    if forced.is_none() {
                        guess.observe_text(&readable(field));
                    }
                }
            }
        }
        let types = forced.iter().zip(guesses).map(|(forced, guess)| forced.unwrap_or(guess.column_type()));
        let column = |(name, column_type)| Column { name, column_type };
        Ok(records.names.into_iter().zip(types).map(column).collect())
    }

    /// Reads the rows and passes them to `batch`, until it returns false.
    pub(crate) fn rows(&self, columns: &[Column], mut batch: impl FnMut(RecordBatch) -> bool) -> Result<(), Error> {
        let mut records = self.records()?;
        if !records.names.iter().eq(columns.iter().map(|column| &column.name)) {
            return Err(Error::rejected("the file was changed while it was read: load it again"));
        }
        let rules: Vec<NumberRule> =
            columns.iter().map(|column| NumberRule::of(&self.options.forced, &column.name)).collect();
        let mut builder = BatchBuilder::new(columns);
        while records.next()? {
            for (index, ((field, column), rule)) in records.fields().zip(columns).zip(&rules).enumerate() {
                let field = readable(field);
                if !builder.field(index, &field, *rule) {
                    return Err(type_mismatch(records.line(), column, &field));
                }
            }
            if let Some(full) = builder.end_row()?
                && !batch(full)
            {
                return Ok(());
            }
        }
        if let Some(rest) = builder.finish()? {
            batch(rest);
        }
        Ok(())
    }

    fn records(&self) -> Result<Records, Error> {
        Records::new(self.text()?, self.options.separator)
    }

    /// Returns the file's text, decompressed and without a byte order mark.
    fn text(&self) -> Result<Box<dyn Read>, Error> {
        const CONTEXT: &str = "the CSV file could not be read";
        let mut file = self.file.try_clone().context(CONTEXT)?;
        file.seek(SeekFrom::Start(0)).context(CONTEXT)?;
        let mut file = BufReader::with_capacity(256 * 1024, file);
        let gzipped = file.fill_buf().context(CONTEXT)?.starts_with(&[0x1f, 0x8b]);
        let mut input: Box<dyn Read> = if gzipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let mut start = Vec::with_capacity(START);
        // A damaged file is reported when the damaged part is reached.
        let damage = input.by_ref().take(START as u64).read_to_end(&mut start).err();
        if let Some(sentence) = other_format(&start) {
            return Err(Error::rejected(format!("the file {sentence}")));
        }
        if let Some(error) = damage {
            return Err(unreadable(&error));
        }
        if start.starts_with(b"\xef\xbb\xbf") {
            start.drain(..3);
        }
        Ok(Box::new(Cursor::new(start).chain(input)))
    }
}

fn unreadable(error: &io::Error) -> Error {
    Error::rejected(format!("the file is damaged or not a CSV file: {error}"))
}

fn type_mismatch(line: u64, column: &Column, field: &str) -> Error {
    let place = format!("line {line}, column {:?}: {field:?}", column.name);
    match number_loss(field, column.column_type) {
        Some(loss) => Error::rejected(format!("{place} {}", loss.rejection(column.column_type))),
        None => Error::rejected(format!("{place} is not {}", column.column_type.described())),
    }
}

/// Decodes a field, with `?` for bytes that are not UTF-8.
fn readable(field: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(field) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(
            field
                .utf8_chunks()
                .flat_map(|chunk| [chunk.valid(), if chunk.invalid().is_empty() { "" } else { "?" }])
                .collect(),
        ),
    }
}
