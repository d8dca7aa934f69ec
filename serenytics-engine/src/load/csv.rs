//! CSV files: read in a stream, plain or gzipped, once to infer the types and once to make record batches.

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

/// The longest record that is read; a file with a quote that nothing closes would be one record.
const LONGEST_RECORD: usize = 32 * 1024 * 1024;

/// How many separators a record has at most, those inside of texts among them: each may end a field, which takes memory
/// however short it is.
const SEPARATORS: usize = 4 * 1024 * 1024;

/// A CSV file and how it is read. It stays the same file when another one takes its place in the folder.
#[derive(Debug, Clone)]
pub(super) struct CsvFile {
    file: Arc<File>,
    options: LoadOptions,
}

impl CsvFile {
    /// The file, which is read from its start.
    pub(crate) fn new(file: File, options: LoadOptions) -> CsvFile {
        CsvFile { file: Arc::new(file), options }
    }

    /// Reads the file's names.
    pub(crate) fn names(&self) -> Result<Vec<String>, Error> {
        Ok(self.records()?.names)
    }

    /// Reads the file's names and, unless all are forced, the types of its values. Takes as long as the file is large.
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

    /// Reads the file's rows and hands them to `batch`, which tells whether it wants more.
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
                    return Err(misfit(records.line(), column, &field));
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
            return Err(Error::rejected("the file is empty: its first line has to name the columns"));
        }
        check_count(records.record.len())?;
        let names: Vec<String> = records.record.iter().map(|name| readable(name).into_owned()).collect();
        check_names(&names)?;
        records.names = names;
        Ok(records)
    }

    /// The file's text, without compression and without the mark that some programs put before it.
    fn decompressed(&self) -> Result<Box<dyn Read>, Error> {
        const CONTEXT: &str = "the attached file could not be read";
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
    /// Reads the next record; `false` at the end. Its number of fields is that of the names.
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
            other => Error::rejected(format!("the file is no CSV: {other:?}")),
        })
    }

    fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }
}

/// How much was read since a record began.
#[derive(Default)]
struct SinceRecord {
    bytes: Cell<usize>,
    separators: Cell<usize>,
}

/// An input that fails when one record takes too much of it.
struct Bounded {
    input: Box<dyn Read>,
    separator: u8,
    since_record: Rc<SinceRecord>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let too_much = |what: &str| {
            let message = format!("a record {what}: look for a quote that is not closed");
            Err(io::Error::new(io::ErrorKind::InvalidData, message))
        };
        let SinceRecord { bytes, separators } = &*self.since_record;
        if bytes.get() > LONGEST_RECORD {
            return too_much("is longer than 32 MiB");
        }
        if separators.get() > SEPARATORS {
            return too_much("has more than four million separators");
        }
        let read = self.input.read(buffer)?;
        bytes.set(bytes.get() + read);
        let in_read = buffer[..read].iter().filter(|byte| **byte == self.separator).count();
        separators.set(separators.get() + in_read);
        Ok(read)
    }
}

fn unreadable(error: io::Error) -> Error {
    Error::rejected(format!("the file is damaged or no CSV: {error}"))
}

fn misfit(line: u64, column: &Column, field: &str) -> Error {
    let described = column.column_type.described();
    Error::rejected(format!("line {line}, column {:?}: {field:?} is not {described}", column.name))
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A field as text, with `?` for what is no UTF-8.
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
