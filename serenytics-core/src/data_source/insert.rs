//! Inserting rows into a storage, all of them or none.

use serde_json::Value;
use serenytics_query::source::LoadRow;
use tracing::debug;

use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::transport::first_error;

impl DataSource {
    /// Inserts rows into the storage: all of them, or none if one of them does not fit.
    ///
    /// A row is a value of a type that derives `Source`, or a [`serde_json::Map`]. The first rows of an empty storage
    /// define its columns; later on, columns that it does not have are ignored, and missing ones become NULL. Rows that
    /// are many belong into a file: see [`reload_from_csv`](Self::reload_from_csv).
    ///
    /// # Errors
    /// A source that is no storage, or a row that JSON cannot hold, before anything is sent; a value that does not fit its
    /// column; a server that cannot be reached or refuses.
    pub async fn insert<I>(&self, rows: I) -> Result<(), Error>
    where
        I: IntoIterator,
        I::Item: LoadRow,
    {
        self.check_is_storage()?;
        let (count, body) = insert_body(rows)?;
        if count == 0 {
            return Ok(());
        }
        self.batch(count, body).await
    }

    /// Sends a batch.
    async fn batch(&self, rows: usize, body: String) -> Result<(), Error> {
        debug!(source = self.uuid(), rows, bytes = body.len(), "sending a batch");
        let client = self.client();
        let request = client.post(&["api", "data_source", self.uuid(), "batch"], client.deadline()).text(body);
        let mut response = request.send().await?;
        let body = response.whole().await?;
        let answer: Value = response.parse(&body)?;
        match answer.get("status").and_then(Value::as_str) {
            Some("ok") => Ok(()),
            _ => {
                let message = first_error(&answer).unwrap_or_else(|| "the server did not say `ok`".to_owned());
                Err(response.refused(message))
            }
        }
    }
}

/// The body of a batch that inserts rows, and their number.
fn insert_body<I>(rows: I) -> Result<(usize, String), Error>
where
    I: IntoIterator,
    I::Item: LoadRow,
{
    let mut body = r#"{"async":false,"operations":[{"action":"insert","rows":["#.to_owned();
    let mut count = 0;
    for row in rows {
        if count > 0 {
            body.push(',');
        }
        count += 1;
        row.write_row(&mut body)
            .map_err(|message| Error::new(Kind::Usage, format!("nothing was sent: row {count}, {message}")))?;
    }
    body.push_str("]}]}");
    Ok((count, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_into_one_batch() {
        let row = |value: Value| value.as_object().cloned().unwrap();
        let rows = vec![row(serde_json::json!({"a": 1, "b": "é\""})), row(serde_json::json!({}))];
        let (count, body) = insert_body(rows).unwrap();
        assert_eq!(count, 2);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "async": false,
                "operations": [{ "action": "insert", "rows": [{"a": 1, "b": "é\""}, {}] }],
            })
        );
    }

    struct Bad;

    impl LoadRow for Bad {
        fn write_row(&self, _: &mut String) -> Result<(), String> {
            Err("column `price`: NaN is no number".to_owned())
        }
    }

    #[test]
    fn a_row_that_cannot_be_written_is_named() {
        let error = insert_body([Bad]).unwrap_err().to_string();
        assert_eq!(error, "nothing was sent: row 1, column `price`: NaN is no number");
    }
}
