//! The records of a CSV file: its header, and rows with as many fields as the header has.

use std::io::Read;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use serenytics_query::wire::csv_file::Header;

use super::scanner::{Malformed, Scanner};
use super::{readable, unreadable};
use crate::base::Error;
use crate::rows::{check_count, check_names};

/// The records of a file after its header.
pub(super) struct Records {
    reader: Reader<Scanner<Box<dyn Read>>>,
    separator: u8,
    record: ByteRecord,
    line: u64,
    /// The names of the columns.
    pub(super) names: Vec<String>,
    /// One sentence for each name that differs from the file.
    pub(super) warnings: Vec<String>,
}

impl Records {
    /// Reads the header of a file.
    pub(super) fn new(text: Box<dyn Read>, separator: u8) -> Result<Records, Error> {
        let reader = ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(64 * 1024)
            .from_reader(Scanner::new(text, separator));
        let (record, line) = (ByteRecord::new(), 0);
        let mut records = Records { reader, separator, record, line, names: Vec::new(), warnings: Vec::new() };
        if !records.read()? {
            return Err(Error::rejected("the file is empty: its first line must name the columns"));
        }
        check_count(records.record.len())?;
        let Header { names, warnings } = Header::of(records.fields().map(|name| readable(name).into_owned()).collect());
        (records.names, records.warnings) = (names, warnings);
        if let Some(name) = records.names.iter().find(|name| name.contains('\t')) {
            return Err(Error::rejected(format!(
                "the column name {name:?} contains a tab: is the separator a tab? Set it in the configuration of the \
                 data source"
            )));
        }
        match check_names(&records.names) {
            Err(_) if records.ends_with_separators()? => Err(Error::rejected(format!(
                "every line ends with the separator {:?}: remove it from the end of the lines",
                char::from(separator)
            ))),
            checked => checked.map(|()| records),
        }
    }

    /// Reads the next record and checks its number of fields. Returns false at the end of the file.
    pub(super) fn next(&mut self) -> Result<bool, Error> {
        if !self.read()? {
            return Ok(false);
        }
        let (fields, columns) = (self.record.len(), self.names.len());
        if fields == columns {
            return Ok(true);
        }
        if fields == columns + 1 && self.record.get(columns).is_some_and(<[u8]>::is_empty) {
            return Err(Error::rejected(format!(
                "line {} ends with the separator {:?} and the first line does not: remove it from the end of the lines",
                self.line,
                char::from(self.separator)
            )));
        }
        Err(Error::rejected(format!(
            "line {} has {} and the first line names {}: look for a missing quote or another separator",
            self.line,
            count(fields, "field"),
            count(columns, "column"),
        )))
    }

    /// Returns the fields of the record.
    pub(super) fn fields(&self) -> impl Iterator<Item = &[u8]> {
        self.record.iter()
    }

    /// Returns the line on which the record starts.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Returns true if the columns after the last name are empty in the rest of the file.
    fn ends_with_separators(&mut self) -> Result<bool, Error> {
        let Some(last) = self.names.iter().rposition(|name| !name.is_empty()) else { return Ok(false) };
        if last + 1 == self.names.len() || self.names.iter().take(last).any(String::is_empty) {
            return Ok(false);
        }
        while self.read()? {
            if self.record.len() != self.names.len() || !self.fields().skip(last + 1).all(<[u8]>::is_empty) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read(&mut self) -> Result<bool, Error> {
        let read = self.reader.read_byte_record(&mut self.record).map_err(|error| match error.into_kind() {
            ErrorKind::Io(error) => match error.get_ref().and_then(|error| error.downcast_ref()) {
                Some(Malformed(sentence)) => Error::rejected(sentence),
                None => unreadable(&error),
            },
            other => Error::rejected(format!("the file is not a CSV file: {other:?}")),
        })?;
        if read {
            self.line = self.reader.get_mut().next_line().unwrap_or_default();
        }
        Ok(read)
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
