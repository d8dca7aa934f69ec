//! The operations of a batch as JSON, in the bodies of one or more calls.

use serde_json::Value;

use crate::data_source::names;

/// The JSON around the operations of a batch.
const OPEN: &str = r#"{"async":"#;
const OPERATIONS: &str = r#","operations":["#;
const CLOSE: &str = "]}";

/// One operation: its JSON up to the rows, and its rows or keys as JSON.
pub(super) struct Operation {
    /// Everything before the rows.
    head: String,
    /// The rows, one after another.
    rows: String,
    /// The end of each row in `rows`.
    ends: Vec<usize>,
}

impl Operation {
    pub(super) fn new(action: &str, primary_key: Option<&str>) -> Operation {
        let mut head = format!(r#"{{"action":"{action}","#);
        if let Some(primary_key) = primary_key {
            head.push_str(&format!(r#""primaryKey":{},"#, Value::from(primary_key)));
        }
        head.push_str(r#""rows":["#);
        Operation { head, rows: String::new(), ends: Vec::new() }
    }

    pub(super) fn add(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.rows);
        self.ends.push(self.rows.len());
    }

    /// Returns the number of rows or keys.
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Returns the JSON of the row or key with this index.
    fn row(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).map_or("", |end| &self.rows[start..*end])
    }

    /// Checks the column names of the last row.
    pub(super) fn check_names(&self) -> Result<(), String> {
        let row = self.row(self.count().saturating_sub(1));
        let names = FirstKeys(row);
        names.filter_map(|name| names::problem(&name)).next().map_or(Ok(()), Err)
    }
}

/// The keys of a JSON object, written without spaces.
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

/// The body of a call, and the number of rows and keys in it.
pub(super) struct Part {
    pub(super) body: String,
    pub(super) rows: usize,
}

/// Returns the bodies of the calls that send a batch. The error is a sentence.
pub(super) fn parts(operations: &[Operation], asynchronous: bool, largest: Option<usize>) -> Result<Vec<Part>, String> {
    let open = format!("{OPEN}{asynchronous}{OPERATIONS}");
    let largest = largest.unwrap_or(usize::MAX);
    let mut parts: Vec<Part> = Vec::new();
    for (number, operation) in operations.iter().enumerate() {
        let mut opened = false;
        for index in 0..operation.count() {
            let row = operation.row(index);
            let added = if opened { 1 } else { 1 + operation.head.len() + 2 } + row.len();
            let room = parts.last().is_some_and(|part| part.body.len() + added + CLOSE.len() + 2 <= largest);
            if !room {
                close(parts.last_mut(), opened);
                let whole = open.len() + operation.head.len() + row.len() + 2 + CLOSE.len();
                if whole > largest {
                    return Err(format!(
                        "row {} of operation {} of the batch needs a call of {whole} bytes, but `max_request_size` allows {largest}",
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

/// Ends the body of a call, and its last operation if it is open.
fn close(part: Option<&mut Part>, opened: bool) {
    if let Some(part) = part {
        if opened {
            part.body.push_str("]}");
        }
        part.body.push_str(CLOSE);
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
    fn batch_is_one_body_by_default() {
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
    fn split_batch_keeps_all_rows_in_order() {
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
    fn first_keys_skip_nested_objects() {
        let names: Vec<_> = FirstKeys(r#"{"a":{"B":[1,"x,"]},"é\"":"}","c":null}"#).collect();
        assert_eq!(names, ["a", "é\"", "c"]);
        assert_eq!(FirstKeys("{}").next(), None);
    }
}
