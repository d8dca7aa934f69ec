//! Batches: rows that are inserted, replaced and deleted in one atomic call.

use std::fmt;

use serde_json::Value;
use serenytics_query::source::LoadRow;
use tracing::field::Empty;
use tracing::{Instrument, debug, debug_span};

use crate::data_source::DataSource;
use crate::data_source::operations::{Operation, Part, parts};
use crate::error::{Error, Kind};
use crate::transport::{Deadline, server_errors};

/// Changes to a storage's rows, applied in one call; see [`DataSource::batch`].
#[must_use = "nothing is sent before `.send()`"]
pub struct Batch<'s> {
    source: &'s DataSource,
    operations: Vec<Operation>,
    asynchronous: bool,
    largest: Option<usize>,
    /// The error of the first row that cannot be sent.
    problem: Option<String>,
}

impl DataSource {
    /// Inserts rows into the storage: all of them, or none if one is invalid.
    ///
    /// The first rows of an empty storage define its columns. Later, unknown columns are ignored
    /// and missing ones become NULL. To load many rows, use [`reload`](Self::reload): it is faster,
    /// but replaces the rows of the storage. To update or delete rows, use a
    /// [`batch`](Self::batch).
    ///
    /// # Errors
    /// Returns an error if the source is not a storage or a row cannot be written as JSON (nothing
    /// is sent then), a value does not fit its column, or the server cannot be reached or rejects
    /// the request.
    pub async fn insert<I>(&self, rows: I) -> Result<(), Error>
    where
        I: IntoIterator,
        I::Item: LoadRow,
    {
        let batch = self.batch().insert(rows);
        batch.send().await
    }

    /// Starts a batch: inserts, updates and deletes that are applied together, or not at all.
    ///
    /// ```no_run
    /// # async fn change(client: serenytics_core::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use serde_json::json;
    ///
    /// let sales = client.source("sales").await?;
    /// sales
    ///     .batch()
    ///     .insert([json!({"id": 1, "country": "FR"})])
    ///     .insert_or_update("id", [json!({"id": 2, "country": "US"})])
    ///     .delete("id", [3, 4])
    ///     .send()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Operations are applied in the order in which they are added.
    pub fn batch(&self) -> Batch<'_> {
        Batch { source: self, operations: Vec::new(), asynchronous: false, largest: None, problem: None }
    }
}

impl Batch<'_> {
    /// Inserts rows.
    pub fn insert<I>(self, rows: I) -> Self
    where
        I: IntoIterator,
        I::Item: LoadRow,
    {
        self.rows("insert", None, rows)
    }

    /// Inserts rows. Each replaces the row with the same value in the column `primary_key`, if
    /// there is one. If a key is repeated in `rows`, the last row wins.
    pub fn insert_or_update<I>(self, primary_key: &str, rows: I) -> Self
    where
        I: IntoIterator,
        I::Item: LoadRow,
    {
        self.rows("insertOrUpdate", Some(primary_key), rows)
    }

    /// Deletes the rows that have one of these values in the column `primary_key`.
    pub fn delete<I>(mut self, primary_key: &str, keys: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Value>,
    {
        let mut operation = Operation::new("delete", Some(primary_key));
        for key in keys {
            let key = key.into();
            if matches!(key, Value::Null | Value::Array(_) | Value::Object(_)) {
                let number = operation.count() + 1;
                self.problem.get_or_insert(format!("key {number}, {key}: a key must be a number or a string"));
                break;
            }
            operation.add(|json| json.push_str(&key.to_string()));
        }
        self.add(operation);
        self
    }

    /// Makes the server answer at once, before it applies the batch. Errors are not reported then.
    pub fn asynchronous(mut self) -> Self {
        self.asynchronous = true;
        self
    }

    /// Splits a batch of more than this many bytes into several calls. Each call is atomic, but the
    /// batch as a whole is not: if a call fails, the error says how many rows and keys the calls
    /// before it applied.
    ///
    /// By default, a batch of any size is one call, and the server rejects a batch that is too
    /// large.
    pub fn max_request_size(mut self, bytes: usize) -> Self {
        self.largest = Some(bytes);
        self
    }

    /// Sends the batch and waits until it is applied.
    ///
    /// # Errors
    /// Returns an error if the source is not a storage, a row cannot be written as JSON, or a
    /// column name is not valid in the warehouse; nothing is sent then. Also if a value does not
    /// fit its column or the batch is too large for the server; nothing is applied then. Also if
    /// the server cannot be reached or rejects the request.
    pub async fn send(self) -> Result<(), Error> {
        self.source.check_is_storage()?;
        let unsent = |message| Error::new(Kind::Usage, format!("nothing was sent: {message}"));
        if let Some(problem) = self.problem {
            return Err(unsent(problem));
        }
        let parts = parts(&self.operations, self.asynchronous, self.largest).map_err(unsent)?;
        let deadline = self.source.session().deadline();
        let (count, mut done) = (parts.len(), 0);
        for (index, part) in parts.into_iter().enumerate() {
            let rows = part.rows;
            self.source.send_batch(part, deadline).await.map_err(|error| match index {
                0 => error,
                _ => error.advised(&format!(
                    "this was call {} of {count}: the calls before it applied the first {done} rows and keys of the batch",
                    index + 1
                )),
            })?;
            done += rows;
        }
        Ok(())
    }

    fn rows<I>(mut self, action: &str, primary_key: Option<&str>, rows: I) -> Self
    where
        I: IntoIterator,
        I::Item: LoadRow,
    {
        let mut operation = Operation::new(action, primary_key);
        // All rows of a declared source have the same columns: checking the first is enough.
        let declared = !I::Item::forced_types().is_empty();
        for row in rows {
            let mut outcome = Ok(());
            operation.add(|json| outcome = row.write_row(json));
            if !declared || operation.count() == 1 {
                outcome = outcome.and_then(|()| operation.check_names());
            }
            if let Err(message) = outcome {
                self.problem.get_or_insert(format!("row {}, {message}", operation.count()));
                break;
            }
        }
        self.add(operation);
        self
    }

    fn add(&mut self, operation: Operation) {
        if operation.count() > 0 {
            self.operations.push(operation);
        }
    }
}

impl DataSource {
    /// Sends one call of a batch.
    async fn send_batch(&self, part: Part, deadline: Deadline) -> Result<(), Error> {
        let Part { body, rows } = part;
        let bytes = body.len();
        let span = debug_span!("batch", source = self.uuid(), rows, bytes, status = Empty);
        let sent = async {
            debug!("sending");
            let request = self.session().post(&["api", "data_source", self.uuid(), "batch"], deadline).text(body);
            let mut response = request.sends_rows().send().await.map_err(|error| match error.status() {
                Some(413) => error.advised(&format!(
                    "the batch has {rows} rows and keys in {bytes} bytes, and nothing was applied: send fewer rows, split the batch by \
                     `.max_request_size(bytes)`, or load a file"
                )),
                _ => error,
            })?;
            let body = response.whole().await?;
            let answer: Value = response.parse(&body)?;
            match answer.get("status").and_then(Value::as_str) {
                Some("ok") => Ok(()),
                _ => {
                    let message = server_errors(&answer).unwrap_or_else(|| "the server did not answer `ok`".to_owned());
                    Err(response.rejected(message))
                }
            }
        };
        sent.instrument(span).await
    }
}

/// Prints the number of rows instead of the rows: there may be many.
impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: usize = self.operations.iter().map(|operation| operation.count()).sum();
        f.debug_struct("Batch").field("source", self.source).field("rows", &rows).finish_non_exhaustive()
    }
}
