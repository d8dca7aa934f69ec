//! Queries: sent as the JSON they are, and their rows read while they arrive.

mod measures;
mod run;

use serenytics_query::query::Query;
use serenytics_query::wire::Pipeline;

use crate::answer::{Answer, ColumnAnswer, RowStream, TypedRows, Until};
use crate::client::Client;
use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use run::run_from;

pub(crate) use run::run_on;

impl Client {
    /// Runs a query on the source that it was written for and returns its rows.
    ///
    /// The source is found by the name or uuid of its declaration. Rows are read from the bytes while they arrive; the
    /// answer's columns are held against the declared ones first. Over a storage into which nothing was loaded yet every
    /// query has no rows, `count()` too, because the platform knows no columns then.
    ///
    /// # Errors
    /// A query with [`problems`](Query::problems), which is not sent; a source that does not exist; a server that cannot
    /// be reached or refuses; an answer that is not what the query declares, which says where and what.
    pub async fn fetch<R: Send>(&self, query: &Query<R>) -> Result<Vec<R>, Error> {
        let mut rows = TypedRows::new(query.shape().clone(), query.reader());
        run_on(self.session(), query, Until::End, &mut rows).await?;
        Ok(rows.into_rows())
    }

    /// Runs a query on another source than the one that it was written for: staging, or another customer's.
    ///
    /// # Errors
    /// As for [`fetch`](Self::fetch).
    pub async fn fetch_from<R: Send>(&self, source: &DataSource, query: &Query<R>) -> Result<Vec<R>, Error> {
        let mut rows = TypedRows::new(query.shape().clone(), query.reader());
        run_from(self.session(), source, query, Until::End, &mut rows).await?;
        Ok(rows.into_rows())
    }

    /// Runs a query and returns its only row: of aggregates over all rows, or of a value formula.
    ///
    /// # Errors
    /// As for [`fetch`](Self::fetch); and no row ([`is_not_found`](Error::is_not_found)), or more than one.
    pub async fn fetch_one<R: Send + 'static>(&self, query: &Query<R>) -> Result<R, Error> {
        self.fetch_optional(query).await?.ok_or_else(|| {
            let message = format!(
                "the query on {} gave no row, and one was asked for; over a storage without rows no query has one, `count()` neither",
                query.source()
            );
            Error::new(Kind::NotFound, message)
        })
    }

    /// Runs a query and returns its only row, if there is one.
    ///
    /// # Errors
    /// As for [`fetch`](Self::fetch); and more than one row.
    pub async fn fetch_optional<R: Send + 'static>(&self, query: &Query<R>) -> Result<Option<R>, Error> {
        let mut rows = self.stream(query).await?;
        let Some(row) = rows.try_next().await? else { return Ok(None) };
        match rows.try_next().await? {
            None => Ok(Some(row)),
            Some(_) => {
                let message = format!(
                    "the query on {} gave more than one row, and one was asked for: `fetch` gives all of them",
                    query.source()
                );
                Err(Error::new(Kind::Usage, message))
            }
        }
    }

    /// Runs a query and returns its rows one by one while they arrive: of any number, in constant memory.
    ///
    /// What is wrong with the answer may be found behind rows that were given already. The deadline of the call is that of the whole stream. Rows
    /// are held back until their columns are known: a server that tells these behind the rows has all of them held.
    ///
    /// # Errors
    /// As for [`fetch`](Self::fetch), for what is known before the first row.
    pub async fn stream<R: Send + 'static>(&self, query: &Query<R>) -> Result<RowStream<R>, Error> {
        let mut rows = TypedRows::new(query.shape().clone(), query.reader());
        let exchange = run_on(self.session(), query, Until::FirstRows, &mut rows).await?;
        Ok(RowStream::new(exchange, rows))
    }

    /// Runs a query on another source than the one that it was written for, and returns its rows one by one while they arrive.
    ///
    /// # Errors
    /// As for [`stream`](Self::stream).
    pub async fn stream_from<R: Send + 'static>(
        &self,
        source: &DataSource,
        query: &Query<R>,
    ) -> Result<RowStream<R>, Error> {
        let mut rows = TypedRows::new(query.shape().clone(), query.reader());
        let exchange = run_from(self.session(), source, query, Until::FirstRows, &mut rows).await?;
        Ok(RowStream::new(exchange, rows))
    }

    /// Runs a query that is data, unchecked, and returns its answer as it is, row by row. Over a storage into which nothing was
    /// loaded yet the answer has neither columns nor rows.
    ///
    /// An `order` that is not set is that by rows. An object of the first stage that names a measure which
    /// the source has, as it is known here, is sent with the measure's uuid; a name alone is a column's.
    ///
    /// # Errors
    /// Another `order`; a server that cannot be reached or refuses, or an answer that cannot be read.
    pub async fn fetch_raw(&self, source: &DataSource, options: &Pipeline) -> Result<Answer, Error> {
        source.raw_rows(self.session(), options.clone(), self.session().deadline()).await
    }

    /// Runs a query that is data, unchecked, and returns its answer as it is, column by column. Over a storage into which nothing was
    /// loaded yet the answer has no columns.
    ///
    /// # Errors
    /// The `order` of rows; a server that cannot be reached or refuses, or an answer that cannot be read.
    pub async fn fetch_columns(&self, source: &DataSource, options: &Pipeline) -> Result<ColumnAnswer, Error> {
        source.raw_columns(self.session(), options.clone(), self.session().deadline()).await
    }
}
