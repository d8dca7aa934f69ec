//! Templates: the JSON of a query, with a placeholder for each run-time value.

use std::borrow::Cow;

use crate::values::rendered::Rendered;

/// The JSON of a query, with placeholders for its run-time values.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Everything before `where`; the JSON is not closed.
    pub head: Cow<'static, str>,
    /// The conditions of `where`.
    pub conditions: Cow<'static, [Cow<'static, [Part]>]>,
    /// `limit`.
    pub limit: Option<Part>,
}

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Literal text.
    Text(Cow<'static, str>),
    /// The run-time value with this index.
    Value(usize),
}

impl Part {
    /// Text that is known at compile time.
    #[doc(hidden)]
    #[must_use]
    pub const fn text(text: &'static str) -> Part {
        Part::Text(Cow::Borrowed(text))
    }
}

impl Template {
    /// Inserts run-time values into the JSON. Omits a condition or a limit whose optional value is
    /// `None`.
    #[must_use]
    pub fn render(&self, values: &[Rendered]) -> String {
        let mut length = 0;
        self.write_parts(values, |text| length += text.len());
        // One allocation of the exact size: apart from the values, a query allocates nothing else.
        let mut json = String::with_capacity(length);
        self.write_parts(values, |text| json.push_str(text));
        json
    }

    /// Passes the parts of the JSON to `write`, in their order.
    fn write_parts<'a>(&'a self, values: &'a [Rendered], mut write: impl FnMut(&'a str)) {
        let text = |part: &'a Part| rendered_part(part, values);
        write(&self.head);
        let mut before = ",\"where\":[";
        for parts in self.conditions.iter().filter(|parts| parts.iter().all(|part| text(part).is_some())) {
            write(before);
            parts.iter().filter_map(text).for_each(&mut write);
            before = ",";
        }
        if before == "," {
            write("]");
        }
        if let Some(limit) = self.limit.as_ref().and_then(text) {
            write(",\"limit\":");
            write(limit);
        }
        write(Self::TAIL);
    }

    /// Closes the JSON after the last clause.
    pub(crate) const TAIL: &'static str = "}]}";

    /// Returns true if the query has no run-time value, so that its JSON is known at compile time.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        let fixed = |part: &Part| matches!(part, Part::Text(_));
        self.limit.iter().all(fixed) && self.conditions.iter().all(|parts| parts.iter().all(fixed))
    }
}

/// Returns the text of a part; `None` if its optional run-time value is `None`.
fn rendered_part<'a>(part: &'a Part, values: &'a [Rendered]) -> Option<&'a str> {
    match part {
        Part::Text(text) => Some(text),
        Part::Value(index) => values.get(*index)?.text.as_deref(),
    }
}

/// Joins the texts of some parts; `None` if one of their optional run-time values is `None`.
pub(crate) fn rendered_parts(parts: &[Part], values: &[Rendered]) -> Option<String> {
    parts.iter().map(|part| rendered_part(part, values)).collect()
}
