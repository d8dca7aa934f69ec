//! A checked query: a value that holds its JSON, the shape of its rows, and the reader that fills them.

use std::borrow::Cow;
use std::fmt;

use crate::cell::{CellError, CellReader};
use crate::problem::Problem;
use crate::rendered::Rendered;
use crate::schema::SourceRef;
use crate::shape::{OutputColumn, Shape};

/// Reads a row's cells, in the order of the query's [`Shape`].
pub type ReadRow<R> = for<'a, 'b> fn(&'b mut CellReader<'a>) -> Result<R, CellError>;

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

/// A query that was checked against the schema of its source, whose rows are `R`.
///
/// Made by `query!`. It is a value: it can be kept, sent more than once, printed, and looked into.
pub struct Query<R> {
    source: SourceRef,
    json: Cow<'static, str>,
    shape: Shape,
    read: ReadRow<R>,
    /// The wire names of the measures that the query names, whose uuids the client puts beside them.
    measures: Measures,
    problems: Vec<Problem>,
}

/// The wire names of some measures.
pub type Measures = Cow<'static, [Cow<'static, str>]>;

impl<R> Query<R> {
    /// A query without run-time values; allocates nothing.
    #[doc(hidden)]
    #[must_use]
    pub const fn fixed(
        source: SourceRef,
        json: &'static str,
        shape: Shape,
        read: ReadRow<R>,
        measures: Measures,
    ) -> Query<R> {
        Query { source, json: Cow::Borrowed(json), shape, read, measures, problems: Vec::new() }
    }

    /// A query with run-time values.
    #[doc(hidden)]
    #[must_use]
    pub fn with_values(
        source: SourceRef,
        template: &Template,
        values: &[Rendered],
        shape: Shape,
        read: ReadRow<R>,
        measures: Measures,
    ) -> Query<R> {
        let problems = values.iter().flat_map(|value| value.problems.iter().cloned()).collect();
        let mut measures = measures;
        for measure in values.iter().flat_map(|value| &value.measures) {
            if !measures.contains(measure) {
                measures.to_mut().push(measure.clone());
            }
        }
        Query { source, json: Cow::Owned(template.render(values)), shape, read, measures, problems }
    }

    /// A query that the run wrote.
    pub(crate) fn owned(
        source: SourceRef,
        json: String,
        shape: Shape,
        read: ReadRow<R>,
        measures: Measures,
    ) -> Query<R> {
        Query { source, json: Cow::Owned(json), shape, read, measures, problems: Vec::new() }
    }

    /// The source that the query was written for.
    #[must_use]
    pub fn source(&self) -> &SourceRef {
        &self.source
    }

    /// The JSON that is sent: the body of `POST /api/formatted_data/{uuid}`, on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.json.clone().into_owned()
    }

    /// The same JSON, borrowed.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// The columns of the rows.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The wire names of the measures that the query names. [`to_json`](Self::to_json) has no `measureUuid` beside them: the client puts it
    /// there, from the source's configuration.
    #[must_use]
    pub fn measures(&self) -> &[Cow<'static, str>] {
        &self.measures
    }

    /// What the query does and what its rows hold, to be read: the source, the JSON over several lines, and a line for each column of the
    /// result with its name, what it is, its type and whether it may be NULL.
    #[must_use]
    pub fn explain(&self) -> String {
        let mut text = format!("{}\n{self}\n", self.source);
        for OutputColumn { name, origin, output_type, nullable, .. } in &*self.shape {
            let null = if *nullable { ", or NULL" } else { "" };
            text.push_str(&format!("{name}: {origin}, {output_type}{null}\n"));
        }
        text.extend(self.problems.iter().map(|problem| format!("problem: {problem}\n")));
        text
    }

    /// What only the run could find wrong: a value that is `NaN`, a limit of 0. A query with a problem is not sent.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The reader of a row's cells.
    #[doc(hidden)]
    #[must_use]
    pub fn reader(&self) -> ReadRow<R> {
        self.read
    }
}

impl<R> Clone for Query<R> {
    fn clone(&self) -> Self {
        Query {
            source: self.source.clone(),
            json: self.json.clone(),
            shape: self.shape.clone(),
            read: self.read,
            measures: self.measures.clone(),
            problems: self.problems.clone(),
        }
    }
}

impl<R> fmt::Debug for Query<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("source", &self.source)
            .field("json", &self.json)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

/// The JSON over several lines, to be read.
impl<R> fmt::Display for Query<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value: crate::wire::Pipeline = serde_json::from_str(&self.json).map_err(|_| fmt::Error)?;
        f.write_str(&serde_json::to_string_pretty(&value).map_err(|_| fmt::Error)?)
    }
}
