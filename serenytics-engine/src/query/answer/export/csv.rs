//! Writes CSV text. NULL is an empty field; an empty string is a quoted one.

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::datatypes::DataType;
use serde::Serialize;

use super::super::cells::Cells;
use crate::base::Error;

/// How CSV text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CsvOptions {
    /// The separator between two fields (default: a comma).
    pub separator: u8,
    /// Whether to quote every field (default: only the fields that need quotes).
    pub quotes: bool,
    /// Whether to write `'` before texts that spreadsheets would run as formulas: those that begin
    /// with `=`, `+`, `-`, `@`, a tab or a carriage return (default: false).
    pub guard_formulas: bool,
}

impl Default for CsvOptions {
    fn default() -> CsvOptions {
        CsvOptions { separator: b',', quotes: false, guard_formulas: false }
    }
}

/// Writes rows as CSV.
pub(in crate::query) struct CsvText {
    options: CsvOptions,
    /// The header line, until the first rows are written.
    header: Vec<u8>,
    /// The text of the current cell.
    cell: Vec<u8>,
}

impl CsvText {
    /// Starts with the names of the columns.
    pub(in crate::query) fn begin<'n>(names: impl Iterator<Item = &'n str>, options: CsvOptions) -> CsvText {
        let mut text = CsvText { options, header: Vec::new(), cell: Vec::new() };
        let mut header = Vec::new();
        for (index, name) in names.enumerate() {
            text.between(index, &mut header);
            text.cell.clear();
            text.cell.extend_from_slice(name.as_bytes());
            text.guard();
            text.field(&mut header);
        }
        header.push(b'\n');
        text.header = header;
        text
    }

    /// Returns the CSV text of rows, after the header if it was not written yet.
    pub(in crate::query) fn write(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, Error> {
        let columns = Cells::of(batch)?;
        let texts: Vec<bool> = batch.columns().iter().map(|column| is_text(column.data_type())).collect();
        let mut output = std::mem::take(&mut self.header);
        output.reserve(batch.num_rows() * batch.num_columns() * 8);
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                self.between(index, &mut output);
                self.cell.clear();
                if column.write_text(row, &mut self.cell)? {
                    if texts[index] {
                        self.guard();
                    }
                    self.field(&mut output);
                } else if columns.len() == 1 {
                    // A row must not be an empty line.
                    output.extend_from_slice(b"\"\"");
                }
            }
            output.push(b'\n');
        }
        Ok(output)
    }

    /// Returns the rest: the header, if no rows were written.
    pub(in crate::query) fn finish(self) -> Vec<u8> {
        self.header
    }

    /// Makes the current text harmless in a spreadsheet.
    fn guard(&mut self) {
        if self.options.guard_formulas && matches!(self.cell.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r')) {
            self.cell.insert(0, b'\'');
        }
    }

    fn between(&self, index: usize, output: &mut Vec<u8>) {
        if index > 0 {
            output.push(self.options.separator);
        }
    }

    /// Writes the current cell as a field.
    fn field(&self, output: &mut Vec<u8>) {
        let is_special = |byte: &u8| *byte == self.options.separator || matches!(byte, b'"' | b'\n' | b'\r');
        if !self.options.quotes && !self.cell.is_empty() && !self.cell.iter().any(is_special) {
            output.extend_from_slice(&self.cell);
            return;
        }
        output.push(b'"');
        for byte in &self.cell {
            if *byte == b'"' {
                output.push(b'"');
            }
            output.push(*byte);
        }
        output.push(b'"');
    }
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_text(values),
        other => matches!(other, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
    }
}
