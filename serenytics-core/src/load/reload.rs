//! Reloads and updates: the methods of a data source that start a load from a file or from rows.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::path::PathBuf;

use futures_util::stream::{self, Stream, StreamExt};
use serde_json::Value;
use serenytics_query::source::LoadRow;

use crate::data_source::DataSource;
use crate::load::Load;
use crate::load::rows::LazyRows;

impl DataSource {
    /// Replaces all rows and columns of the storage by those of a CSV file, `.csv` or `.csv.gz`, UTF-8, with a header.
    ///
    /// The file is sent while it is read, in constant memory, and a `.csv` is gzipped on the way. Until the server has
    /// loaded the whole of it, queries see the old rows; if anything fails, they stay.
    ///
    /// ```no_run
    /// # async fn load(client: serenytics_core::Client) -> Result<(), serenytics_core::Error> {
    /// use serenytics_core::ForceType;
    ///
    /// let sales = client.get_or_create_storage("sales").await?;
    /// sales.reload_from_csv("sales.csv").separator(';').force_type("zip", ForceType::Str).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "reload_data_from_file")]
    pub fn reload_from_csv(&self, path: impl Into<PathBuf>) -> Load<'_> {
        Load::of_file(self, path.into(), None)
    }

    /// Inserts the rows of a CSV file as [`reload_from_csv`](Self::reload_from_csv) takes it. Each replaces the row that has the same value in the
    /// column `primary_key`, if there is one; the other rows stay.
    ///
    /// ```no_run
    /// # async fn load(client: serenytics_core::Client) -> Result<(), serenytics_core::Error> {
    /// client.source("sales").await?.update_from_csv("changes.csv", "id").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "update_data_from_file")]
    pub fn update_from_csv(&self, path: impl Into<PathBuf>, primary_key: impl Into<String>) -> Load<'_> {
        Load::of_file(self, path.into(), Some(primary_key.into()))
    }

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
        self.load_rows(stream::iter(rows).map(Ok::<_, Infallible>), None)
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
        self.load_rows(stream::iter(rows).map(Ok::<_, Infallible>), Some(primary_key.into()))
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
        Load::of_rows(self, LazyRows::of_stream(rows), primary_key).forced(types)
    }
}

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
