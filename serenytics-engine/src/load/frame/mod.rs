//! Loads pandas pickles. A separate Python process reads them, because unpickling can run code.

mod python;

use std::fs::File;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use serde_json::Value;
use serenytics_query::vocabulary::ColumnType;

pub use python::Python;
use python::{FrameColumn, PythonReply, PythonRequest};

use crate::base::Error;
use crate::rows::{
    BatchBuilder, Cell, Column, ForcedTypes, NumberRule, Row, TypeInference, check_names, forced_type, value_loss,
};

/// A pickled data frame with its options.
#[derive(Debug, Clone)]
pub(super) struct FrameFile {
    file: Arc<File>,
    forced: ForcedTypes,
    python: Python,
}

impl FrameFile {
    /// Wraps an open file. Each reading starts at its beginning.
    pub(crate) fn new(file: File, forced: ForcedTypes, python: Python) -> FrameFile {
        FrameFile { file: Arc::new(file), forced, python }
    }

    /// Returns the names of the columns.
    pub(crate) fn names(&self) -> Result<Vec<String>, Error> {
        checked_names(&self.python.read(&self.file, PythonRequest::Header)?.columns()?)
    }

    /// Returns the columns with the types of the data frame. The cells of string and object columns
    /// are read to infer their types, since strings may be datetimes.
    pub(crate) fn columns(&self) -> Result<Vec<Column>, Error> {
        let mut reading = self.python.read(&self.file, PythonRequest::Untyped)?;
        let columns = reading.columns()?;
        let names = checked_names(&columns)?;
        let open = columns.iter().filter(|column| column.type_name.is_none()).count();
        let mut guesses = vec![TypeInference::default(); open];
        let is_forced =
            |(name, column): (&String, &FrameColumn)| column.type_name.is_some() || self.forced.contains_key(name);
        if !names.iter().zip(&columns).all(is_forced) {
            while let PythonReply::Cells(cells) = reading.next()? {
                for (guess, cells) in guesses.iter_mut().zip(&cells) {
                    cells.iter().for_each(|cell| guess.observe_json(cell));
                }
            }
        }
        let mut guesses = guesses.into_iter();
        let column = |(name, column): (String, FrameColumn)| {
            let own = match &column.type_name {
                Some(type_name) => forced_type(type_name).unwrap_or(ColumnType::Str),
                None => guesses.next().unwrap_or_default().column_type(),
            };
            let column_type = self.forced.get(&name).copied().unwrap_or(own);
            Column { name, column_type }
        };
        Ok(names.into_iter().zip(columns).map(column).collect())
    }

    /// Reads the rows and passes them to `batch`, until it returns false.
    pub(crate) fn rows(&self, columns: &[Column], mut batch: impl FnMut(RecordBatch) -> bool) -> Result<(), Error> {
        let mut reading = self.python.read(&self.file, PythonRequest::Rows)?;
        reading.columns()?;
        let mut builder = BatchBuilder::new(columns);
        let mut read = 0;
        loop {
            let cells = match reading.next()? {
                PythonReply::Cells(cells) => cells,
                PythonReply::End(rows) if rows == read => break,
                _ => return Err(Error::failed("the data frame could not be read", "some of its rows are missing")),
            };
            let count = cells.first().map_or(0, Vec::len);
            for row in 0..count {
                let mut typed = Row::with_capacity(columns.len());
                for (index, column) in columns.iter().enumerate() {
                    let value = cells.get(index).and_then(|cells| cells.get(row)).unwrap_or(&Value::Null);
                    let rule = NumberRule::of(&self.forced, &column.name);
                    let cell = Cell::from_json(value, column.column_type, rule)
                        .ok_or_else(|| type_mismatch(read + row as u64 + 1, column, value))?;
                    typed.push((index, cell));
                }
                if let Some(full) = builder.row(&typed)?
                    && !batch(full)
                {
                    return Ok(());
                }
            }
            read += count as u64;
        }
        if let Some(rest) = builder.finish()? {
            batch(rest);
        }
        Ok(())
    }
}

fn checked_names(columns: &[FrameColumn]) -> Result<Vec<String>, Error> {
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    if names.is_empty() {
        return Err(Error::rejected("the data frame has no columns"));
    }
    check_names(&names)?;
    Ok(names)
}

fn type_mismatch(row: u64, column: &Column, value: &Value) -> Error {
    let place = format!("row {row}, column {:?}: {value}", column.name);
    match value_loss(value, column.column_type) {
        Some(loss) => Error::rejected(format!("{place} {}", loss.rejection(column.column_type))),
        None => Error::rejected(format!("{place} is not {}", column.column_type.described())),
    }
}
