//! JSON rows: objects that keep the order of their fields, because it becomes the order of new
//! columns.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// An element of a batch's `rows`.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonRow {
    /// A row: its fields in order.
    Object(Vec<(String, Value)>),
    /// The primary key of a row to delete.
    Scalar(Value),
}

impl<'de> Deserialize<'de> for JsonRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<JsonRow, D::Error> {
        // The fields of a newtype are the user's columns: a reader of unknown fields does not look at them.
        deserializer.deserialize_newtype_struct("JsonRow", RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = JsonRow;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row as an object, or the primary key of a row")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<JsonRow, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonRow, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        // The list grows by doubling, and there may be millions of rows: free the unused memory.
        fields.shrink_to_fit();
        Ok(JsonRow::Object(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<JsonRow, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(JsonRow::Scalar(Value::Array(values)))
    }

    fn visit_str<E>(self, text: &str) -> Result<JsonRow, E> {
        Ok(JsonRow::Scalar(text.into()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<JsonRow, E> {
        Ok(JsonRow::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<JsonRow, E> {
        Ok(JsonRow::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<JsonRow, E> {
        Ok(JsonRow::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<JsonRow, E> {
        Ok(JsonRow::Scalar(value.into()))
    }

    fn visit_unit<E>(self) -> Result<JsonRow, E> {
        Ok(JsonRow::Scalar(Value::Null))
    }
}
