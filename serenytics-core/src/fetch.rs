//! Queries: sent as the JSON they are, and their rows read while they arrive.

use bytes::Bytes;
use serenytics_query::query::Query;
use serenytics_query::schema::SourceRef;
use serenytics_query::wire::{ColumnTitle, Pipeline};
use tracing::{Instrument, debug, debug_span};

use crate::answer::{Answer, AnswerError, Decoder, RawRows, Rows, TypedRows};
use crate::client::Client;
use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::transport::Deadline;

/// What the platform answers, as an error, to every query over a storage into which nothing was loaded yet.
const EMPTY_STORAGE: &str = "Storage source is empty";

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
        sendable(query)?;
        let mut rows = TypedRows::new(query.shape(), query.reader());
        self.run_on(query, &mut rows).await?;
        Ok(rows.into_rows())
    }

    /// Runs a query on another source than the one that it was written for: staging, or another customer's.
    ///
    /// # Errors
    /// As for [`fetch`](Self::fetch).
    pub async fn fetch_from<R: Send>(&self, source: &DataSource, query: &Query<R>) -> Result<Vec<R>, Error> {
        sendable(query)?;
        let mut rows = TypedRows::new(query.shape(), query.reader());
        if !query.measures().is_empty() && !self.known_measures().contains_key(source.uuid()) {
            self.learn_measures(source);
        }
        self.run_at(source.uuid(), query, &mut rows, self.deadline()).await?;
        Ok(rows.into_rows())
    }

    /// Runs a query that is data, unchecked, and returns its answer as it is. Over a storage into which nothing was
    /// loaded yet the answer has neither columns nor rows.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses, or an answer that cannot be read.
    pub async fn fetch_raw(&self, source: &DataSource, options: &Pipeline) -> Result<Answer, Error> {
        let body = serde_json::to_vec(options).map_err(|error| {
            Error::new(Kind::Usage, format!("the query cannot be written: {error}")).caused_by(error)
        })?;
        let wanted = if options.only_headers == Some(true) { Wanted::Titles } else { Wanted::Rows };
        let mut rows = RawRows::new(self.api_key());
        let columns = self.run(source.uuid(), body.into(), wanted, &mut rows, self.deadline()).await?;
        Ok(Answer { columns, rows: rows.into_rows() })
    }

    /// Runs a query on the source of its declaration. A uuid that was learned from a name is asked for again when the
    /// server does not know it any more: the source was deleted and made anew.
    async fn run_on<R: Send>(&self, query: &Query<R>, rows: &mut (dyn Rows + Send)) -> Result<(), Error> {
        let deadline = self.deadline();
        let name = match query.source() {
            SourceRef::Uuid(uuid) => return self.run_at(uuid, query, rows, deadline).await,
            SourceRef::Name(name) => name,
        };
        let known = self.known_uuids().get(&**name).cloned();
        let uuid = match &known {
            Some(uuid) => uuid.clone(),
            None => self.found(name, query, deadline).await?,
        };
        match self.run_at(&uuid, query, rows, deadline).await {
            Err(error) if known.is_some() && error.is_not_found() => {
                self.known_uuids().remove(&**name);
                let renewed = self.found(name, query, deadline).await?;
                if renewed == uuid {
                    return Err(error);
                }
                self.run_at(&renewed, query, rows, deadline).await
            }
            outcome => outcome,
        }
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
        rows: &mut (dyn Rows + Send),
        deadline: Deadline,
    ) -> Result<(), Error> {
        match query.measures() {
            [] => {
                let body = Bytes::copy_from_slice(query.as_json().as_bytes());
                self.run(uuid, body, Wanted::Rows, rows, deadline).await.map(drop)
            }
            names => self.run_with_measures(uuid, names, query.as_json(), rows, deadline).await,
        }
    }

    /// Sends a query, reads its answer and returns the columns; none if it is the answer of an empty storage.
    pub(crate) async fn run(
        &self,
        uuid: &str,
        body: Bytes,
        wanted: Wanted,
        rows: &mut (dyn Rows + Send),
        deadline: Deadline,
    ) -> Result<Vec<ColumnTitle>, Error> {
        let span = debug_span!("query", source = uuid);
        match self.exchange(uuid, body, wanted, rows, deadline).instrument(span).await {
            Err(error) if error.kind() == Kind::Refused && error.message().contains(EMPTY_STORAGE) => Ok(Vec::new()),
            outcome => outcome,
        }
    }

    async fn exchange(
        &self,
        uuid: &str,
        body: Bytes,
        wanted: Wanted,
        rows: &mut (dyn Rows + Send),
        deadline: Deadline,
    ) -> Result<Vec<ColumnTitle>, Error> {
        debug!(body = %String::from_utf8_lossy(&body), "sending");
        let request = self.post(&["api", "formatted_data", uuid], deadline).text(body).repeatable();
        let mut response = request.send().await?;
        let mut decoder = Decoder::default();
        let mut bytes = 0;
        let head = loop {
            let read = match response.chunk().await? {
                Some(chunk) => {
                    bytes += chunk.len();
                    decoder.feed(&chunk, rows).map(|()| None)
                }
                None => std::mem::take(&mut decoder).finish(rows).map(Some),
            };
            match read {
                Ok(None) => {}
                Ok(Some(head)) => break head,
                Err(AnswerError::Refused(said)) => return Err(response.refused(said)),
                Err(AnswerError::Malformed(message)) => return Err(response.error(Kind::Decode, message)),
            }
        };
        debug!(bytes, rows = head.rows, "read");
        let lacking = |key| response.error(Kind::Decode, format!("the answer to the query has no `{key}`"));
        match (head.titles, head.rows) {
            (None, _) => Err(lacking("columns_titles")),
            (Some(_), None) if wanted == Wanted::Rows => Err(lacking("data")),
            (Some(titles), _) => Ok(titles),
        }
    }
}

/// What the answer to a query has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Columns and rows.
    Rows,
    /// Columns.
    Titles,
}

/// Refuses a query with problems.
fn sendable<R>(query: &Query<R>) -> Result<(), Error> {
    match query.problems() {
        [] => Ok(()),
        problems => Err(Error::invalid_query(problems)),
    }
}
