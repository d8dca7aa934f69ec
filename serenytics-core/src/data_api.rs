//! The data API: read-only access to sources that are shared with keys of their own.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use serenytics_query::wire::{ColumnTitle, Pipeline, ROW_BY_ROW};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::answer::{Answer, AnswerError, Decoder, RawRows};
use crate::api_key::ApiKey;
use crate::client::Client;
use crate::error::{Error, Kind};
use crate::session::Session;
use crate::transport::{Attempts, Deadline, Request, Response, server_errors};

/// The data API of a server, for a client with a data API key; see [`Client::data_api`].
#[derive(Debug, Clone)]
pub struct DataApi {
    session: Session,
}

/// A source that a data API key can read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DataApiSource {
    /// Its uuid.
    pub uuid: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
}

impl Client {
    /// Returns the data API, for a client that was built with a data API key instead of an API key.
    ///
    /// ```no_run
    /// # async fn read() -> Result<(), serenytics_core::Error> {
    /// use serenytics_core::Client;
    ///
    /// let data_api = Client::builder().api_key("a key of the data API").build()?.data_api();
    /// for source in data_api.sources().await? {
    ///     println!("{}: {} columns", source.name, data_api.columns(&source.uuid).await?.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn data_api(&self) -> DataApi {
        DataApi { session: self.session().clone() }
    }
}

impl DataApi {
    /// Returns the sources that the key can read: `GET /data-api/datasources_list`.
    ///
    /// # Errors
    /// Returns an error if the server cannot be reached or rejects the request.
    pub async fn sources(&self) -> Result<Vec<DataApiSource>, Error> {
        let mut response = self.session.get(&["data-api", "datasources_list"], self.session.deadline()).send().await?;
        let body = response.whole().await?;
        let answer: Value = response.parse(&body)?;
        // The documentation does not show the response: it may be a bare list, or an object as in
        // other lists.
        let reported = answer.get("num_results").and_then(Value::as_u64);
        let list = match answer {
            Value::Object(mut answer) => answer.remove("objects").unwrap_or_default(),
            list => list,
        };
        let sources: Vec<DataApiSource> = serde_json::from_value(list).map_err(|error| {
            response.unexpected(&body, &format!("the response is not a list of sources with a `uuid` each: {error}"))
        })?;
        response.check_count("source", reported, sources.len())?;
        Ok(sources)
    }

    /// Returns the columns of the source with this uuid: `POST /data-api/query-model/{uuid}`.
    ///
    /// # Errors
    /// Returns an error if the key cannot read the source, or the server cannot be reached or
    /// rejects the request.
    pub async fn columns(&self, uuid: &str) -> Result<Vec<ColumnTitle>, Error> {
        let request = self.session.post(&["data-api", "query-model", uuid], self.session.deadline());
        let mut answer = request.repeatable().read_whole().json(&json!({})).send().await?.ok().await?;
        let columns = answer.get_mut("columns_titles").map(Value::take).unwrap_or_default();
        serde_json::from_value(columns).map_err(|error| {
            let message = format!("the `columns_titles` of the response do not describe columns: {error}");
            Error::new(Kind::Decode, self.session.api_key().redact(message))
        })
    }

    /// Runs a query on the source with this uuid, and returns its rows:
    /// `POST /data-api/query-data/{uuid}` in the format `json`. A query without stages returns all
    /// rows.
    ///
    /// # Errors
    /// Returns an error if the key cannot read the source, the server cannot be reached or rejects
    /// the request, or the response is malformed.
    pub async fn query(&self, uuid: &str, query: &Pipeline) -> Result<Answer, Error> {
        let deadline = self.session.deadline();
        let mut attempts = Attempts::until(deadline);
        loop {
            match read_rows(self.request(uuid, "json", query, deadline)?.send().await?, self.session.api_key()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => attempts.again(error).await?,
            }
        }
    }

    /// Runs a query and writes its rows as CSV with a header while they arrive:
    /// `POST /data-api/query-data/{uuid}` in the format `csv`. Returns the number of bytes written.
    /// After an error, part of the rows may have been written.
    ///
    /// # Errors
    /// Returns the errors of [`query`](Self::query), and an error if writing to `output` fails.
    pub async fn query_csv(
        &self,
        uuid: &str,
        query: &Pipeline,
        output: &mut (impl AsyncWrite + Unpin + Send),
    ) -> Result<u64, Error> {
        let mut response = self.csv(uuid, query).await?;
        let mut written = 0;
        while let Some(chunk) = response.chunk().await? {
            output.write_all(&chunk).await.map_err(unwritten)?;
            written += chunk.len() as u64;
        }
        output.flush().await.map_err(unwritten)?;
        Ok(written)
    }

    /// Starts a query in the format `csv`; the caller reads the response.
    pub(crate) async fn csv(&self, uuid: &str, query: &Pipeline) -> Result<Response, Error> {
        let mut response = self.request(uuid, "csv", query, self.session.deadline())?.send().await?;
        if response.is_json() {
            // An error with status 200 is JSON instead of CSV.
            let body = response.whole().await?;
            let said =
                server_errors(&response.parse(&body)?).unwrap_or_else(|| "the server returned no CSV".to_owned());
            return Err(response.rejected(said));
        }
        Ok(response)
    }

    fn request(&self, uuid: &str, format: &str, query: &Pipeline, deadline: Deadline) -> Result<Request<'_>, Error> {
        let query = Pipeline { order: Some(ROW_BY_ROW.to_owned()), ..query.clone() };
        let query = serde_json::to_value(query).map_err(|error| {
            Error::new(Kind::Usage, format!("the query cannot be written: {error}")).caused_by(error)
        })?;
        let request = self.session.post(&["data-api", "query-data", uuid], deadline);
        Ok(request.repeatable().json(&json!({ "format": format, "query": query })))
    }
}

/// Reads the rows of a query.
async fn read_rows(mut response: Response, key: &ApiKey) -> Result<Answer, Error> {
    let mut rows = RawRows::new(key);
    let mut decoder = Decoder::default();
    let error = |response: &Response, error| match error {
        AnswerError::Rejected(said) => response.rejected(said),
        AnswerError::Malformed(message) => response.error(Kind::Decode, message),
        AnswerError::Truncated(message) => response.error(Kind::Truncated, message),
    };
    while let Some(chunk) = response.chunk().await? {
        decoder.feed(&chunk, &mut rows).map_err(|failed| error(&response, failed))?;
    }
    let head = decoder.finish(&mut rows).map_err(|failed| error(&response, failed))?;
    match (head.titles, head.rows) {
        (Some(columns), Some(_)) => Ok(Answer { columns, rows: rows.into_rows() }),
        _ => Err(response.error(Kind::Decode, "the response has no `columns_titles` or `data`".to_owned())),
    }
}

/// The error of an output that cannot be written to.
pub(crate) fn unwritten(error: io::Error) -> Error {
    Error::new(Kind::Usage, format!("the rows could not be written: {error}")).caused_by(error)
}
