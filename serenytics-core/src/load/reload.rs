//! Methods of a data source that start a reload or an update, from a file or from rows.

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
    /// Replaces all rows and columns of the storage by those of a CSV file: `.csv` or `.csv.gz`,
    /// UTF-8, with a header.
    ///
    /// The file is streamed in constant memory, and a `.csv` is gzipped on the way. Queries see the
    /// old rows until the whole file is loaded; if anything fails, the old rows stay.
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

    /// Inserts the rows of a CSV file, in the format of [`reload_from_csv`](Self::reload_from_csv).
    /// Each replaces the row with the same value in the column `primary_key`, if there is one; the
    /// other rows stay.
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
    /// Rows are streamed as gzipped CSV in constant memory, while the iterator is read. Queries see
    /// the old rows until all new ones are loaded; if anything fails, the old rows stay.
    ///
    /// Rows of a struct that derives `Source` have its types. For other rows:
    ///
    /// - A column whose first value is a string is a string column, even for `"007"`.
    /// - If that string looks like `2024-01-31`, the column is of datetimes, provided that all its values are.
    /// - The type of any other column is inferred from all its values.
    /// - [`force_type`](Load::force_type) overrides these rules.
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

    /// Replaces all rows and columns of the storage by the rows of a stream, like
    /// [`reload`](Self::reload). If the stream fails, nothing is loaded.
    pub fn reload_from_stream<'s, R, E, S>(&'s self, rows: S) -> Load<'s>
    where
        R: LoadRow + Send + 's,
        E: Into<Box<dyn StdError + Send + Sync>> + Send + 's,
        S: Stream<Item = Result<R, E>> + Send + 's,
    {
        self.load_rows(rows, None)
    }

    /// Inserts rows. Each replaces the row with the same value in the column `primary_key`, if
    /// there is one; the other rows stay. Rows are sent like those of [`reload`](Self::reload). For
    /// a few rows, [`insert_or_update`](crate::Batch::insert_or_update) is faster.
    pub fn update<'s, I>(&'s self, primary_key: impl Into<String>, rows: I) -> Load<'s>
    where
        I: IntoIterator,
        I::IntoIter: Send + 's,
        I::Item: LoadRow + Send + 's,
    {
        self.load_rows(stream::iter(rows).map(Ok::<_, Infallible>), Some(primary_key.into()))
    }

    /// Inserts the rows of a stream, or replaces those with the same key, like
    /// [`update`](Self::update).
    pub fn update_from_stream<'s, R, E, S>(&'s self, primary_key: impl Into<String>, rows: S) -> Load<'s>
    where
        R: LoadRow + Send + 's,
        E: Into<Box<dyn StdError + Send + Sync>> + Send + 's,
        S: Stream<Item = Result<R, E>> + Send + 's,
    {
        self.load_rows(rows, Some(primary_key.into()))
    }

    /// Replaces all rows and columns of the storage by rows that are lists of values, in the order
    /// of `columns`. They are sent like those of [`reload`](Self::reload).
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

/// Creates a row from a list of values. The error is a sentence.
fn listed_row<I>(columns: &[String], row: I) -> Result<serde_json::Map<String, Value>, String>
where
    I: IntoIterator,
    I::Item: Into<Value>,
{
    let cells: Vec<Value> = row.into_iter().map(Into::into).collect();
    if cells.len() != columns.len() {
        return Err(format!("it has {} cells, but there are {} columns", cells.len(), columns.len()));
    }
    Ok(columns.iter().cloned().zip(cells).collect())
}
