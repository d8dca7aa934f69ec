//! A checked query: its JSON, the shape of its rows, and the function that reads them.

mod from_pipeline;
mod from_text;
mod pipeline_json;

use std::borrow::Cow;
use std::fmt;

pub use self::from_text::{Parameters, TextProblem, TextQuery, TextSource};
pub use crate::lower::template::{Part, Template};
use crate::rows::cell::{CellError, CellReader};
use crate::rows::shape::{OutputColumn, Shape};
use crate::schemas::schema::SourceRef;
use crate::syntax::problem::Problem;
use crate::values::rendered::Rendered;

/// Reads a row's cells, in the order of the query's [`Shape`].
pub type ReadRow<R> = for<'a, 'b> fn(&'b mut CellReader<'a>) -> Result<R, CellError>;

/// A query that is checked against the schema of its source, with rows of type `R`.
///
/// Created by `query!`. A query is a value: it can be stored, sent more than once, printed and
/// inspected.
pub struct Query<R> {
    source: SourceRef,
    json: Cow<'static, str>,
    shape: Shape,
    read: ReadRow<R>,
    /// The wire names of the measures that the query uses. The client adds their uuids.
    measures: Measures,
    problems: Vec<Problem>,
}

/// The wire names of some measures.
pub type Measures = Cow<'static, [Cow<'static, str>]>;

/// A query without its run-time values. The expansion of `query!` evaluates the values outside of
/// the block that declares the row.
#[doc(hidden)]
pub struct Unrendered<'t, R> {
    source: SourceRef,
    template: &'t Template,
    shape: Shape,
    read: ReadRow<R>,
    measures: Measures,
}

impl<'t, R> Unrendered<'t, R> {
    /// The parts of the query.
    #[must_use]
    pub const fn new(
        source: SourceRef,
        template: &'t Template,
        shape: Shape,
        read: ReadRow<R>,
        measures: Measures,
    ) -> Unrendered<'t, R> {
        Unrendered { source, template, shape, read, measures }
    }
}

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
    pub fn with_values(values: &[Rendered], query: Unrendered<'_, R>) -> Query<R> {
        let problems = values.iter().flat_map(|value| value.problems.iter().cloned()).collect();
        let Unrendered { source, template, shape, read, mut measures } = query;
        for measure in values.iter().flat_map(|value| &value.measures) {
            if !measures.contains(measure) {
                measures.to_mut().push(measure.clone());
            }
        }
        Query { source, json: Cow::Owned(template.render(values)), shape, read, measures, problems }
    }

    /// A query that was built at run time.
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

    /// The wire names of the measures that the query uses. [`to_json`](Self::to_json) does not
    /// contain their `measureUuid`: the client adds it from the source's configuration.
    #[must_use]
    pub fn measures(&self) -> &[Cow<'static, str>] {
        &self.measures
    }

    /// Describes the query for a human reader: the source, the indented JSON, and one line for each
    /// column of the result with its name, origin, type and whether it may be NULL.
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

    /// The problems of the query's run-time values, such as `NaN` or a limit of 0. The client does
    /// not send a query with a problem.
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

/// Writes the indented JSON.
impl<R> fmt::Display for Query<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value: crate::wire::Pipeline = serde_json::from_str(&self.json).map_err(|_| fmt::Error)?;
        f.write_str(&serde_json::to_string_pretty(&value).map_err(|_| fmt::Error)?)
    }
}
