//! Rows that are written as CSV on demand.

use std::error::Error as StdError;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use serenytics_query::datetime;
use serenytics_query::load_row::{Fields, LoadCell};
use serenytics_query::source::LoadRow;

use crate::error::{Error, Kind};
use crate::load::ForceType;
use crate::load::text::{CsvText, Format};

/// Minimum length of a chunk in bytes, except the last.
const CHUNK: usize = 64 * 1024;

/// A chunk of a CSV file.
pub(crate) struct Chunk {
    pub(crate) text: Vec<u8>,
    /// The number of rows up to its end.
    pub(crate) rows: u64,
}

/// The chunks of a CSV file, created on demand.
pub(crate) type Chunks<'s> = BoxStream<'s, Result<Chunk, Error>>;

/// Rows of which the first one was read, so that the columns are known.
pub(crate) struct StartedRows<'s> {
    pub(crate) columns: Vec<String>,
    /// The types that are known of the columns.
    pub(crate) types: Vec<(String, ForceType)>,
    /// The columns of strings, which are loaded as strings whatever they look like.
    pub(crate) strings: Vec<String>,
    pub(crate) chunks: Chunks<'s>,
}

/// Rows that were not read yet.
pub(crate) struct LazyRows<'s>(Box<dyn FnOnce(Format) -> BoxFuture<'s, Result<StartedRows<'s>, Error>> + Send + 's>);

impl<'s> LazyRows<'s> {
    pub(crate) fn new<F>(begin: impl FnOnce(Format) -> F + Send + 's) -> LazyRows<'s>
    where
        F: Future<Output = Result<StartedRows<'s>, Error>> + Send + 's,
    {
        LazyRows(Box::new(|format| Box::pin(begin(format))))
    }

    /// Creates rows from a stream.
    pub(crate) fn of_stream<R, E, S>(rows: S) -> LazyRows<'s>
    where
        R: LoadRow + Send + 's,
        E: Into<Box<dyn StdError + Send + Sync>> + Send + 's,
        S: Stream<Item = Result<R, E>> + Send + 's,
    {
        LazyRows::new(|format| begin(rows.boxed(), format))
    }

    pub(crate) async fn begin(self, format: Format) -> Result<StartedRows<'s>, Error> {
        (self.0)(format).await
    }
}

/// Reads rows until their columns are known.
async fn begin<'s, R, E>(mut rows: BoxStream<'s, Result<R, E>>, format: Format) -> Result<StartedRows<'s>, Error>
where
    R: LoadRow + Send + 's,
    E: Into<Box<dyn StdError + Send + Sync>> + Send + 's,
{
    let unsent = |message: String| Error::new(Kind::Usage, format!("nothing was sent: {message}"));
    let first = rows.next().await.transpose().map_err(|error| failed(error, 1))?;
    let mut fields = Fields::default();
    if let Some(first) = &first {
        first.write_fields(&mut fields).map_err(|message| unsent(format!("row 1, {message}")))?;
    }
    let columns = match &format.columns {
        Some(columns) => columns.clone(),
        None if first.is_some() => fields.cells().iter().map(|(name, _)| name.clone()).collect(),
        None => R::forced_types().into_iter().map(|(name, _)| name).collect(),
    };
    if columns.is_empty() && first.is_none() {
        return Err(unsent(
            "there are no rows to take the columns from: name the columns with `.columns([..])`".to_owned(),
        ));
    }
    let mut text = CsvText::new(&format, columns).map_err(unsent)?;
    if first.is_some() {
        text.row(&fields).map_err(unsent)?;
    }
    let columns = text.columns().to_vec();
    let mut state = State { rows, text, fields, ended: first.is_none() };
    let strings = state.string_columns().await?;
    let chunks = stream::try_unfold(state, |mut state| async move {
        state.next().await.map(|chunk| chunk.map(|chunk| (chunk, state)))
    });
    Ok(StartedRows { columns, types: Vec::new(), strings, chunks: chunks.boxed() })
}

/// Rows that are being read.
struct State<'s, R, E> {
    rows: BoxStream<'s, Result<R, E>>,
    text: CsvText,
    fields: Fields,
    ended: bool,
}

impl<R, E> State<'_, R, E>
where
    R: LoadRow,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    /// Returns the columns whose first value is a string but not a datetime. Reads rows until all
    /// columns have a value or a chunk is full.
    async fn string_columns(&mut self) -> Result<Vec<String>, Error> {
        let mut unknown = self.text.columns().to_vec();
        let mut strings = Vec::new();
        while !self.ended {
            for (name, cell) in self.fields.cells() {
                let Some(at) = unknown.iter().position(|column| column == name) else { continue };
                match cell {
                    LoadCell::Null => continue,
                    LoadCell::Text(text) if !is_datetime(text) => strings.push(unknown.swap_remove(at)),
                    _ => drop(unknown.swap_remove(at)),
                }
            }
            if unknown.is_empty() || self.text.length() >= CHUNK {
                break;
            }
            self.read().await?;
        }
        Ok(strings)
    }

    /// Returns the next chunk, or `None` at the end.
    async fn next(&mut self) -> Result<Option<Chunk>, Error> {
        while !self.ended && self.text.length() < CHUNK {
            self.read().await?;
        }
        let text = self.text.take();
        Ok((!text.is_empty()).then(|| Chunk { text, rows: self.text.rows() }))
    }

    /// Reads a row, if there is one more.
    async fn read(&mut self) -> Result<(), Error> {
        match self.rows.next().await {
            None => self.ended = true,
            Some(Ok(row)) => {
                self.fields.clear();
                let number = self.text.rows() + 1;
                row.write_fields(&mut self.fields)
                    .map_err(|message| format!("row {number}, {message}"))
                    .and_then(|()| self.text.row(&self.fields))
                    .map_err(|message| Error::new(Kind::Usage, format!("nothing was loaded: {message}")))?;
            }
            Some(Err(error)) => return Err(failed(error, self.text.rows() + 1)),
        }
        Ok(())
    }
}

/// Returns true if a string is a datetime with separators. Digits only are also ISO 8601, but
/// usually an identifier.
fn is_datetime(text: &str) -> bool {
    text.as_bytes().get(4) == Some(&b'-') && datetime::parse(text).is_ok()
}

/// Creates the error of a stream that fails.
fn failed(error: impl Into<Box<dyn StdError + Send + Sync>>, row: u64) -> Error {
    let cause: Box<dyn StdError + Send + Sync> = error.into();
    let message = format!("nothing was loaded: reading row {row} failed: {cause}");
    Error::new(Kind::Usage, message).caused_by(cause)
}
