//! Filters: conditions of one source as a value, which queries are built with and spliced into.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use crate::lower::template::{Part, rendered_parts};
use crate::lower::{condition_parts, run_time_list};
use crate::syntax::problem::{Code, Problem};
use crate::syntax::stage::Position;
use crate::syntax::vocabulary::Operator;
use crate::values::rendered::Rendered;
use crate::values::value::Optional;

/// Conditions over the source `S`, all of which a row has to meet. Made by [`Source::filter`](crate::source::Source::filter).
///
/// The one without any conditions, which every row meets, is [`Filter::default`].
#[must_use = "a filter does nothing by itself: splice it into a query as `..{filter}`, or pass it to a builder"]
pub struct Filter<S> {
    /// The conditions as they stand in a query's JSON.
    pub(crate) conditions: Vec<String>,
    pub(crate) measures: Vec<Cow<'static, str>>,
    pub(crate) problems: Vec<Problem>,
    source: PhantomData<fn() -> S>,
}

/// What stands to the right of an operator.
pub(super) enum Operand {
    None,
    Scalar(Rendered),
    List(Rendered),
}

impl<S> Filter<S> {
    /// The conditions of this filter and of another one, all of which have to be met.
    pub fn and(mut self, other: Filter<S>) -> Filter<S> {
        self.conditions.extend(other.conditions);
        self.measures.extend(other.measures);
        self.problems.extend(other.problems);
        self
    }

    /// Whether the filter has no condition, so that every row meets it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty() && self.problems.is_empty()
    }

    /// What only the run could find wrong: a value that is `NaN`. A query with such a filter is not sent.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// One condition.
    pub(super) fn of(
        name: &'static str,
        wire: &'static str,
        is_measure: bool,
        operator: Operator,
        operand: Operand,
    ) -> Filter<S> {
        let (parts, rendered) = match operand {
            Operand::None => (Vec::new(), None),
            Operand::Scalar(rendered) => (vec![Part::Value(0)], Some(rendered)),
            Operand::List(rendered) => (run_time_list(0), Some(rendered)),
        };
        let values: Vec<Rendered> = rendered.map(|rendered| rendered.of(name)).into_iter().collect();
        let condition = condition_parts(wire, operator, parts).and_then(|parts| rendered_parts(&parts, &values));
        let mut problems: Vec<Problem> = values.into_iter().flat_map(|value| value.problems).collect();
        if condition.is_none() && problems.is_empty() {
            let message = format!("`{name}`: the condition cannot be written as JSON");
            problems.push(Problem::new(Code::NotFinite, Position::default(), message));
        }
        Filter {
            conditions: condition.into_iter().collect(),
            measures: is_measure.then_some(Cow::Borrowed(wire)).into_iter().collect(),
            problems,
            source: PhantomData,
        }
    }
}

impl<S> Default for Filter<S> {
    fn default() -> Self {
        Filter { conditions: Vec::new(), measures: Vec::new(), problems: Vec::new(), source: PhantomData }
    }
}

impl<S> Clone for Filter<S> {
    fn clone(&self) -> Self {
        Filter {
            conditions: self.conditions.clone(),
            measures: self.measures.clone(),
            problems: self.problems.clone(),
            source: PhantomData,
        }
    }
}

impl<S> fmt::Debug for Filter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("conditions", &self.conditions).field("problems", &self.problems).finish()
    }
}

/// The filters of an iterator, all of which have to be met.
impl<S> FromIterator<Filter<S>> for Filter<S> {
    fn from_iter<I: IntoIterator<Item = Filter<S>>>(filters: I) -> Self {
        filters.into_iter().fold(Filter::default(), Filter::and)
    }
}

impl Rendered {
    /// The conditions of a filter, `..{filter}`. One without conditions is left out.
    #[must_use]
    pub fn filter<S>(filter: &Filter<S>) -> Rendered {
        let text = (!filter.conditions.is_empty()).then(|| filter.conditions.join(","));
        Rendered { text, problems: filter.problems.clone(), measures: filter.measures.clone() }
    }
}

/// What is spliced into a query of the source `S`: its filters.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a filter of `{S}` [SRN056]",
    label = "not a filter of this source",
    note = "create a filter with `{S}::filter(|s| ..)`; for an `Option`, add `?` after the braces: `..{{filter}}?`"
)]
pub trait FilterOf<S> {
    /// The conditions as they stand in the query's JSON.
    #[doc(hidden)]
    fn rendered(&self) -> Rendered;
}

#[diagnostic::do_not_recommend]
impl<S> FilterOf<S> for Filter<S> {
    fn rendered(&self) -> Rendered {
        Rendered::filter(self)
    }
}

#[diagnostic::do_not_recommend]
impl<S, F: FilterOf<S>> FilterOf<S> for &F {
    fn rendered(&self) -> Rendered {
        (**self).rendered()
    }
}

/// A filter that is spliced into a query of its source: `..{filter}`.
pub fn splice<S>(filter: &impl FilterOf<S>) -> Rendered {
    filter.rendered()
}

/// A filter that may be left out: `..{filter}?`.
pub fn splice_option<S>(filter: &impl Optional<Value: FilterOf<S>>) -> Rendered {
    filter.value().map_or_else(|| Rendered::filter::<S>(&Filter::default()), FilterOf::rendered)
}
