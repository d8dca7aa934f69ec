//! Writes rows as CSV, checking each cell.

use csv::{QuoteStyle, Writer, WriterBuilder};
use serenytics_query::load_row::{Fields, LoadCell};
use serenytics_query::suggest::{listed, nearest};

use crate::data_source::names;

/// The format of the CSV.
#[derive(Debug, Clone)]
pub(crate) struct Format {
    pub(crate) separator: char,
    /// The columns in order; those of the first row if `None`.
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) empty_as_null: bool,
}

impl Default for Format {
    fn default() -> Self {
        Format { separator: ',', columns: None, empty_as_null: false }
    }
}

/// A CSV file that is being written to memory.
pub(crate) struct CsvText {
    separator: u8,
    empty_as_null: bool,
    columns: Vec<String>,
    writer: Writer<Vec<u8>>,
    rows: u64,
}

impl CsvText {
    /// Starts a file with these columns by writing its header. The error is a sentence.
    pub(crate) fn new(format: &Format, columns: Vec<String>) -> Result<CsvText, String> {
        if let Some(problem) = names::problems(columns.iter().map(String::as_str)) {
            return Err(problem);
        }
        if columns.is_empty() {
            return Err("there are no columns".to_owned());
        }
        let separator = u8::try_from(format.separator).ok().filter(u8::is_ascii);
        let separator =
            separator.ok_or_else(|| format!("{:?} cannot separate the fields of rows", format.separator))?;
        let mut text =
            CsvText { separator, empty_as_null: format.empty_as_null, columns, writer: writer(separator), rows: 0 };
        let header = text.writer.write_record(&text.columns);
        header.map_err(|error| error.to_string())?;
        Ok(text)
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns the number of rows that were written.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes a row. The error is a sentence with the row's number.
    pub(crate) fn row(&mut self, fields: &Fields) -> Result<(), String> {
        self.rows += 1;
        self.add(fields).map_err(|message| format!("row {}, {message}", self.rows))
    }

    fn add(&mut self, fields: &Fields) -> Result<(), String> {
        let mut record = vec![""; self.columns.len()];
        for (index, (name, cell)) in fields.cells().iter().enumerate() {
            // Usually the cells of a row are in the order of the columns.
            let here = self.columns.get(index).is_some_and(|column| column == name);
            let at = if here { Some(index) } else { self.columns.iter().position(|column| column == name) };
            let Some(field) = at.and_then(|at| record.get_mut(at)) else { return Err(self.unknown(name)) };
            *field = match cell {
                LoadCell::Null => "",
                LoadCell::Number(number) => number,
                LoadCell::Text(text) if text.is_empty() && !self.empty_as_null => {
                    return Err(format!(
                        "column `{name}`: an empty string in a CSV file is loaded as NULL: allow this with `.empty_as_null()`, or insert such \
                         rows in a batch"
                    ));
                }
                LoadCell::Text(text) => text,
                LoadCell::Bool(true) => "true",
                LoadCell::Bool(false) => "false",
            };
        }
        self.writer.write_record(record).map_err(|error| error.to_string())
    }

    fn unknown(&self, name: &str) -> String {
        let names = || self.columns.iter().map(String::as_str);
        let rest = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`? If not,"),
            None => format!("the columns are {}:", listed(names())),
        };
        format!("column `{name}` is not a column of the first row; {rest} name all columns with `.columns([..])`")
    }

    /// Returns the CSV that was written since the last call, and removes it from memory. It may be empty.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let full = std::mem::replace(&mut self.writer, writer(self.separator));
        // Writing to memory cannot fail.
        full.into_inner().unwrap_or_default()
    }

    /// Returns the approximate length in bytes of the CSV since the last `take`.
    pub(crate) fn length(&self) -> usize {
        self.writer.get_ref().len()
    }
}

fn writer(separator: u8) -> Writer<Vec<u8>> {
    WriterBuilder::new().delimiter(separator).quote_style(QuoteStyle::Necessary).from_writer(Vec::new())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use serenytics_query::source::LoadRow;

    use super::*;

    fn written(format: &Format, columns: &[&str], rows: &[Value]) -> Result<String, String> {
        let mut text = CsvText::new(format, columns.iter().map(|name| (*name).to_owned()).collect())?;
        for row in rows {
            let mut fields = Fields::default();
            row.write_fields(&mut fields)?;
            text.row(&fields)?;
        }
        Ok(String::from_utf8(text.take()).unwrap())
    }

    #[test]
    fn csv_rows_have_the_order_of_the_columns() {
        let rows = [json!({"b": 1, "a": "x,\"\n"}), json!({"b": null}), json!({"a": true, "b": 1e300})];
        let text = written(&Format::default(), &["b", "a"], &rows).unwrap();
        assert_eq!(text, "b,a\n1,\"x,\"\"\n\"\n,\n1e+300,true\n");
        let format = Format { separator: ';', empty_as_null: true, ..Format::default() };
        assert_eq!(written(&format, &["a"], &[json!({"a": ""}), json!({"a": "x;"})]).unwrap(), "a\n\"\"\n\"x;\"\n");
    }

    #[test]
    fn csv_row_that_cannot_be_written_is_an_error() {
        let error_of = |columns: &[&str], row| written(&Format::default(), columns, &[row]).unwrap_err();
        assert!(
            error_of(&["a"], json!({"a": ""}))
                .starts_with("row 1, column `a`: an empty string in a CSV file is loaded as NULL")
        );
        assert!(error_of(&["amount"], json!({"amont": 1})).contains("did you mean `amount`?"));
        assert!(error_of(&["A"], json!({})).contains("has to be called `a`"));
        assert_eq!(error_of(&[], json!({})), "there are no columns");
    }
}
