//! The JSON of a query, with a gap for each run-time value.

use std::borrow::Cow;

use crate::values::rendered::Rendered;

/// The JSON of a query with places for its run-time values.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Everything before `where`, open at its end.
    pub head: Cow<'static, str>,
    /// The conditions of `where`.
    pub conditions: Cow<'static, [Cow<'static, [Part]>]>,
    /// `limit`.
    pub limit: Option<Part>,
}

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text as it stands.
    Text(Cow<'static, str>),
    /// The run-time value with this index.
    Value(usize),
}

impl Part {
    /// A text that is known while the program compiles.
    #[doc(hidden)]
    #[must_use]
    pub const fn text(text: &'static str) -> Part {
        Part::Text(Cow::Borrowed(text))
    }
}

impl Template {
    /// The JSON with these run-time values. A condition or limit whose value is left out is left out with it.
    #[must_use]
    pub fn render(&self, values: &[Rendered]) -> String {
        let mut length = 0;
        self.pieces(values, |piece| length += piece.len());
        // Of its size from the start: with values, this is all that a query allocates besides them.
        let mut json = String::with_capacity(length);
        self.pieces(values, |piece| json.push_str(piece));
        json
    }

    /// The pieces of the JSON, one after the other.
    fn pieces<'a>(&'a self, values: &'a [Rendered], mut write: impl FnMut(&'a str)) {
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

    /// What closes the JSON behind the last clause.
    pub(crate) const TAIL: &'static str = "}]}";

    /// Whether the query has no run-time value, so that its JSON is known while the program compiles.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        let fixed = |part: &Part| matches!(part, Part::Text(_));
        self.limit.iter().all(fixed) && self.conditions.iter().all(|parts| parts.iter().all(fixed))
    }
}

/// A part with its run-time value; `None` if that is left out.
fn rendered_part<'a>(part: &'a Part, values: &'a [Rendered]) -> Option<&'a str> {
    match part {
        Part::Text(text) => Some(text),
        Part::Value(index) => values.get(*index)?.text.as_deref(),
    }
}

/// Parts with their run-time values; `None` if one of those is left out.
pub(crate) fn rendered_parts(parts: &[Part], values: &[Rendered]) -> Option<String> {
    parts.iter().map(|part| rendered_part(part, values)).collect()
}
