//! Filters: conditions of one source as a value, for builders and for splicing into queries.

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

/// Conditions over the source `S`; a row must meet all of them. Created by
/// [`Source::filter`](crate::source::Source::filter).
///
/// [`Filter::default`] has no conditions: every row meets it.
#[must_use = "a filter does nothing by itself: splice it into a query as `..{filter}`, or pass it to a builder"]
pub struct Filter<S> {
    /// The conditions as JSON.
    pub(crate) conditions: Vec<String>,
    pub(crate) measures: Vec<Cow<'static, str>>,
    pub(crate) problems: Vec<Problem>,
    source: PhantomData<fn() -> S>,
}

/// The operand of an operator.
pub(super) enum Operand {
    None,
    Scalar(Rendered),
    List(Rendered),
}

impl<S> Filter<S> {
    /// Combines the conditions of two filters; a row must meet all of them.
    pub fn and(mut self, other: Filter<S>) -> Filter<S> {
        self.conditions.extend(other.conditions);
        self.measures.extend(other.measures);
        self.problems.extend(other.problems);
        self
    }

    /// For its message only: no type meets the bound.
    #[doc(hidden)]
    pub fn or<F>(self, _: F) -> Filter<S>
    where
        F: Alternative,
    {
        self
    }

    /// Returns true if the filter has no conditions, so that every row meets it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty() && self.problems.is_empty()
    }

    /// The problems of the filter's run-time values, such as `NaN`. The client does not send a
    /// query with such a filter.
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

/// A bound that no type meets.
#[diagnostic::on_unimplemented(
    message = "`or` is not supported: a row must meet all conditions [SRN009]",
    label = "not supported",
    note = "for several values of one column, write `is_in([\"FR\", \"US\"])`; otherwise write two queries"
)]
pub trait Alternative {}

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

/// Combines the filters of an iterator; a row must meet all of them.
impl<S> FromIterator<Filter<S>> for Filter<S> {
    fn from_iter<I: IntoIterator<Item = Filter<S>>>(filters: I) -> Self {
        filters.into_iter().fold(Filter::default(), Filter::and)
    }
}

impl Rendered {
    /// The conditions of a filter, `..{filter}`. A filter without conditions is omitted.
    #[must_use]
    pub fn filter<S>(filter: &Filter<S>) -> Rendered {
        let text = (!filter.conditions.is_empty()).then(|| filter.conditions.join(","));
        Rendered { text, problems: filter.problems.clone(), measures: filter.measures.clone() }
    }
}

/// A filter that can be spliced into a query of the source `S`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a filter of `{S}` [SRN056]",
    label = "not a filter of this source",
    note = "create a filter with `{S}::filter(|s| ..)`; for an `Option`, add `?` after the braces: `..{{filter}}?`"
)]
pub trait FilterOf<S> {
    /// The conditions as JSON.
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

/// Renders a filter that is spliced into a query of its source: `..{filter}`.
pub fn splice<S>(filter: &impl FilterOf<S>) -> Rendered {
    filter.rendered()
}

/// Renders an optional filter: `..{filter}?`.
pub fn splice_option<S>(filter: &impl Optional<Value: FilterOf<S>>) -> Rendered {
    filter.value().map_or_else(|| Rendered::filter::<S>(&Filter::default()), FilterOf::rendered)
}
