//! The statistics of a data file in the table's log: its number of rows, and the bounds of its integers.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// For each integer column with statistics: the largest absolute value.
#[derive(Debug, Default)]
pub(super) struct IntBounds {
    largest: HashMap<String, u64>,
}

/// The statistics of a file in the log. They are parsed here, because the Delta kernel ignores the statistics of a file
/// whose columns have other types than the table.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Statistics {
    num_records: Option<u64>,
    #[serde(default)]
    min_values: Map<String, Value>,
    #[serde(default)]
    max_values: Map<String, Value>,
}

impl Statistics {
    /// Parses the statistics of a file. Without valid statistics, all of them are unknown.
    pub(super) fn parse(text: Option<&str>) -> Statistics {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Returns the number of rows.
    pub(super) fn rows(&self) -> Option<u64> {
        self.num_records
    }

    /// Returns the bounds of the integers.
    pub(super) fn bounds(&self) -> IntBounds {
        let bound = |(name, min): (&String, &Value)| {
            let (min, max) = (min.as_i64()?, self.max_values.get(name)?.as_i64()?);
            Some((name.clone(), min.unsigned_abs().max(max.unsigned_abs())))
        };
        IntBounds { largest: self.min_values.iter().filter_map(bound).collect() }
    }
}

impl IntBounds {
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
        let statistics = Statistics::parse(Some(statistics));
        assert_eq!(statistics.rows(), Some(2));
        let bounds = statistics.bounds();
        assert_eq!(bounds.largest("a"), Some(7));
        assert_eq!(bounds.largest("b"), None);
        assert_eq!(bounds.largest("c"), None);
        assert_eq!(bounds.largest("d"), Some(1 << 63));
        for unknown in [None, Some("nonsense")] {
            let statistics = Statistics::parse(unknown);
            assert_eq!((statistics.rows(), statistics.bounds().largest("a")), (None, None));
        }
    }
}
