//! A checked query: a value that holds its JSON, the shape of its rows, and the reader that fills them.

mod from_pipeline;

use std::borrow::Cow;
use std::fmt;

pub use crate::lower::template::{Part, Template};
use crate::rows::cell::{CellError, CellReader};
use crate::rows::shape::{OutputColumn, Shape};
use crate::schemas::schema::SourceRef;
use crate::syntax::problem::Problem;
use crate::values::rendered::Rendered;

/// Reads a row's cells, in the order of the query's [`Shape`].
pub type ReadRow<R> = for<'a, 'b> fn(&'b mut CellReader<'a>) -> Result<R, CellError>;

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
