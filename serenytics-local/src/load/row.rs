//! JSON rows: objects whose fields keep their order, which decides the order of a new storage's columns.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use serenytics_query::exact;

/// An element of a batch's `rows`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum BatchRow {
    /// A row.
    Object(Vec<(String, Value)>),
    /// The key of a row to delete.
    Scalar(Value),
}

impl<'de> Deserialize<'de> for BatchRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<BatchRow, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        if !raw.get().starts_with('{') {
            return exact::value(raw).map(BatchRow::Scalar).map_err(D::Error::custom);
        }
        let Fields(fields) = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        Ok(BatchRow::Object(fields))
    }
}

/// The fields of an object, in their order.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row, as an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, raw)) = map.next_entry::<String, &RawValue>()? {
            fields.push((name, exact::value(raw).map_err(A::Error::custom)?));
        }
        Ok(Fields(fields))
    }
}
