//! Queries: sent as the JSON they are, and their rows read while they arrive.

use bytes::Bytes;
use serenytics_query::query::Query;
use serenytics_query::schema::SourceRef;
use serenytics_query::wire::Options;
use tracing::{Instrument, debug, debug_span};

use crate::answer::{Answer, AnswerError, Decoder, Head, RawRows, Rows, TypedRows};
use crate::client::Client;
use crate::data_source::{DataSource, checked_uuid};
use crate::error::{Error, Kind};

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
        self.run_on(query.source(), query.as_json(), &mut rows).await?;
        Ok(rows.into_rows())
    }

    /// Runs a query on another source than the one that it was written for: staging, or another customer's.
    ///
    /// # Errors
    /// As for [`fetch`](Self::fetch).
    pub async fn fetch_from<R: Send>(&self, source: &DataSource, query: &Query<R>) -> Result<Vec<R>, Error> {
        sendable(query)?;
        let mut rows = TypedRows::new(query.shape(), query.reader());
        self.run(source.uuid(), Bytes::copy_from_slice(query.as_json().as_bytes()), &mut rows).await?;
        Ok(rows.into_rows())
    }

    /// Runs a query that is data, unchecked, and returns its answer as it is. Over a storage into which nothing was
    /// loaded yet the answer has neither columns nor rows.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses, or an answer that cannot be read.
    pub async fn fetch_raw(&self, source: &DataSource, options: &Options) -> Result<Answer, Error> {
        let body = serde_json::to_vec(options).map_err(|error| {
            Error::new(Kind::Usage, format!("the query cannot be written: {error}")).caused_by(error)
        })?;
        let mut rows = RawRows::default();
        let head = self.run(source.uuid(), body.into(), &mut rows).await?;
        let headers_only = options.only_headers == Some(true);
        match head {
            Some(Head { rows: None, .. }) if !headers_only => Err(lacking("data")),
            Some(Head { titles: None, .. }) => Err(lacking("columns_titles")),
            Some(Head { titles: Some(columns), .. }) => Ok(Answer { columns, rows: rows.0 }),
            None => Ok(Answer::default()),
        }
    }

    /// Runs a query on the source of its declaration. A uuid that was learned from a name is asked for again when the
    /// server does not know it any more: the source was deleted and made anew.
    async fn run_on(&self, source: &SourceRef, json: &str, rows: &mut (dyn Rows + Send)) -> Result<(), Error> {
        let body = Bytes::copy_from_slice(json.as_bytes());
        let name = match source {
            SourceRef::Uuid(uuid) => return self.run_checked(uuid, body, rows).await,
            SourceRef::Name(name) => name,
        };
        let known = self.known_uuids().get(&**name).cloned();
        let uuid = match &known {
            Some(uuid) => uuid.clone(),
            None => self.source(name).await?.uuid().to_owned(),
        };
        let outcome = self.run_checked(&uuid, body.clone(), rows).await;
        match outcome {
            Err(error) if known.is_some() && error.is_not_found() => {
                self.known_uuids().remove(&**name);
                let renewed = self.source(name).await?;
                if renewed.uuid() == uuid {
                    return Err(error);
                }
                self.run_checked(renewed.uuid(), body, rows).await
            }
            outcome => outcome,
        }
    }

    /// Runs a query whose answer has to hold columns and rows.
    async fn run_checked(&self, uuid: &str, body: Bytes, rows: &mut (dyn Rows + Send)) -> Result<(), Error> {
        match self.run(uuid, body, rows).await? {
            Some(Head { titles: None, .. }) => Err(lacking("columns_titles")),
            Some(Head { rows: None, .. }) => Err(lacking("data")),
            Some(_) | None => Ok(()),
        }
    }

    /// Sends a query and reads its answer; `None` if it is that of an empty storage.
    pub(crate) async fn run(
        &self,
        uuid: &str,
        body: Bytes,
        rows: &mut (dyn Rows + Send),
    ) -> Result<Option<Head>, Error> {
        let span = debug_span!("query", source = uuid);
        let outcome = self.exchange(uuid, body, rows).instrument(span).await;
        match outcome {
            Ok(head) => Ok(Some(head)),
            Err(error) if error.kind() == Kind::Refused && error.message().contains(EMPTY_STORAGE) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn exchange(&self, uuid: &str, body: Bytes, rows: &mut (dyn Rows + Send)) -> Result<Head, Error> {
        let uuid = checked_uuid(uuid)?;
        debug!(body = %String::from_utf8_lossy(&body), "sending");
        let mut response = self.post(&["api", "formatted_data", uuid]).text(body).repeatable().send().await?;
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
                Err(AnswerError::Refused(message)) => return Err(response.error(Kind::Refused, message)),
                Err(AnswerError::Malformed(message)) => return Err(response.error(Kind::Decode, message)),
            }
        };
        debug!(bytes, rows = head.rows, "read");
        Ok(head)
    }
}

/// Refuses a query with problems.
fn sendable<R>(query: &Query<R>) -> Result<(), Error> {
    match query.problems() {
        [] => Ok(()),
        problems => Err(Error::invalid_query(problems)),
    }
}

/// The error of an answer without something that it has to have.
pub(crate) fn lacking(key: &str) -> Error {
    Error::new(Kind::Decode, format!("the answer to the query has no `{key}`"))
}
