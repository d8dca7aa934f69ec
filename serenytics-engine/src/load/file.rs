//! The files that rows are loaded from: CSV, and pickled data frames.

use std::fs::File;

use datafusion::arrow::array::RecordBatch;

use super::csv::CsvFile;
use super::frame::{FrameFile, Python};
use super::options::LoadOptions;
use crate::base::Error;
use crate::rows::{Column, ForcedTypes};

/// An open file of rows. Replacing the file in its folder does not affect it.
#[derive(Debug, Clone)]
pub struct RowsFile {
    format: Format,
}

#[derive(Debug, Clone)]
enum Format {
    Csv(CsvFile),
    Frame(FrameFile),
}

impl RowsFile {
    /// A CSV file, plain or gzipped, whose first line names the columns.
    #[must_use]
    pub fn csv(file: File, options: LoadOptions) -> RowsFile {
        RowsFile { format: Format::Csv(CsvFile::new(file, options)) }
    }

    /// A pickled pandas data frame, which a Python process reads.
    #[must_use]
    pub fn data_frame(file: File, forced: ForcedTypes, python: Python) -> RowsFile {
        RowsFile { format: Format::Frame(FrameFile::new(file, forced, python)) }
    }

    /// Reads the whole file without loading it, and returns its columns. This blocks the thread.
    ///
    /// # Errors
    /// The file cannot be loaded. The error names the line and the column, as a load would.
    pub fn validate(&self) -> Result<Vec<Column>, Error> {
        let columns = self.columns()?;
        self.rows(&columns, |_| true)?;
        Ok(columns)
    }

    /// Returns the names of the columns.
    pub(crate) fn names(&self) -> Result<Vec<String>, Error> {
        match &self.format {
            Format::Csv(file) => file.names(),
            Format::Frame(file) => file.names(),
        }
    }

    /// Returns one sentence for each column name that differs from the file.
    pub(crate) fn warnings(&self) -> Result<Vec<String>, Error> {
        match &self.format {
            Format::Csv(file) => file.warnings(),
            Format::Frame(_) => Ok(Vec::new()),
        }
    }

    /// Returns the columns. May read the whole file to infer their types.
    pub(crate) fn columns(&self) -> Result<Vec<Column>, Error> {
        match &self.format {
            Format::Csv(file) => file.columns(),
            Format::Frame(file) => file.columns(),
        }
    }

    /// Reads the rows as cells of these columns and passes them to `batch`, until it returns false.
    pub(crate) fn rows(&self, columns: &[Column], batch: impl FnMut(RecordBatch) -> bool) -> Result<(), Error> {
        match &self.format {
            Format::Csv(file) => file.rows(columns, batch),
            Format::Frame(file) => file.rows(columns, batch),
        }
    }
}
