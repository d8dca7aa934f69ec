//! Rows that are written as CSV text while a load asks for them.

use std::error::Error as StdError;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use serenytics_query::datetime;
use serenytics_query::load_row::{Fields, LoadCell};
use serenytics_query::source::LoadRow;

use crate::error::{Error, Kind};
use crate::load::ForceType;
use crate::load::text::{CsvText, Format};

/// How much text is handed on at once.
const ENOUGH: usize = 64 * 1024;

/// A piece of a file's text.
pub(crate) struct Chunk {
    pub(crate) text: Vec<u8>,
    /// How many rows were made until its end.
    pub(crate) rows: u64,
}

/// The pieces of a file's text, made when they are asked for.
pub(crate) type Chunks<'s> = BoxStream<'s, Result<Chunk, Error>>;

/// Rows whose first is made, so that their columns are known.
pub(crate) struct StartedRows<'s> {
    pub(crate) columns: Vec<String>,
    /// The types that they have in any case.
    pub(crate) types: Vec<(String, ForceType)>,
    /// The columns of texts, which stay texts when they are loaded anew, whatever they look like.
    pub(crate) texts: Vec<String>,
    pub(crate) chunks: Chunks<'s>,
}

/// Rows that are not made yet.
pub(crate) struct LazyRows<'s>(Box<dyn FnOnce(Format) -> BoxFuture<'s, Result<StartedRows<'s>, Error>> + Send + 's>);

impl<'s> LazyRows<'s> {
    pub(crate) fn new<F>(begin: impl FnOnce(Format) -> F + Send + 's) -> LazyRows<'s>
    where
        F: Future<Output = Result<StartedRows<'s>, Error>> + Send + 's,
    {
        LazyRows(Box::new(|format| Box::pin(begin(format))))
    }

    /// The rows of a stream.
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

/// Makes rows as far as their columns are known.
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
        return Err(unsent("there is no row, and so no column: name the columns by `.columns([..])`".to_owned()));
    }
    let mut text = CsvText::new(&format, columns).map_err(unsent)?;
    if first.is_some() {
        text.row(&fields).map_err(unsent)?;
    }
    let columns = text.columns().to_vec();
    let mut state = State { rows, text, fields, ended: first.is_none() };
    let texts = state.texts().await?;
    let chunks = stream::try_unfold(state, |mut state| async move {
        state.next().await.map(|chunk| chunk.map(|chunk| (chunk, state)))
    });
    Ok(StartedRows { columns, types: Vec::new(), texts, chunks: chunks.boxed() })
}

/// Rows that are being made.
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
    /// The columns whose first value is a text that is no datetime. Rows are made until all columns have one, or enough rows are made.
    async fn texts(&mut self) -> Result<Vec<String>, Error> {
        let mut unknown = self.text.columns().to_vec();
        let mut texts = Vec::new();
        while !self.ended {
            for (name, cell) in self.fields.cells() {
                let Some(at) = unknown.iter().position(|column| column == name) else { continue };
                match cell {
                    LoadCell::Null => continue,
                    LoadCell::Text(text) if !is_datetime(text) => texts.push(unknown.swap_remove(at)),
                    _ => drop(unknown.swap_remove(at)),
                }
            }
            if unknown.is_empty() || self.text.length() >= ENOUGH {
                break;
            }
            self.make().await?;
        }
        Ok(texts)
    }

    /// The next piece of text; none behind the last.
    async fn next(&mut self) -> Result<Option<Chunk>, Error> {
        while !self.ended && self.text.length() < ENOUGH {
            self.make().await?;
        }
        let text = self.text.take();
        Ok((!text.is_empty()).then(|| Chunk { text, rows: self.text.rows() }))
    }

    /// Makes a row, if there is one more.
    async fn make(&mut self) -> Result<(), Error> {
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

/// Whether a text is a datetime that is written as one: digits alone are a date of ISO 8601 too, and mostly a code.
fn is_datetime(text: &str) -> bool {
    text.as_bytes().get(4) == Some(&b'-') && datetime::parse(text).is_ok()
}

/// The error of a row that was not made.
fn failed(error: impl Into<Box<dyn StdError + Send + Sync>>, row: u64) -> Error {
    let cause: Box<dyn StdError + Send + Sync> = error.into();
    let message = format!("nothing was loaded: row {row} of the rows that were given: {cause}");
    Error::new(Kind::Usage, message).caused_by(cause)
}
