//! Writes the rows of a query: as a table for people, or in a format for programs.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use comfy_table::presets::{ASCII_MARKDOWN, UTF8_FULL_CONDENSED};
use comfy_table::{Cell, CellAlignment, Table};
use serde::Serializer;
use serde_json::Value;
use serenytics_query::shape::{OutputColumn, OutputType};

use super::Format;
use crate::output;

/// Where rows are written to, and how.
pub(super) struct Output {
    format: Format,
    to: Box<dyn Write>,
}

impl Output {
    /// Opens the file, or the standard output.
    pub(super) fn new(format: Format, path: Option<&Path>) -> Result<Output, String> {
        let Some(path) = path else {
            return Ok(Output { format, to: Box::new(BufWriter::new(io::stdout().lock())) });
        };
        let file = File::create(path).map_err(|error| format!("could not create {}: {error}", path.display()))?;
        Ok(Output { format, to: Box::new(BufWriter::new(file)) })
    }

    /// Writes the rows of a query.
    pub(super) fn write(mut self, columns: &[OutputColumn], rows: Vec<Vec<Value>>) -> Result<(), String> {
        let written = match self.format {
            Format::Table => self.table(UTF8_FULL_CONDENSED, columns, &rows),
            Format::Markdown => self.table(ASCII_MARKDOWN, columns, &rows),
            Format::Csv => self.separated(b',', columns, &rows),
            Format::Tsv => self.separated(b'\t', columns, &rows),
            Format::Json => self.json(columns, rows),
            Format::Jsonl => self.lines(columns, rows),
        };
        let flushed = written.and_then(|()| self.to.flush());
        output::written(flushed)
    }

    fn table(&mut self, preset: &str, columns: &[OutputColumn], rows: &[Vec<Value>]) -> io::Result<()> {
        let is_markdown = preset == ASCII_MARKDOWN;
        let mut table = Table::new();
        table.load_preset(preset).set_header(columns.iter().map(|column| escaped(&column.name, is_markdown)));
        for row in rows {
            table.add_row(row.iter().map(|value| Cell::new(escaped(&cell(value), is_markdown))));
        }
        for (column, output) in table.column_iter_mut().zip(columns) {
            if matches!(output.output_type, OutputType::Column(column_type) if column_type.is_numeric()) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        writeln!(self.to, "{table}")
    }

    fn separated(&mut self, separator: u8, columns: &[OutputColumn], rows: &[Vec<Value>]) -> io::Result<()> {
        let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(&mut self.to);
        writer.write_record(columns.iter().map(|column| column.name.as_bytes())).map_err(io_error)?;
        for row in rows {
            writer
                .write_record(row.iter().map(|value| match value {
                    Value::Null => String::new(),
                    value => cell(value),
                }))
                .map_err(io_error)?;
        }
        writer.flush()
    }

    fn json(&mut self, columns: &[OutputColumn], rows: Vec<Vec<Value>>) -> io::Result<()> {
        for (index, row) in rows.into_iter().enumerate() {
            self.to.write_all(if index == 0 { b"[\n" } else { b",\n" })?;
            write_object(&mut self.to, columns, row)?;
        }
        self.to.write_all(b"\n]\n")
    }

    fn lines(&mut self, columns: &[OutputColumn], rows: Vec<Vec<Value>>) -> io::Result<()> {
        for row in rows {
            write_object(&mut self.to, columns, row)?;
            self.to.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// Returns the error of the writer below, whose kind says whether the reader has gone.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Writes a row as an object whose fields are in the order of the columns.
fn write_object(to: &mut dyn Write, columns: &[OutputColumn], row: Vec<Value>) -> io::Result<()> {
    let names = columns.iter().map(|column| &column.name);
    Ok(serde_json::Serializer::new(to).collect_map(names.zip(row))?)
}

/// Returns a cell as text.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Replaces the characters that would break a table.
fn escaped(text: &str, is_markdown: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' if is_markdown => shown.push_str("\\|"),
            // Controls could move the cursor of a terminal.
            _ if letter.is_control() => shown.extend(letter.escape_default()),
            _ => shown.push(letter),
        }
    }
    shown
}
