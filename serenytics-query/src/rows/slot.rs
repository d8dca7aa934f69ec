//! The value of a time slot: a cell of `month(date)`.

use std::fmt;

use serde::Serialize;

use crate::values::datetime::{self, DateTime};

/// The value of a time slot, in the form that the server sent.
///
/// The embedded engine returns the start of the slot, and for `weekday` a number from 1 (Monday) to
/// 7 (Sunday). The form that the hosted platform returns is not documented, so every likely form is
/// read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum SlotValue {
    /// The start of the slot.
    Start(DateTime),
    /// A number: a weekday, a year.
    Number(i64),
    /// A string that is not a datetime: `2013-Q1`.
    Text(String),
}

impl SlotValue {
    /// Returns the start of the slot, if the server sent it.
    #[must_use]
    pub fn start(&self) -> Option<DateTime> {
        match self {
            SlotValue::Start(start) => Some(*start),
            _ => None,
        }
    }

    /// Returns the slot's number, if the server sent one.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match self {
            SlotValue::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Reads a string of a response: a datetime, a number in quotes, or any other string.
    pub(crate) fn from_text(text: &str) -> Option<SlotValue> {
        Some(if let Ok(number) = text.parse() {
            SlotValue::Number(number)
        } else if let Ok(start) = datetime::parse(text) {
            SlotValue::Start(start)
        } else {
            SlotValue::Text(text.to_owned())
        })
    }
}

impl fmt::Display for SlotValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SlotValue::Start(start) if start.time() == jiff::civil::Time::midnight() => start.date().fmt(f),
            SlotValue::Start(start) => start.fmt(f),
            SlotValue::Number(number) => number.fmt(f),
            SlotValue::Text(text) => f.pad(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_serialize_in_the_form_they_were_read() {
        let slots = ["2024-01-01T00:00:00", "2013-Q1", "7"].map(SlotValue::from_text);
        let json = serde_json::to_string(&slots).unwrap();
        assert_eq!(json, r#"["2024-01-01T00:00:00","2013-Q1",7]"#);
    }
}
