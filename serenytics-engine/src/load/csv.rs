//! Reads CSV files as a stream, plain or gzipped: once to infer the types, once to build record
//! batches.

use std::borrow::Cow;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::rc::Rc;
use std::sync::Arc;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use datafusion::arrow::array::RecordBatch;
use flate2::bufread::MultiGzDecoder;
use serenytics_query::vocabulary::ColumnType;

use super::options::LoadOptions;
use crate::base::{Context, Error};
use crate::rows::{BatchBuilder, Column, TypeInference, check_count, check_names};

/// The maximum size of a record in bytes. Without it, an unclosed quote would make the rest of the
/// file one record.
const MAX_RECORD_BYTES: usize = 32 * 1024 * 1024;

/// The maximum number of separators in a record, including those in quoted fields. Each may end a
/// field, and even an empty field uses memory.
const MAX_SEPARATORS: usize = 4 * 1024 * 1024;

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

    /// Reads the column names and infers their types. Reads the whole file, unless all types are
    /// forced.
    pub(crate) fn columns(&self) -> Result<Vec<Column>, Error> {
        let mut records = self.records()?;
        let forced: Vec<Option<ColumnType>> =
            records.names.iter().map(|name| self.options.forced.get(name).copied()).collect();
        let mut guesses = vec![TypeInference::default(); records.names.len()];
        if forced.iter().any(Option::is_none) {
            while records.next()? {
                for ((field, guess), forced) in records.record.iter().zip(&mut guesses).zip(&forced) {
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
        let mut builder = BatchBuilder::new(columns);
        while records.next()? {
            for (index, (field, column)) in records.record.iter().zip(columns).enumerate() {
                let field = readable(field);
                if !builder.field(index, &field) {
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
        let since_record = Rc::<SinceRecord>::default();
        let input = Bounded {
            input: self.decompressed()?,
            separator: self.options.separator,
            since_record: Rc::clone(&since_record),
        };
        let reader = ReaderBuilder::new()
            .delimiter(self.options.separator)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(64 * 1024)
            .from_reader(input);
        let mut records = Records { reader, since_record, record: ByteRecord::new(), names: Vec::new() };
        if !records.read()? {
            return Err(Error::rejected("the file is empty: its first line must name the columns"));
        }
        check_count(records.record.len())?;
        let names: Vec<String> = records.record.iter().map(|name| readable(name).into_owned()).collect();
        check_names(&names)?;
        records.names = names;
        Ok(records)
    }

    /// Returns the file's text, decompressed and without a byte order mark.
    fn decompressed(&self) -> Result<Box<dyn Read>, Error> {
        const CONTEXT: &str = "the CSV file could not be read";
        let mut file = self.file.try_clone().context(CONTEXT)?;
        file.seek(SeekFrom::Start(0)).context(CONTEXT)?;
        let mut file = BufReader::with_capacity(256 * 1024, file);
        let gzipped = file.fill_buf().context(CONTEXT)?.starts_with(&[0x1f, 0x8b]);
        let mut input: Box<dyn Read> = if gzipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let mut start = Vec::new();
        input.by_ref().take(3).read_to_end(&mut start).map_err(unreadable)?;
        if start == b"\xef\xbb\xbf" {
            start.clear();
        }
        Ok(Box::new(Cursor::new(start).chain(input)))
    }
}

/// The records of a file.
struct Records {
    reader: Reader<Bounded>,
    since_record: Rc<SinceRecord>,
    record: ByteRecord,
    names: Vec<String>,
}

impl Records {
    /// Reads the next record and checks its number of fields. Returns false at the end of the file.
    fn next(&mut self) -> Result<bool, Error> {
        if !self.read()? {
            return Ok(false);
        }
        if self.record.len() == self.names.len() {
            return Ok(true);
        }
        Err(Error::rejected(format!(
            "line {} has {} and the first line names {}: look for a missing quote or another separator",
            self.line(),
            count(self.record.len(), "field"),
            count(self.names.len(), "column"),
        )))
    }

    fn read(&mut self) -> Result<bool, Error> {
        self.since_record.bytes.set(0);
        self.since_record.separators.set(0);
        self.reader.read_byte_record(&mut self.record).map_err(|error| match error.into_kind() {
            ErrorKind::Io(error) => unreadable(error),
            other => Error::rejected(format!("the file is not a CSV file: {other:?}")),
        })
    }

    fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }
}

/// Counts what was read since the start of the current record.
#[derive(Default)]
struct SinceRecord {
    bytes: Cell<usize>,
    separators: Cell<usize>,
}

/// A reader that fails if one record is too large.
struct Bounded {
    input: Box<dyn Read>,
    separator: u8,
    since_record: Rc<SinceRecord>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let too_large = |what: &str| {
            let message = format!("a record {what}: look for an unclosed quote");
            Err(io::Error::new(io::ErrorKind::InvalidData, message))
        };
        let SinceRecord { bytes, separators } = &*self.since_record;
        if bytes.get() > MAX_RECORD_BYTES {
            return too_large("is longer than 32 MiB");
        }
        if separators.get() > MAX_SEPARATORS {
            return too_large("has more than four million separators");
        }
        let read = self.input.read(buffer)?;
        bytes.set(bytes.get() + read);
        let in_read = buffer[..read].iter().filter(|byte| **byte == self.separator).count();
        separators.set(separators.get() + in_read);
        Ok(read)
    }
}

fn unreadable(error: io::Error) -> Error {
    Error::rejected(format!("the file is damaged or not a CSV file: {error}"))
}

fn type_mismatch(line: u64, column: &Column, field: &str) -> Error {
    let described = column.column_type.described();
    Error::rejected(format!("line {line}, column {:?}: {field:?} is not {described}", column.name))
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
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
