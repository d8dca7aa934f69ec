//! Rows to load: how a value becomes the JSON object of a batch, or the fields of a file.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::source::serde_row::SerdeRow;
use crate::source::{Source, stored_types};
use crate::syntax::vocabulary::ColumnType;
use crate::values::value::{ToWire, WireValue, quoted};

/// A row that can be loaded into a storage.
///
/// | a row is | its columns are |
/// | --- | --- |
/// | a value of a struct that derives `Source` | the declared ones, with their types |
/// | a [`serde_json::Map`], or a [`serde_json::Value`] that is an object | its keys |
/// | a `BTreeMap` or `HashMap` from `String` or `&str` to what serde serializes | its keys |
/// | a [`SerdeRow`] of any struct that derives `Serialize` | its fields |
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row that can be loaded [SRN054]",
    label = "not a row",
    note = "add `#[derive(Source)]` to the struct, wrap one that derives `Serialize` in `SerdeRow`, or use a `serde_json::Map`"
)]
pub trait LoadRow {
    /// Writes the row as a JSON object at the end of `json`.
    ///
    /// # Errors
    /// A description of a cell that JSON cannot contain.
    fn write_row(&self, json: &mut String) -> Result<(), String>;

    /// Writes the row's cells one by one, for a file. The default writes the cells of the row's
    /// JSON object.
    ///
    /// # Errors
    /// A description of a cell that a column cannot contain.
    fn write_fields(&self, fields: &mut Fields) -> Result<(), String> {
        let mut json = String::new();
        self.write_row(&mut json)?;
        let row: Map<String, Value> =
            serde_json::from_str(&json).map_err(|error| format!("not a valid row: {error}"))?;
        row.write_fields(fields)
    }

    /// The types of the columns, by wire name; the server infers the types if this is empty.
    #[must_use]
    fn forced_types() -> Vec<(String, ColumnType)>
    where
        Self: Sized,
    {
        Vec::new()
    }
}

/// A cell of a row to load.
#[derive(Debug, Clone, PartialEq)]
pub enum LoadCell {
    /// NULL.
    Null,
    /// A number, as JSON writes it.
    Number(String),
    /// A string or a datetime.
    Text(String),
    /// `true` or `false`, which the warehouse stores as text.
    Bool(bool),
}

/// The cells of a row to load, each with the name of its column.
#[derive(Debug, Default)]
pub struct Fields {
    cells: Vec<(String, LoadCell)>,
    /// The number of cells of this row; the names of earlier rows are reused.
    used: usize,
}

impl Fields {
    /// Removes the cells, for another row.
    pub fn clear(&mut self) {
        self.used = 0;
    }

    /// Adds a cell.
    pub fn push(&mut self, name: &str, cell: LoadCell) {
        match self.cells.get_mut(self.used) {
            Some((known, old)) => {
                if known != name {
                    known.clear();
                    known.push_str(name);
                }
                *old = cell;
            }
            None => self.cells.push((name.to_owned(), cell)),
        }
        self.used += 1;
    }

    /// The cells.
    #[must_use]
    pub fn cells(&self) -> &[(String, LoadCell)] {
        &self.cells[..self.used]
    }

    /// Adds the value of a JSON object.
    fn push_json(&mut self, name: &str, value: &Value) -> Result<(), String> {
        let cell = match value {
            Value::Null => LoadCell::Null,
            Value::Bool(value) => LoadCell::Bool(*value),
            Value::Number(number) => LoadCell::Number(number.to_string()),
            Value::String(text) => LoadCell::Text(text.clone()),
            Value::Array(_) => return Err(format!("column `{name}`: a list is not a valid cell")),
            Value::Object(_) => return Err(format!("column `{name}`: an object is not a valid cell")),
        };
        self.push(name, cell);
        Ok(())
    }

    /// Writes the cells as a JSON object at the end of `json`.
    pub(crate) fn write_json(&self, json: &mut String) {
        json.push('{');
        for (index, (name, cell)) in self.cells().iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            json.push_str(&quoted(name));
            json.push(':');
            match cell {
                LoadCell::Null => json.push_str("null"),
                LoadCell::Number(number) => json.push_str(number),
                LoadCell::Text(text) => json.push_str(&quoted(text)),
                LoadCell::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
            }
        }
        json.push('}');
    }
}

/// A struct with a field for each column of its source, whose values are rows. Derived with
/// [`Source`], except for a source whose columns a file declares.
#[doc(hidden)]
pub trait SourceRow {
    /// The source.
    type Source: Source;

    /// Writes the value's cells.
    fn write_cells(&self, row: &mut RowWriter);
}

impl<R: SourceRow> SourceRow for &R {
    type Source = R::Source;

    fn write_cells(&self, row: &mut RowWriter) {
        (**self).write_cells(row);
    }
}

impl<R: SourceRow> LoadRow for R {
    fn write_row(&self, json: &mut String) -> Result<(), String> {
        let mut row = RowWriter { target: Target::Json { json: std::mem::take(json), cells: 0 }, problem: None };
        row.open();
        self.write_cells(&mut row);
        if let Target::Json { json: written, .. } = row.target {
            *json = written;
            json.push('}');
        }
        row.problem.map_or(Ok(()), Err)
    }

    fn write_fields(&self, fields: &mut Fields) -> Result<(), String> {
        let mut row = RowWriter { target: Target::Fields(std::mem::take(fields)), problem: None };
        self.write_cells(&mut row);
        if let Target::Fields(written) = row.target {
            *fields = written;
        }
        row.problem.map_or(Ok(()), Err)
    }

    fn forced_types() -> Vec<(String, ColumnType)> {
        stored_types::<R::Source>()
    }
}

/// Where the cells of a row are written to.
#[derive(Debug)]
enum Target {
    /// A JSON object, open at its end.
    Json { json: String, cells: usize },
    /// The fields of a file.
    Fields(Fields),
}

/// Writes the cells of a row.
#[derive(Debug)]
pub struct RowWriter {
    target: Target,
    problem: Option<String>,
}

impl RowWriter {
    fn open(&mut self) {
        if let Target::Json { json, .. } = &mut self.target {
            json.push('{');
        }
    }

    /// Writes a cell under its column's wire name; `None` is NULL.
    pub fn cell(&mut self, wire: &str, value: Option<ToWire>) {
        let value = value.transpose().unwrap_or_else(|message| {
            self.problem.get_or_insert(format!("column `{wire}`: {message}"));
            None
        });
        match &mut self.target {
            Target::Json { json, cells } => {
                if *cells > 0 {
                    json.push(',');
                }
                *cells += 1;
                json.push_str(&quoted(wire));
                json.push(':');
                match value {
                    Some(value) => json.push_str(&value.element()),
                    None => json.push_str("null"),
                }
            }
            Target::Fields(fields) => fields.push(
                wire,
                match value {
                    Some(WireValue::Number(number)) => LoadCell::Number(number),
                    Some(WireValue::Text(text)) => LoadCell::Text(text),
                    None => LoadCell::Null,
                },
            ),
        }
    }
}

impl LoadRow for Map<String, Value> {
    fn write_row(&self, json: &mut String) -> Result<(), String> {
        json.push_str(&serde_json::to_string(self).map_err(|error| error.to_string())?);
        Ok(())
    }

    fn write_fields(&self, fields: &mut Fields) -> Result<(), String> {
        self.iter().try_for_each(|(name, value)| fields.push_json(name, value))
    }
}

impl LoadRow for Value {
    fn write_row(&self, json: &mut String) -> Result<(), String> {
        object(self)?.write_row(json)
    }

    fn write_fields(&self, fields: &mut Fields) -> Result<(), String> {
        object(self)?.write_fields(fields)
    }
}

fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    value.as_object().ok_or_else(|| "a row must be a JSON object: {\"column\": value}".to_owned())
}

/// Rows that are maps of what serde serializes, and references to rows.
macro_rules! rows {
    ($([$($generics:tt)*] $type:ty, $as:ident => $row:expr;)+) => {$(
        impl<$($generics)*> LoadRow for $type {
            fn write_row(&self, json: &mut String) -> Result<(), String> {
                let $as = self;
                $row.write_row(json)
            }

            fn write_fields(&self, fields: &mut Fields) -> Result<(), String> {
                let $as = self;
                $row.write_fields(fields)
            }
        }
    )+};
}

rows! {
    [] &Map<String, Value>, row => **row;
    [] &Value, row => **row;
    [K: Borrow<str> + Serialize + Ord, V: Serialize] BTreeMap<K, V>, row => SerdeRow(row);
    [K: Borrow<str> + Serialize + Ord, V: Serialize] &BTreeMap<K, V>, row => SerdeRow(row);
    [K: Borrow<str> + Serialize + Eq + std::hash::Hash, V: Serialize, H: BuildHasher] HashMap<K, V, H>, row => SerdeRow(row);
    [K: Borrow<str> + Serialize + Eq + std::hash::Hash, V: Serialize, H: BuildHasher] &HashMap<K, V, H>, row => SerdeRow(row);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn both(row: &impl LoadRow) -> (String, Vec<(String, LoadCell)>) {
        let (mut json, mut fields) = (String::new(), Fields::default());
        row.write_row(&mut json).unwrap();
        row.write_fields(&mut fields).unwrap();
        (json, fields.cells().to_vec())
    }

    #[test]
    fn maps_and_objects_are_rows() {
        let value = json!({"a": 1, "b": null, "c": "é\"", "d": true, "e": 1.5});
        let map = value.as_object().unwrap();
        let expected = both(map);
        assert_eq!(expected.0, r#"{"a":1,"b":null,"c":"é\"","d":true,"e":1.5}"#);
        assert_eq!(expected.1[2], ("c".to_owned(), LoadCell::Text("é\"".to_owned())));
        assert_eq!(both(&map), expected);
        assert_eq!(both(&value), expected);
        assert_eq!(both(&&value), expected);
        let tree: BTreeMap<&str, Value> = map.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        assert_eq!(both(&tree), expected);
        assert_eq!(both(&HashMap::from([("a", 1)])), (r#"{"a":1}"#.to_owned(), expected.1[..1].to_vec()));
    }

    #[test]
    fn invalid_rows_and_cells_are_rejected() {
        let mut fields = Fields::default();
        assert!(json!([1]).write_row(&mut String::new()).unwrap_err().contains("a row must be a JSON object"));
        assert_eq!(json!({"a": [1]}).write_fields(&mut fields).unwrap_err(), "column `a`: a list is not a valid cell");
        assert_eq!(
            json!({"a": {}}).write_fields(&mut fields).unwrap_err(),
            "column `a`: an object is not a valid cell"
        );
    }

    #[test]
    fn fields_are_reused_between_rows() {
        let mut fields = Fields::default();
        json!({"a": 1, "b": 2}).write_fields(&mut fields).unwrap();
        fields.clear();
        json!({"c": 3}).write_fields(&mut fields).unwrap();
        assert_eq!(fields.cells(), [("c".to_owned(), LoadCell::Number("3".to_owned()))]);
    }
}
