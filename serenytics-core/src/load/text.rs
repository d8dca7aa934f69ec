//! Rows as the text of a CSV file, checked cell by cell.

use csv::{QuoteStyle, Writer, WriterBuilder};
use serenytics_query::load_row::{Fields, LoadCell};
use serenytics_query::suggest::{listed, nearest};

use crate::data_source::names;

/// How rows are written.
#[derive(Debug, Clone)]
pub(crate) struct Format {
    pub(crate) separator: char,
    /// The columns in their order; those of the first row if none are given.
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) empty_as_null: bool,
}

impl Default for Format {
    fn default() -> Self {
        Format { separator: ',', columns: None, empty_as_null: false }
    }
}

/// The text of a file that is being written.
pub(crate) struct CsvText {
    separator: u8,
    empty_as_null: bool,
    columns: Vec<String>,
    writer: Writer<Vec<u8>>,
    rows: u64,
}

impl CsvText {
    /// A text of these columns, which begins with the header; the error is a sentence.
    pub(crate) fn new(format: &Format, columns: Vec<String>) -> Result<CsvText, String> {
        if let Some(problem) = names::problems(columns.iter().map(String::as_str)) {
            return Err(problem);
        }
        if columns.is_empty() {
            return Err("there is no column".to_owned());
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

    /// How many rows were written.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds a row; the error is a sentence that names it.
    pub(crate) fn row(&mut self, fields: &Fields) -> Result<(), String> {
        self.rows += 1;
        self.add(fields).map_err(|message| format!("row {}, {message}", self.rows))
    }

    fn add(&mut self, fields: &Fields) -> Result<(), String> {
        let mut record = vec![""; self.columns.len()];
        for (index, (name, cell)) in fields.cells().iter().enumerate() {
            // Mostly the cells of a row stand in the order of the columns.
            let here = self.columns.get(index).is_some_and(|column| column == name);
            let at = if here { Some(index) } else { self.columns.iter().position(|column| column == name) };
            let Some(place) = at.and_then(|at| record.get_mut(at)) else { return Err(self.unknown(name)) };
            *place = match cell {
                LoadCell::Null => "",
                LoadCell::Number(number) => number,
                LoadCell::Text(text) if text.is_empty() && !self.empty_as_null => {
                    return Err(format!(
                        "column `{name}`: an empty text would be loaded as NULL, as an empty field of a file is: say so by \
                         `.empty_as_null()`, or insert such rows by a batch"
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
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the columns are {}.", listed(names())),
        };
        format!("column `{name}` is not one of the first row's; {rest} All columns are named by `.columns([..])`")
    }

    /// The text since the last time; empty if there is nothing new.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let full = std::mem::replace(&mut self.writer, writer(self.separator));
        // What is written to memory cannot fail.
        full.into_inner().unwrap_or_default()
    }

    /// How long the text is since the last time, about.
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
    fn rows_are_lines_in_the_order_of_the_columns() {
        let rows = [json!({"b": 1, "a": "x,\"\n"}), json!({"b": null}), json!({"a": true, "b": 1e300})];
        let text = written(&Format::default(), &["b", "a"], &rows).unwrap();
        assert_eq!(text, "b,a\n1,\"x,\"\"\n\"\n,\n1e+300,true\n");
        let format = Format { separator: ';', empty_as_null: true, ..Format::default() };
        assert_eq!(written(&format, &["a"], &[json!({"a": ""}), json!({"a": "x;"})]).unwrap(), "a\n\"\"\n\"x;\"\n");
    }

    #[test]
    fn what_no_file_can_hold_is_told() {
        let refused = |columns: &[&str], row| written(&Format::default(), columns, &[row]).unwrap_err();
        assert!(
            refused(&["a"], json!({"a": ""})).starts_with("row 1, column `a`: an empty text would be loaded as NULL")
        );
        assert!(refused(&["amount"], json!({"amont": 1})).contains("did you mean `amount`?"));
        assert!(refused(&["A"], json!({})).contains("has to be called `a`"));
        assert_eq!(refused(&[], json!({})), "there is no column");
    }
}
