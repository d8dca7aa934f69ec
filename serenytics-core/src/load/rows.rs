//! Reloading and updating a storage from rows: of an iterator, of a stream, or lists of values.

use std::error::Error as StdError;
use std::fmt;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use serde_json::Value;
use serenytics_query::datetime;
use serenytics_query::load_row::{Fields, LoadCell};
use serenytics_query::source::LoadRow;

use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::load::ForceType;
use crate::load::builder::Load;
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
pub(crate) struct Made<'s> {
    pub(crate) columns: Vec<String>,
    /// The types that they have in any case.
    pub(crate) types: Vec<(String, ForceType)>,
    /// The columns of texts, which stay texts when they are loaded anew, whatever they look like.
    pub(crate) texts: Vec<String>,
    pub(crate) chunks: Chunks<'s>,
}

/// Rows that are not made yet.
pub(crate) struct Making<'s>(Box<dyn FnOnce(Format) -> BoxFuture<'s, Result<Made<'s>, Error>> + Send + 's>);

impl<'s> Making<'s> {
    pub(crate) fn new<F>(begin: impl FnOnce(Format) -> F + Send + 's) -> Making<'s>
    where
        F: Future<Output = Result<Made<'s>, Error>> + Send + 's,
    {
        Making(Box::new(|format| Box::pin(begin(format))))
    }

    /// The rows of a stream.
    fn of_rows<R, E, S>(rows: S) -> Making<'s>
    where
        R: LoadRow + Send + 's,
        E: Into<Box<dyn StdError + Send + Sync>> + Send + 's,
        S: Stream<Item = Result<R, E>> + Send + 's,
    {
        Making::new(|format| begin(rows.boxed(), format))
    }

    pub(crate) async fn begin(self, format: Format) -> Result<Made<'s>, Error> {
        (self.0)(format).await
    }
}

impl DataSource {
    /// Replaces all rows and columns of the storage by these rows.
    ///
    /// They are sent as gzipped CSV while the iterator gives them, in constant memory. Until the server has loaded all of them, queries see the
    /// old rows; if anything fails, they stay. Rows of a struct that derives `Source` have its types. In others a column whose first value,
    /// among the first rows, is a text is one of texts, `"007"` too, or of datetimes if all are like `2024-01-31`; the types of other columns
    /// are inferred from all their values, unless they are [forced](Load::force_type).
    ///
    /// ```no_run
    /// # async fn load(client: serenytics_core::Client) -> Result<(), serenytics_core::Error> {
    /// #[derive(serde::Serialize)]
    /// struct Order {
    ///     zip: String,
    ///     quantity: u32,
    /// }
    ///
    /// let orders = (0..1_000_000).map(|quantity| Order { zip: "01234".to_owned(), quantity });
    /// let storage = client.get_or_create_storage("orders").await?;
    /// storage.reload(orders.map(serenytics_query::SerdeRow)).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "reload_data")]
    pub fn reload<'s, I>(&'s self, rows: I) -> Load<'s>
    where
        I: IntoIterator,
        I::IntoIter: Send + 's,
        I::Item: LoadRow + Send + 's,
    {
        self.load_rows(stream::iter(rows).map(sound), None)
    }

    /// Replaces all rows and columns of the storage by the rows of a stream, as [`reload`](Self::reload) does. An error of the stream ends the
    /// load, and nothing is loaded.
    pub fn reload_from_stream<'s, R, E, S>(&'s self, rows: S) -> Load<'s>
    where
        R: LoadRow + Send + 's,
        E: Into<Box<dyn StdError + Send + Sync>> + Send + 's,
        S: Stream<Item = Result<R, E>> + Send + 's,
    {
        self.load_rows(rows, None)
    }

    /// Inserts rows. Each replaces the row that has the same value in the column `primary_key`, if there is one; the other rows of the storage
    /// stay. Rows are sent as [`reload`](Self::reload) does; a few of them go faster by
    /// [`insert_or_update`](crate::Batch::insert_or_update).
    pub fn update<'s, I>(&'s self, primary_key: impl Into<String>, rows: I) -> Load<'s>
    where
        I: IntoIterator,
        I::IntoIter: Send + 's,
        I::Item: LoadRow + Send + 's,
    {
        self.load_rows(stream::iter(rows).map(sound), Some(primary_key.into()))
    }

    /// Inserts the rows of a stream, or replaces those with the same key, as [`update`](Self::update) does.
    pub fn update_from_stream<'s, R, E, S>(&'s self, primary_key: impl Into<String>, rows: S) -> Load<'s>
    where
        R: LoadRow + Send + 's,
        E: Into<Box<dyn StdError + Send + Sync>> + Send + 's,
        S: Stream<Item = Result<R, E>> + Send + 's,
    {
        self.load_rows(rows, Some(primary_key.into()))
    }

    /// Replaces all rows and columns of the storage by rows that are lists of values, in the order of `columns`. They are sent as
    /// [`reload`](Self::reload) does.
    ///
    /// ```no_run
    /// # async fn load(client: serenytics_core::Client) -> Result<(), serenytics_core::Error> {
    /// use serde_json::json;
    ///
    /// let rows = [[json!("FR"), json!(10)], [json!("US"), json!(2)]];
    /// client.get_or_create_storage("sales").await?.reload_from_array(["country", "quantity"], rows).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "reload_data_from_array")]
    pub fn reload_from_array<'s, C, I>(&'s self, columns: impl IntoIterator<Item = C>, rows: I) -> Load<'s>
    where
        C: Into<String>,
        I: IntoIterator,
        I::IntoIter: Send + 's,
        I::Item: IntoIterator + Send + 's,
        <I::Item as IntoIterator>::Item: Into<Value>,
    {
        let columns: Vec<String> = columns.into_iter().map(Into::into).collect();
        let names = columns.clone();
        let rows = rows.into_iter().map(move |row| listed_row(&names, row));
        self.load_rows(stream::iter(rows), None).columns(columns)
    }

    fn load_rows<'s, R, E, S>(&'s self, rows: S, primary_key: Option<String>) -> Load<'s>
    where
        R: LoadRow + Send + 's,
        E: Into<Box<dyn StdError + Send + Sync>> + Send + 's,
        S: Stream<Item = Result<R, E>> + Send + 's,
    {
        let types = R::forced_types().into_iter().map(|(column, declared)| (column, declared.into()));
        Load::of_rows(self, Making::of_rows(rows), primary_key).forced(types)
    }
}

/// A row that is there: an iterator has no errors.
fn sound<R>(row: R) -> Result<R, NoError> {
    Ok(row)
}

/// The error of what has none.
#[derive(Debug)]
enum NoError {}

impl fmt::Display for NoError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl StdError for NoError {}

/// A row of a list of values; the error is a sentence.
fn listed_row<I>(columns: &[String], row: I) -> Result<serde_json::Map<String, Value>, String>
where
    I: IntoIterator,
    I::Item: Into<Value>,
{
    let cells: Vec<Value> = row.into_iter().map(Into::into).collect();
    if cells.len() != columns.len() {
        return Err(format!("it has {} cells, and there are {} columns", cells.len(), columns.len()));
    }
    Ok(columns.iter().cloned().zip(cells).collect())
}

/// Makes rows as far as their columns are known.
async fn begin<'s, R, E>(mut rows: BoxStream<'s, Result<R, E>>, format: Format) -> Result<Made<'s>, Error>
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
    Ok(Made { columns, types: Vec::new(), texts, chunks: chunks.boxed() })
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
