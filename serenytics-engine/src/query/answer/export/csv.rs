//! Writes CSV text. NULL is an empty field; an empty string is a quoted one.

use datafusion::arrow::array::RecordBatch;

use super::super::cells::Cells;
use crate::base::Error;

/// Writes rows as CSV.
pub(in crate::query) struct CsvText {
    separator: u8,
    quotes: bool,
    /// The header line, until the first rows are written.
    header: Vec<u8>,
    /// The text of the current cell.
    cell: Vec<u8>,
}

impl CsvText {
    /// Starts with the names of the columns.
    pub(in crate::query) fn begin<'n>(names: impl Iterator<Item = &'n str>, separator: u8, quotes: bool) -> CsvText {
        let mut text = CsvText { separator, quotes, header: Vec::new(), cell: Vec::new() };
        let mut header = Vec::new();
        for (index, name) in names.enumerate() {
            text.between(index, &mut header);
            text.cell.clear();
            text.cell.extend_from_slice(name.as_bytes());
            text.field(&mut header);
        }
        header.push(b'\n');
        text.header = header;
        text
    }

    /// Returns the CSV text of rows, after the header if it was not written yet.
    pub(in crate::query) fn write(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, Error> {
        let columns = Cells::of(batch)?;
        let mut output = std::mem::take(&mut self.header);
        output.reserve(batch.num_rows() * batch.num_columns() * 8);
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                self.between(index, &mut output);
                self.cell.clear();
                if column.write_text(row, &mut self.cell)? {
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

    fn between(&self, index: usize, output: &mut Vec<u8>) {
        if index > 0 {
            output.push(self.separator);
        }
    }

    /// Writes the current cell as a field.
    fn field(&self, output: &mut Vec<u8>) {
        let is_special = |byte: &u8| *byte == self.separator || matches!(byte, b'"' | b'\n' | b'\r');
        if !self.quotes && !self.cell.is_empty() && !self.cell.iter().any(is_special) {
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
