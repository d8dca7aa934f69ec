//! The data API: sources that were opened to keys of their own, to be read and nothing else.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use serenytics_query::wire::{ColumnTitle, Pipeline, ROW_BY_ROW};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::answer::{Answer, AnswerError, Decoder, RawRows};
use crate::client::Client;
use crate::error::{Error, Kind};
use crate::session::Session;
use crate::transport::{Request, Response, said_errors};

/// The data API of a server, for a client whose key is one of the data API; see [`Client::data_api`].
#[derive(Debug, Clone)]
pub struct DataApi {
    session: Session,
}

/// A source that a key of the data API reads.
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
    /// The data API, for a client that was built with a key of the data API in place of an API key.
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
    /// The sources that the key reads: `GET /data-api/datasources_list`.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses.
    pub async fn sources(&self) -> Result<Vec<DataApiSource>, Error> {
        let mut response = self.session.get(&["data-api", "datasources_list"], self.session.deadline()).send().await?;
        let body = response.whole().await?;
        let answer: Value = response.parse(&body)?;
        // The documentation does not show the answer: a list by itself, or one of the forms that lists have elsewhere.
        let list = match answer {
            Value::Object(mut answer) => answer.remove("objects").unwrap_or_default(),
            list => list,
        };
        serde_json::from_value(list).map_err(|error| {
            response.unexpected(&body, &format!("the answer is no list of sources with a `uuid` each: {error}"))
        })
    }

    /// The columns of the source with this uuid: `POST /data-api/query-model/{uuid}`.
    ///
    /// # Errors
    /// A source that the key does not read; a server that cannot be reached or refuses.
    pub async fn columns(&self, uuid: &str) -> Result<Vec<ColumnTitle>, Error> {
        let request = self.session.post(&["data-api", "query-model", uuid], self.session.deadline());
        let mut answer = request.repeatable().json(&json!({})).send().await?.ok().await?;
        let columns = answer.get_mut("columns_titles").map(Value::take).unwrap_or_default();
        serde_json::from_value(columns).map_err(|error| {
            let message = format!("the columns of the source are not told by `columns_titles`: {error}");
            Error::new(Kind::Decode, self.session.api_key().redact(message))
        })
    }

    /// The rows of a query over the source with this uuid; all of them without a stage:
    /// `POST /data-api/query-data/{uuid}` in the format `json`.
    ///
    /// # Errors
    /// A source that the key does not read; a server that cannot be reached or refuses; an answer that cannot be read.
    pub async fn query(&self, uuid: &str, query: &Pipeline) -> Result<Answer, Error> {
        let mut response = self.request(uuid, "json", query)?.send().await?;
        let mut rows = RawRows::new(self.session.api_key());
        let mut decoder = Decoder::default();
        let error = |response: &Response, error| match error {
            AnswerError::Refused(said) => response.refused(said),
            AnswerError::Malformed(message) => response.error(Kind::Decode, message),
        };
        while let Some(chunk) = response.chunk().await? {
            decoder.feed(&chunk, &mut rows).map_err(|failed| error(&response, failed))?;
        }
        let head = decoder.finish(&mut rows).map_err(|failed| error(&response, failed))?;
        match (head.titles, head.rows) {
            (Some(columns), Some(_)) => Ok(Answer { columns, rows: rows.into_rows() }),
            _ => Err(response.error(Kind::Decode, "the answer lacks `columns_titles` or `data`".to_owned())),
        }
    }

    /// The same rows as CSV with a header, written while they arrive: `POST /data-api/query-data/{uuid}` in the format
    /// `csv`. Tells how many bytes were written. After an error a part of the rows may have been.
    ///
    /// # Errors
    /// As for [`query`](Self::query); an output that fails.
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

    /// The answer in the format `csv`, whose rows are still to be read.
    pub(crate) async fn csv(&self, uuid: &str, query: &Pipeline) -> Result<Response, Error> {
        let mut response = self.request(uuid, "csv", query)?.send().await?;
        if response.is_json() {
            // An error with status 200 is no CSV.
            let body = response.whole().await?;
            let said = said_errors(&response.parse(&body)?).unwrap_or_else(|| "the server gives no CSV".to_owned());
            return Err(response.refused(said));
        }
        Ok(response)
    }

    fn request(&self, uuid: &str, format: &str, query: &Pipeline) -> Result<Request<'_>, Error> {
        let query = Pipeline { order: Some(ROW_BY_ROW.to_owned()), ..query.clone() };
        let query = serde_json::to_value(query).map_err(|error| {
            Error::new(Kind::Usage, format!("the query cannot be written: {error}")).caused_by(error)
        })?;
        let request = self.session.post(&["data-api", "query-data", uuid], self.session.deadline());
        Ok(request.repeatable().json(&json!({ "format": format, "query": query })))
    }
}

/// The error of an output that takes no more rows.
pub(crate) fn unwritten(error: io::Error) -> Error {
    Error::new(Kind::Usage, format!("the rows could not be written: {error}")).caused_by(error)
}
