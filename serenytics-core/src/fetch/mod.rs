//! Queries: sent as the JSON they are, and their rows read while they arrive.

use bytes::Bytes;
use serenytics_query::query::Query;
use serenytics_query::schema::SourceRef;
use serenytics_query::wire::{COLUMN_BY_COLUMN, ColumnTitle, Pipeline, ROW_BY_ROW};
use tracing::field::Empty;
use tracing::{Instrument, debug_span};

use crate::answer::{Answer, ColumnAnswer, Exchange, RawColumns, RawRows, RowStream, Rows, TypedRows, Until, Wanted};
use crate::client::Client;
use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::session::add_measures;
use crate::transport::Deadline;

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
        self.run_on(query, Until::End, &mut rows).await?;
        Ok(rows.into_rows())
    }

    /// Runs a query on another source than the one that it was written for: staging, or another customer's.
    ///
    /// # Errors
    /// As for [`fetch`](Self::fetch).
    pub async fn fetch_from<R: Send>(&self, source: &DataSource, query: &Query<R>) -> Result<Vec<R>, Error> {
        let mut rows = TypedRows::new(query.shape().clone(), query.reader());
        self.run_from(source, query, Until::End, &mut rows).await?;
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
        let exchange = self.run_on(query, Until::FirstRows, &mut rows).await?;
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
        let exchange = self.run_from(source, query, Until::FirstRows, &mut rows).await?;
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
        self.raw(source, options.clone(), self.deadline()).await
    }

    pub(crate) async fn raw(
        &self,
        source: &DataSource,
        mut options: Pipeline,
        deadline: Deadline,
    ) -> Result<Answer, Error> {
        let order = options.order.get_or_insert_with(|| ROW_BY_ROW.to_owned());
        if order != ROW_BY_ROW {
            let message = format!(
                "nothing was sent: `order` is `{order}`, and rows come `{ROW_BY_ROW}`; `fetch_columns` takes other orders"
            );
            return Err(Error::new(Kind::Usage, message));
        }
        let mut rows = RawRows::new(self.api_key());
        let columns = self.run_data(source, options, &mut rows, deadline).await?;
        Ok(Answer { columns, rows: rows.into_rows() })
    }

    /// Runs a query that is data, unchecked, and returns its answer as it is, column by column. Over a storage into which nothing was
    /// loaded yet the answer has no columns.
    ///
    /// # Errors
    /// The `order` of rows; a server that cannot be reached or refuses, or an answer that cannot be read.
    pub async fn fetch_columns(&self, source: &DataSource, options: &Pipeline) -> Result<ColumnAnswer, Error> {
        let mut options = options.clone();
        if options.order.get_or_insert_with(|| COLUMN_BY_COLUMN.to_owned()) == ROW_BY_ROW {
            let message = format!("nothing was sent: `order` is `{ROW_BY_ROW}`; `fetch_raw` takes it");
            return Err(Error::new(Kind::Usage, message));
        }
        let mut cells = RawColumns::new(self.api_key());
        let columns = self.run_data(source, options, &mut cells, self.deadline()).await?;
        cells.finish(columns).map_err(|message| Error::new(Kind::Decode, self.api_key().redact(message)))
    }

    /// Runs a query that is data and returns the columns of its answer.
    pub(crate) async fn run_data(
        &self,
        source: &DataSource,
        mut options: Pipeline,
        rows: &mut (dyn Rows + Send),
        deadline: Deadline,
    ) -> Result<Vec<ColumnTitle>, Error> {
        add_measures(source, &mut options);
        let body = serde_json::to_vec(&options).map_err(|error| {
            Error::new(Kind::Usage, format!("the query cannot be written: {error}")).caused_by(error)
        })?;
        let wanted = if options.only_headers == Some(true) { Wanted::Titles } else { Wanted::Rows };
        let exchange = self.run(source.uuid(), body.into(), (wanted, Until::End), rows, deadline).await?;
        Ok(exchange.into_columns())
    }

    /// Runs a query on the source of its declaration. A uuid that was learned from a name is asked for again when the
    /// server does not know it any more: the source was deleted and made anew.
    pub(crate) async fn run_on<R>(
        &self,
        query: &Query<R>,
        until: Until,
        rows: &mut (dyn Rows + Send),
    ) -> Result<Exchange, Error> {
        sendable(query)?;
        let deadline = self.deadline();
        let name = match query.source() {
            SourceRef::Uuid(uuid) => return self.run_at(uuid, query, until, rows, deadline).await,
            SourceRef::Name(name) => name,
        };
        let known = self.known_uuids().get(&**name).cloned();
        let uuid = match &known {
            Some(uuid) => uuid.clone(),
            None => self.found(name, query, deadline).await?,
        };
        match self.run_at(&uuid, query, until, rows, deadline).await {
            Err(error) if known.is_some() && error.is_not_found() => {
                self.known_uuids().remove(&**name);
                let renewed = self.found(name, query, deadline).await?;
                if renewed == uuid {
                    return Err(error);
                }
                self.run_at(&renewed, query, until, rows, deadline).await
            }
            outcome => outcome,
        }
    }

    /// Runs a query on another source than that of its declaration.
    pub(crate) async fn run_from<R>(
        &self,
        source: &DataSource,
        query: &Query<R>,
        until: Until,
        rows: &mut (dyn Rows + Send),
    ) -> Result<Exchange, Error> {
        sendable(query)?;
        if !query.measures().is_empty() && !self.known_measures().contains_key(source.uuid()) {
            self.learn_measures(source);
        }
        self.run_at(source.uuid(), query, until, rows, self.deadline()).await
    }

    /// The uuid of the source with this name. Its measures are learned on the way if the query needs them.
    async fn found<R>(&self, name: &str, query: &Query<R>, deadline: Deadline) -> Result<String, Error> {
        let source = self.source_until(name, deadline).await?;
        if !query.measures().is_empty() {
            self.learn_measures(&source);
        }
        Ok(source.uuid().to_owned())
    }

    /// Runs a query on the source with this uuid.
    async fn run_at<R>(
        &self,
        uuid: &str,
        query: &Query<R>,
        until: Until,
        rows: &mut (dyn Rows + Send),
        deadline: Deadline,
    ) -> Result<Exchange, Error> {
        match query.measures() {
            [] => {
                let body = Bytes::copy_from_slice(query.as_json().as_bytes());
                self.run(uuid, body, (Wanted::Rows, until), rows, deadline).await
            }
            names => self.run_with_measures(uuid, names, query.as_json(), until, rows, deadline).await,
        }
    }

    /// Sends a query and reads its answer as far as is asked.
    pub(crate) async fn run(
        &self,
        uuid: &str,
        body: Bytes,
        (wanted, until): (Wanted, Until),
        rows: &mut (dyn Rows + Send),
        deadline: Deadline,
    ) -> Result<Exchange, Error> {
        let pipeline = String::from_utf8_lossy(&body);
        let span = debug_span!("query", source = uuid, %pipeline, rows = Empty, bytes = Empty);
        let within = span.clone();
        let exchange = async {
            let request = self.post(&["api", "formatted_data", uuid], deadline).text(body.clone()).repeatable();
            let mut exchange = match request.send().await {
                Ok(response) => Exchange::new(response, wanted, within),
                Err(error) => Exchange::of_error(error, wanted, within)?,
            };
            exchange.read(until, rows).await?;
            Ok(exchange)
        };
        exchange.instrument(span).await
    }
}

/// Refuses a query with problems.
fn sendable<R>(query: &Query<R>) -> Result<(), Error> {
    match query.problems() {
        [] => Ok(()),
        problems => Err(Error::invalid_query(problems)),
    }
}
