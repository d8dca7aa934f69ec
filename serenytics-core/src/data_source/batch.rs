//! Batches: rows that are inserted, replaced and deleted in one call, all of it or nothing.

use serde_json::Value;
use serenytics_query::source::LoadRow;
use tracing::field::Empty;
use tracing::{Instrument, debug, debug_span};

use crate::data_source::{DataSource, names};
use crate::error::{Error, Kind};
use crate::transport::{Deadline, first_error};

/// What is around the operations of a batch.
const OPEN: &str = r#"{"async":"#;
const OPERATIONS: &str = r#","operations":["#;
const CLOSE: &str = "]}";

/// Changes of a storage's rows that are made in one call; see [`DataSource::batch`].
#[must_use = "nothing is sent before `.send()`"]
pub struct Batch<'s> {
    source: &'s DataSource,
    operations: Vec<Operation>,
    asynchronous: bool,
    largest: Option<usize>,
    /// What is wrong with the first row that cannot be sent.
    problem: Option<String>,
}

/// One operation: what begins it, and its rows or keys as JSON.
struct Operation {
    /// Everything before the rows.
    head: String,
    /// The rows, one after the other.
    rows: String,
    /// Where in `rows` each ends.
    ends: Vec<usize>,
}

impl DataSource {
    /// Inserts rows into the storage: all of them, or none if one of them does not fit.
    ///
    /// The first rows of an empty storage define its columns; later on, columns that it does not have are ignored, and missing ones become
    /// NULL. Rows that are many are loaded faster by [`reload`](Self::reload), which replaces what was there. What else a call can do to rows
    /// is said to a [`batch`](Self::batch).
    ///
    /// # Errors
    /// A source that is no storage, or a row that JSON cannot hold, before anything is sent; a value that does not fit its
    /// column; a server that cannot be reached or refuses.
    pub async fn insert<I>(&self, rows: I) -> Result<(), Error>
    where
        I: IntoIterator,
        I::Item: LoadRow,
    {
        let batch = self.batch().insert(rows);
        batch.send().await
    }

    /// Changes rows of the storage in one call: what is inserted, replaced and deleted is so together, or nothing is.
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
    /// Operations are made in the order in which they stand.
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

    /// Inserts rows; each replaces the row that has the same value in the column `primary_key`, if there is one. Of equal keys in `rows` the
    /// last one stays.
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
                let number = operation.ends.len() + 1;
                self.problem.get_or_insert(format!("key {number}, {key}: a key is a number or a text"));
                break;
            }
            operation.add(|json| json.push_str(&key.to_string()));
        }
        self.add(operation);
        self
    }

    /// Has the server answer at once, before anything is done: nothing tells then whether it was.
    pub fn without_waiting(mut self) -> Self {
        self.asynchronous = true;
        self
    }

    /// Sends the batch in several calls if it has more than this many bytes. Each call is made wholly or not at all, and the batch no longer is:
    /// when one of them fails, the error says how many rows and keys the calls before it made.
    ///
    /// Without this a batch is one call, whatever its size, and a server that finds it too large refuses all of it.
    pub fn split_above(mut self, bytes: usize) -> Self {
        self.largest = Some(bytes);
        self
    }

    /// Sends the batch, and waits until it is done.
    ///
    /// # Errors
    /// A source that is no storage, a row that JSON cannot hold, or a column's name that the warehouse does not take, before anything is sent; a
    /// value that does not fit its column, or a batch that is too large for the server, of which nothing is done then; a server that cannot be
    /// reached or refuses.
    pub async fn send(self) -> Result<(), Error> {
        self.source.check_is_storage()?;
        let unsent = |message| Error::new(Kind::Usage, format!("nothing was sent: {message}"));
        if let Some(problem) = self.problem {
            return Err(unsent(problem));
        }
        let parts = parts(&self.operations, self.asynchronous, self.largest).map_err(unsent)?;
        let deadline = self.source.client().deadline();
        let (count, mut done) = (parts.len(), 0);
        for (index, part) in parts.into_iter().enumerate() {
            let rows = part.rows;
            self.source.send_batch(part, deadline).await.map_err(|error| match index {
                0 => error,
                _ => error.advised(&format!(
                    "this was call {} of {count}: the calls before it made the first {done} rows and keys of the batch",
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
        // All rows of a declared source have the columns of the first.
        let declared = !I::Item::forced_types().is_empty();
        for row in rows {
            let mut outcome = Ok(());
            operation.add(|json| outcome = row.write_row(json));
            if !declared || operation.ends.len() == 1 {
                outcome = outcome.and_then(|()| operation.check_names());
            }
            if let Err(message) = outcome {
                self.problem.get_or_insert(format!("row {}, {message}", operation.ends.len()));
                break;
            }
        }
        self.add(operation);
        self
    }

    fn add(&mut self, operation: Operation) {
        if !operation.ends.is_empty() {
            self.operations.push(operation);
        }
    }
}

impl Operation {
    fn new(action: &str, primary_key: Option<&str>) -> Operation {
        let mut head = format!(r#"{{"action":"{action}","#);
        if let Some(primary_key) = primary_key {
            head.push_str(&format!(r#""primaryKey":{},"#, Value::from(primary_key)));
        }
        head.push_str(r#""rows":["#);
        Operation { head, rows: String::new(), ends: Vec::new() }
    }

    fn add(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.rows);
        self.ends.push(self.rows.len());
    }

    /// The JSON of the row or key with this index.
    fn row(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).map_or("", |end| &self.rows[start..*end])
    }

    /// Checks the names of the last row's columns.
    fn check_names(&self) -> Result<(), String> {
        let row = self.row(self.ends.len().saturating_sub(1));
        let names = FirstKeys(row);
        names.filter_map(|name| names::problem(&name)).next().map_or(Ok(()), Err)
    }
}

/// The keys of a JSON object that was just written, without spaces.
struct FirstKeys<'j>(&'j str);

impl Iterator for FirstKeys<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let rest = self.0.strip_prefix(['{', ','])?;
        let mut reader = serenytics_query::cell::CellReader::new(rest.as_bytes());
        let key = serde_json::from_slice(reader.skip_value().ok()?).ok()?;
        reader.expect(b':').ok()?;
        reader.skip_value().ok()?;
        self.0 = &rest[reader.position()..];
        Some(key)
    }
}

/// The body of a call, and how many rows and keys are in it.
struct Part {
    body: String,
    rows: usize,
}

/// The bodies of the calls that a batch is sent in; the error is a sentence.
fn parts(operations: &[Operation], asynchronous: bool, largest: Option<usize>) -> Result<Vec<Part>, String> {
    let open = format!("{OPEN}{asynchronous}{OPERATIONS}");
    let largest = largest.unwrap_or(usize::MAX);
    let mut parts: Vec<Part> = Vec::new();
    for (number, operation) in operations.iter().enumerate() {
        let mut opened = false;
        for index in 0..operation.ends.len() {
            let row = operation.row(index);
            let added = if opened { 1 } else { 1 + operation.head.len() + 2 } + row.len();
            let room = parts.last().is_some_and(|part| part.body.len() + added + CLOSE.len() + 2 <= largest);
            if !room {
                close(parts.last_mut(), opened);
                let whole = open.len() + operation.head.len() + row.len() + 2 + CLOSE.len();
                if whole > largest {
                    return Err(format!(
                        "row {} of operation {} of the batch needs a call of {whole} bytes, and `split_above` allows {largest}",
                        index + 1,
                        number + 1
                    ));
                }
                parts.push(Part { body: open.clone(), rows: 0 });
                opened = false;
            }
            if let Some(part) = parts.last_mut() {
                if opened {
                    part.body.push(',');
                } else {
                    if part.rows > 0 {
                        part.body.push(',');
                    }
                    part.body.push_str(&operation.head);
                    opened = true;
                }
                part.body.push_str(row);
                part.rows += 1;
            }
        }
        if let Some(part) = parts.last_mut().filter(|_| opened) {
            part.body.push_str("]}");
        }
    }
    close(parts.last_mut(), false);
    Ok(parts)
}

/// Ends the body of a call, and its last operation if that is open.
fn close(part: Option<&mut Part>, opened: bool) {
    if let Some(part) = part {
        if opened {
            part.body.push_str("]}");
        }
        part.body.push_str(CLOSE);
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
            let request = self.client().post(&["api", "data_source", self.uuid(), "batch"], deadline).text(body);
            let mut response = request.send().await.map_err(|error| match error.status() {
                Some(413) => error.advised(&format!(
                    "the batch has {rows} rows and keys in {bytes} bytes, and nothing of it was done: send less at a time, have it split by \
                     `.split_above(bytes)`, or load a file"
                )),
                _ => error,
            })?;
            let body = response.whole().await?;
            let answer: Value = response.parse(&body)?;
            match answer.get("status").and_then(Value::as_str) {
                Some("ok") => Ok(()),
                _ => {
                    let message = first_error(&answer).unwrap_or_else(|| "the server did not say `ok`".to_owned());
                    Err(response.refused(message))
                }
            }
        };
        sent.instrument(span).await
    }
}

/// The rows are not printed: there may be many.
impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: usize = self.operations.iter().map(|operation| operation.ends.len()).sum();
        f.debug_struct("Batch").field("source", self.source).field("rows", &rows).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn operations() -> Vec<Operation> {
        let rows = |action, key, rows: &[Value]| {
            let mut operation = Operation::new(action, key);
            for row in rows {
                operation.add(|json| json.push_str(&row.to_string()));
            }
            operation
        };
        vec![
            rows("insert", None, &[json!({"a": 1, "b": "é\""}), json!({})]),
            rows("insertOrUpdate", Some("a\""), &[json!({"a": 2})]),
            rows("delete", Some("a"), &[json!(3), json!("4"), json!(5)]),
        ]
    }

    fn bodies(largest: Option<usize>) -> Vec<Value> {
        let parts = parts(&operations(), false, largest).unwrap();
        parts
            .iter()
            .map(|part| {
                assert!(largest.is_none_or(|largest| part.body.len() <= largest), "{}", part.body);
                serde_json::from_str(&part.body).unwrap()
            })
            .collect()
    }

    #[test]
    fn a_batch_is_one_body() {
        let whole = json!({
            "async": false,
            "operations": [
                {"action": "insert", "rows": [{"a": 1, "b": "é\""}, {}]},
                {"action": "insertOrUpdate", "primaryKey": "a\"", "rows": [{"a": 2}]},
                {"action": "delete", "primaryKey": "a", "rows": [3, "4", 5]},
            ],
        });
        let whole = [whole];
        assert_eq!(bodies(None), whole);
        assert_eq!(bodies(Some(10_000)), whole);
        assert!(parts(&[], true, None).unwrap().is_empty());
    }

    #[test]
    fn a_batch_that_is_split_has_all_of_its_rows_in_their_order() {
        let rows = |bodies: &[Value]| -> Vec<(Value, Value, Value)> {
            let operations = bodies.iter().flat_map(|body| body["operations"].as_array().unwrap());
            operations
                .flat_map(|operation| {
                    let rows = operation["rows"].as_array().unwrap();
                    let row = |row: &Value| (operation["action"].clone(), operation["primaryKey"].clone(), row.clone());
                    rows.iter().map(row).collect::<Vec<_>>()
                })
                .collect()
        };
        let expected = rows(&bodies(None));
        assert_eq!(expected.len(), 6);
        let mut most = 0;
        for largest in 110..400 {
            let split = bodies(Some(largest));
            assert_eq!(rows(&split), expected, "{largest}");
            most = most.max(split.len());
        }
        assert!(most >= 3, "{most}");
        assert!(
            parts(&operations(), false, Some(20))
                .err()
                .unwrap()
                .contains("row 1 of operation 1 of the batch needs a call of")
        );
    }

    #[test]
    fn names_are_those_of_the_row_itself() {
        let names: Vec<_> = FirstKeys(r#"{"a":{"B":[1,"x,"]},"é\"":"}","c":null}"#).collect();
        assert_eq!(names, ["a", "é\"", "c"]);
        assert_eq!(FirstKeys("{}").next(), None);
    }
}
