//! Bounds of the integers in a data file, from the statistics in the table's log.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// For each integer column with statistics: the largest absolute value.
#[derive(Debug, Default)]
pub(super) struct IntBounds {
    largest: HashMap<String, u64>,
}

/// The statistics of a file in the log.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    #[serde(default)]
    min_values: Map<String, Value>,
    #[serde(default)]
    max_values: Map<String, Value>,
}

impl IntBounds {
    /// Reads the bounds from a file's statistics.
    pub(super) fn of(statistics: Option<&str>) -> IntBounds {
        let Some(read) = statistics.and_then(|text| serde_json::from_str::<Statistics>(text).ok()) else {
            return IntBounds::default();
        };
        let bound = |(name, min): (String, Value)| {
            let (min, max) = (min.as_i64()?, read.max_values.get(&name)?.as_i64()?);
            Some((name, min.unsigned_abs().max(max.unsigned_abs())))
        };
        IntBounds { largest: read.min_values.into_iter().filter_map(bound).collect() }
    }

    /// Returns the largest absolute value of a column's integers. `None` if it is unknown.
    pub(super) fn largest(&self, column: &str) -> Option<u64> {
        self.largest.get(column).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_absolute_value_is_read_from_statistics() {
        let statistics = r#"{"numRecords": 2, "minValues": {"a": -7, "b": "x", "c": 1.5, "d": -9223372036854775808},
            "maxValues": {"a": 3, "b": "y", "c": 2.5, "d": 0}, "nullCount": {"a": 0}}"#;
        let bounds = IntBounds::of(Some(statistics));
        assert_eq!(bounds.largest("a"), Some(7));
        assert_eq!(bounds.largest("b"), None);
        assert_eq!(bounds.largest("c"), None);
        assert_eq!(bounds.largest("d"), Some(1 << 63));
        assert_eq!(IntBounds::of(None).largest("a"), None);
        assert_eq!(IntBounds::of(Some("nonsense")).largest("a"), None);
    }
}
