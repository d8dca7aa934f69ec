//! The typed builder: queries whose clauses are chosen at run time. It uses the same checker and
//! lowering as `query!`.
//!
//! A mistake in a column, a type, an operator or an aggregate is a compile error.
//! [`QueryBuilder::build`] reports mistakes that depend on the whole query.

mod column;
mod filter;
mod item;

use std::borrow::Cow;
use std::marker::PhantomData;

pub use column::{DateTimeColumn, FormulaColumn, NumericColumn, TextColumn, TypedColumn};
pub use filter::{Alternative, Filter, FilterOf, splice, splice_option};
pub use item::{
    AggregateColumn, GroupKey, Named, OrderBy, OrderItem, OutputName, SelectItem, SlotColumn, count, output,
};

use crate::check::check_all;
use crate::lower::template::Part;
use crate::lower::{lower, measures};
use crate::query::Query;
use crate::rows::cell::Row;
use crate::source::Source;
use crate::syntax::problem::{Code, Problem, Problems};
use crate::syntax::stage::{Limit, Position, Stage};
use crate::values::rendered::{LimitValue, limit};

/// A query under construction. Created by [`Source::query`].
///
/// `filter`, `group_by`, `select` and `order_by` each add one item; call them once for each item.
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct QueryBuilder<S> {
    stage: Stage,
    filter: Filter<S>,
    /// The problem of a limit that does not fit into 64 bits.
    too_large: Vec<Problem>,
    items: u32,
    source: PhantomData<fn() -> S>,
}

impl<S: Source> QueryBuilder<S> {
    pub(crate) fn new() -> QueryBuilder<S> {
        QueryBuilder {
            stage: Stage::default(),
            filter: Filter::default(),
            too_large: Vec::new(),
            items: 0,
            source: PhantomData,
        }
    }

    /// Adds conditions; a row must meet all conditions of the query.
    pub fn filter(self, write: impl FnOnce(S::Columns) -> Filter<S>) -> QueryBuilder<S> {
        self.and(write(S::COLUMNS))
    }

    /// Adds the conditions of a filter that was created by [`Source::filter`].
    pub fn and(mut self, filter: Filter<S>) -> QueryBuilder<S> {
        self.filter = self.filter.and(filter);
        self
    }

    /// Adds a key: a column, or a time slot of one.
    pub fn group_by<K: GroupKey<S>>(mut self, write: impl FnOnce(S::Columns) -> K) -> QueryBuilder<S> {
        let position = self.position();
        self.stage.group_by.push(write(S::COLUMNS).key(position));
        self
    }

    /// Adds an output: a column, or an aggregate of one.
    pub fn select<I: SelectItem<S>>(mut self, write: impl FnOnce(S::Columns) -> I) -> QueryBuilder<S> {
        let position = self.position();
        self.stage.select.get_or_insert_default().push(write(S::COLUMNS).selection(position));
        self
    }

    /// Adds an item to the order: a column, a time slot, an aggregate or an output's name, with
    /// `asc` (the default) or `desc`. The first item is the most significant.
    pub fn order_by<O: OrderItem<S>>(mut self, write: impl FnOnce(S::Columns) -> O) -> QueryBuilder<S> {
        let position = self.position();
        self.stage.order_by.push(write(S::COLUMNS).order(position));
        self
    }

    /// Sets the maximum number of rows.
    pub fn limit(mut self, rows: impl LimitValue) -> QueryBuilder<S> {
        let position = self.position();
        self.stage.limit = rows.to_rows().map(|rows| Limit::Rows(rows, position));
        // The checker reports a limit below 1.
        self.too_large = if self.stage.limit.is_none() { limit(&rows).problems } else { Vec::new() };
        self
    }

    /// Checks the query and returns it with rows of type `R`: a struct that derives `Row` and has a
    /// field for each output, in their order, or `Vec<serde_json::Value>` for rows of any shape.
    ///
    /// # Errors
    /// Every problem of the query: the checker's, a value that is not finite, a limit below 1, or a
    /// struct whose fields do not match the outputs.
    pub fn build<R: Row>(self) -> Result<Query<R>, Problems> {
        let schema = S::schema();
        let (checked, mut problems) = check_all(&schema, &self.stage);
        problems.extend(self.too_large);
        problems.extend(self.filter.problems);
        if problems.is_empty() {
            problems.extend(R::problem(&checked.shape));
        }
        if !problems.is_empty() {
            return Err(problems.into());
        }
        let unwritten = || Problem::new(Code::Unexpected, Position::default(), "this query cannot be written as JSON");
        let mut template = lower(&schema, &self.stage, &checked).ok_or_else(unwritten)?;
        let conditions = self.filter.conditions.into_iter().map(|text| Cow::Owned(vec![Part::Text(text.into())]));
        template.conditions = conditions.collect();
        let mut used = measures(&schema, &self.stage, &checked);
        used.extend(self.filter.measures);
        used.sort_unstable();
        used.dedup();
        Ok(Query::owned(schema.source, template.render(&[]), checked.shape.into(), R::read, used.into()))
    }

    fn position(&mut self) -> Position {
        self.items += 1;
        Position(self.items)
    }
}

impl<S> Clone for QueryBuilder<S> {
    fn clone(&self) -> Self {
        QueryBuilder {
            stage: self.stage.clone(),
            filter: self.filter.clone(),
            too_large: self.too_large.clone(),
            items: self.items,
            source: PhantomData,
        }
    }
}
