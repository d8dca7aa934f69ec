//! The files that rows are loaded from: CSV, and pickled data frames.

use std::fs::File;
use std::path::Path;

use datafusion::arrow::array::RecordBatch;

use super::csv::CsvFile;
use super::frame::{FrameFile, Python};
use super::options::LoadOptions;
use crate::catalogue::Source;
use crate::error::Error;
use crate::storage::Column;

/// A file of rows. It stays the same file when another one takes its place in the folder.
#[derive(Debug, Clone)]
pub(crate) enum RowsFile {
    Csv(CsvFile),
    Frame(FrameFile),
}

impl RowsFile {
    /// The file that is attached to a source; the source's file name alone tells its format.
    pub(crate) fn attached(source: &Source, file: &Path, python: &Python) -> Result<RowsFile, Error> {
        let name = source.original_file_name.as_deref().unwrap_or_default().to_lowercase();
        let is_csv = name.ends_with(".csv") || name.ends_with(".csv.gz");
        if !is_csv && !name.ends_with("pickle") {
            return Err(Error::refused(format!(
                "originalFileName is {name:?} and has to end in .csv, .csv.gz or .pd025_pickle"
            )));
        }
        let options = LoadOptions::of(source)?;
        let file = File::open(file)
            .map_err(|_| Error::refused("no file was uploaded to the source: upload one, then load it"))?;
        Ok(match is_csv {
            true => RowsFile::csv(file, options),
            false => RowsFile::Frame(FrameFile::new(file, options.forced, python.clone())),
        })
    }

    /// A CSV file that is read as these options say.
    pub(crate) fn csv(file: File, options: LoadOptions) -> RowsFile {
        RowsFile::Csv(CsvFile::new(file, options))
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> Result<Vec<String>, Error> {
        match self {
            RowsFile::Csv(file) => file.names(),
            RowsFile::Frame(file) => file.names(),
        }
    }

    /// The columns, for which the values may have to be read.
    pub(crate) fn columns(&self) -> Result<Vec<Column>, Error> {
        match self {
            RowsFile::Csv(file) => file.columns(),
            RowsFile::Frame(file) => file.columns(),
        }
    }

    /// Reads the rows, as cells of these columns, and hands them to `batch`, which tells whether it wants more.
    pub(crate) fn rows(&self, columns: &[Column], batch: impl FnMut(RecordBatch) -> bool) -> Result<(), Error> {
        match self {
            RowsFile::Csv(file) => file.rows(columns, batch),
            RowsFile::Frame(file) => file.rows(columns, batch),
        }
    }
}
