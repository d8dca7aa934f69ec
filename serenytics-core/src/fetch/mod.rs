//! Runs queries, and reads their rows while they arrive.

mod measures;
mod run;

use serenytics_query::query::Query;
use serenytics_query::wire::Pipeline;

use crate::answer::{Answer, ColumnAnswer, ReadUntil, RowStream, TypedRows};
use crate::client::Client;
use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use run::run_from;

pub(crate) use run::run_on;

impl Client {
    /// Runs a query on the source that it was written for, and returns its rows.
    ///
    /// The source is found by the name or uuid of its declaration. Rows are parsed while they
    /// arrive, after the columns of the result were compared with the declared ones. On a storage
    /// that was never loaded, every query returns no rows, even `count()`: the platform knows no
    /// columns then.
    ///
    /// # Errors
    /// Returns an error if the query has [`problems`](Query::problems) (it is not sent then), the
    /// source does not exist, the server cannot be reached or rejects the request, or the result
    /// does not match what the query declares; the error names the row and the column.
    pub async fn fetch<R: Send>(&self, query: &Query<R>) -> Result<Vec<R>, Error> {
        let mut rows = TypedRows::new(query.shape().clone(), query.reader());
        run_on(self.session(), query, ReadUntil::End, &mut rows).await?;
        Ok(rows.into_rows())
    }

    /// Runs a query on another source than the one it was written for, such as staging or another
    /// customer's.
    ///
    /// # Errors
    /// Returns the errors of [`fetch`](Self::fetch).
    pub async fn fetch_from<R: Send>(&self, source: &DataSource, query: &Query<R>) -> Result<Vec<R>, Error> {
        let mut rows = TypedRows::new(query.shape().clone(), query.reader());
        run_from(self.session(), source, query, ReadUntil::End, &mut rows).await?;
        Ok(rows.into_rows())
    }

    /// Runs a query and returns its only row, as for aggregates over all rows or a value formula.
    ///
    /// # Errors
    /// Returns the errors of [`fetch`](Self::fetch), and an error if there is no row
    /// ([`is_not_found`](Error::is_not_found)) or more than one.
    pub async fn fetch_one<R: Send + 'static>(&self, query: &Query<R>) -> Result<R, Error> {
        self.fetch_optional(query).await?.ok_or_else(|| {
            let message = format!(
                "the query on {} returned no row, expected one; on an empty storage no query returns rows, not even `count()`",
                query.source()
            );
            Error::new(Kind::NotFound, message)
        })
    }

    /// Runs a query and returns its only row, or `None`.
    ///
    /// # Errors
    /// Returns the errors of [`fetch`](Self::fetch), and an error if there is more than one row.
    pub async fn fetch_optional<R: Send + 'static>(&self, query: &Query<R>) -> Result<Option<R>, Error> {
        let mut rows = self.stream(query).await?;
        let Some(row) = rows.try_next().await? else { return Ok(None) };
        match rows.try_next().await? {
            None => Ok(Some(row)),
            Some(_) => {
                let message = format!(
                    "the query on {} returned more than one row, expected one: `fetch` returns all rows",
                    query.source()
                );
                Err(Error::new(Kind::Usage, message))
            }
        }
    }

    /// Runs a query and returns its rows one by one while they arrive, in constant memory.
    ///
    /// An error in the result may be found after rows that were already returned. The call's
    /// timeout applies to the whole stream. Rows are buffered until their columns are known: if a
    /// server sends the columns after the rows, all rows are buffered.
    ///
    /// # Errors
    /// Returns the errors of [`fetch`](Self::fetch) that are known before the first row.
    pub async fn stream<R: Send + 'static>(&self, query: &Query<R>) -> Result<RowStream<R>, Error> {
        let mut rows = TypedRows::new(query.shape().clone(), query.reader());
        let exchange = run_on(self.session(), query, ReadUntil::FirstRows, &mut rows).await?;
        Ok(RowStream::new(exchange, rows))
    }

    /// Runs a query on another source than the one it was written for, and returns its rows one by
    /// one while they arrive.
    ///
    /// # Errors
    /// Returns the errors of [`stream`](Self::stream).
    pub async fn stream_from<R: Send + 'static>(
        &self,
        source: &DataSource,
        query: &Query<R>,
    ) -> Result<RowStream<R>, Error> {
        let mut rows = TypedRows::new(query.shape().clone(), query.reader());
        let exchange = run_from(self.session(), source, query, ReadUntil::FirstRows, &mut rows).await?;
        Ok(RowStream::new(exchange, rows))
    }

    /// Runs an untyped, unchecked query, and returns its result row by row. On a storage that was
    /// never loaded, the result has neither columns nor rows.
    ///
    /// Sets the `order` to rows if it is not set. An object of the first stage with the name of one
    /// of the source's measures is sent with the measure's uuid; a plain name is a column.
    ///
    /// # Errors
    /// Returns an error if another `order` is set, the server cannot be reached or rejects the
    /// request, or the result is malformed.
    pub async fn fetch_raw(&self, source: &DataSource, options: &Pipeline) -> Result<Answer, Error> {
        source.raw_rows(self.session(), options.clone(), self.session().deadline()).await
    }

    /// Runs an untyped, unchecked query, and returns its result column by column. On a storage that
    /// was never loaded, the result has no columns.
    ///
    /// # Errors
    /// Returns an error if the `order` is by rows, the server cannot be reached or rejects the
    /// request, or the result is malformed.
    pub async fn fetch_columns(&self, source: &DataSource, options: &Pipeline) -> Result<ColumnAnswer, Error> {
        source.raw_columns(self.session(), options.clone(), self.session().deadline()).await
    }
}
