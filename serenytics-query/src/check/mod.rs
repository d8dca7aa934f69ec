//! The checker: compares a stage with a schema and returns the shape of the result or every
//! problem.

mod condition;
mod literal;
mod order;
mod output;

pub use literal::{TypedValue, typed_value};

use crate::rows::shape::OutputColumn;
use crate::schemas::schema::{Column, ColumnKind, Schema};
use crate::syntax::problem::{Code, Problem};
use crate::syntax::stage::{Ident, Order, Position, Stage};
use crate::syntax::suggest::{Suggestions, listed};
use crate::syntax::vocabulary::{Aggregate, ColumnType, TimeSlot};
use crate::wire::{self, to_stage};

/// The result of checking a valid stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The columns of the result: the keys, then the selected outputs.
    pub shape: Vec<OutputColumn>,
    /// For each column of the result, the index of the source's column whose declared type it has:
    /// the column itself, or the column of its `min` or `max`. `None` for time slots, sums, means
    /// and counts.
    pub declared: Vec<Option<usize>>,
    /// For each column of the result, the position of its alias or of its column. The default
    /// position for a column that the query does not write.
    pub positions: Vec<Position>,
    /// `order_by` with each name resolved to what the wire orders by: a key, an aggregate of
    /// `select`, a column.
    pub order_by: Vec<Order>,
}

/// A valid stage of a request.
#[derive(Debug, Clone)]
pub struct CheckedStage {
    /// The stage: its names are the schema's, its literals fit their columns (see [`typed_value`]),
    /// its `order_by` is resolved as [`Checked::order_by`].
    pub stage: Stage,
    /// The columns of the result.
    pub shape: Vec<OutputColumn>,
}

/// Checks a stage against the columns of its source.
///
/// # Errors
/// Every problem of the stage, in the order of their positions.
pub fn check(schema: &Schema, stage: &Stage) -> Result<Checked, Vec<Problem>> {
    let (checked, problems) = check_all(schema, stage);
    if problems.is_empty() { Ok(checked) } else { Err(problems) }
}

/// Checks a stage against the columns of its source. Returns the valid part of it and its problems.
#[must_use]
pub fn check_all(schema: &Schema, stage: &Stage) -> (Checked, Vec<Problem>) {
    Checker::new(schema, stage, false).run()
}

/// Checks a stage of a request against the columns of its source, by the rules of the wire only.
///
/// # Errors
/// Every problem of the stage.
pub fn check_wire(schema: &Schema, stage: &wire::Stage) -> Result<CheckedStage, Vec<Problem>> {
    let (mut stage, checked) = check_pipeline(schema, stage)?;
    stage.order_by = checked.order_by;
    Ok(CheckedStage { stage, shape: checked.shape })
}

/// Converts a stage of a request into the language's tree and checks it.
pub(crate) fn check_pipeline(schema: &Schema, stage: &wire::Stage) -> Result<(Stage, Checked), Vec<Problem>> {
    let stage = to_stage::stage(stage)?;
    let (checked, problems) = Checker::new(schema, &stage, true).run();
    if problems.is_empty() { Ok((stage, checked)) } else { Err(problems) }
}

struct Checker<'a> {
    schema: &'a Schema,
    stage: &'a Stage,
    /// Whether the stage is from a request: the rules about row structs do not apply, and outputs
    /// have no names.
    wire: bool,
    problems: Vec<Problem>,
    suggestions: Suggestions,
    /// The names of the outputs that were rejected.
    rejected: Vec<String>,
    /// The aliases of the outputs that were rejected.
    rejected_aliases: Vec<String>,
}

impl<'a> Checker<'a> {
    fn new(schema: &'a Schema, stage: &'a Stage, wire: bool) -> Checker<'a> {
        let suggestions = Suggestions::default();
        Checker {
            schema,
            stage,
            wire,
            problems: Vec::new(),
            suggestions,
            rejected: Vec::new(),
            rejected_aliases: Vec::new(),
        }
    }

    fn run(mut self) -> (Checked, Vec<Problem>) {
        for condition in &self.stage.conditions {
            self.condition(condition);
        }
        let outputs = self.outputs();
        let order_by = self.stage.order_by.iter().map(|order| self.order(order, &outputs)).collect();
        self.limit();
        self.problems.sort_by_key(|problem| problem.position);
        let positions = outputs.iter().map(|output| output.position).collect();
        let (shape, declared) = outputs.into_iter().map(|output| (output.column, output.declared)).unzip();
        (Checked { shape, declared, positions, order_by }, self.problems)
    }

    fn limit(&mut self) {
        if let Some(crate::syntax::stage::Limit::Rows(rows, position)) = self.stage.limit
            && rows < 1
        {
            self.problems.push(Problem::new(
                Code::BadLimit,
                position,
                format!("`limit` is {rows} but must be at least 1"),
            ));
        }
    }

    /// Returns true if the query has neither groups nor aggregates, so that it may select bare
    /// columns.
    fn is_plain(&self) -> bool {
        self.stage.group_by.is_empty() && !self.has_aggregate()
    }

    /// Returns the column with this name. Reports a problem if there is none.
    fn column(&mut self, word: &Ident) -> Option<&'a Column> {
        let schema: &'a Schema = self.schema;
        if let Some((_, column)) = schema.column(&word.text) {
            return Some(column);
        }
        self.problems.push(unknown_column(schema, word, &self.suggestions));
        None
    }

    /// Returns the column with this name. Reports a problem if there is none or if it is a value
    /// formula, which has no cell in each row.
    fn row_column(&mut self, word: &Ident) -> Option<&'a Column> {
        let column = self.column(word)?;
        if column.kind == ColumnKind::Formula {
            self.push(formula_place(column, word.position));
            return None;
        }
        Some(column)
    }

    fn push(&mut self, problem: Problem) {
        if !(self.wire && problem.code.is_row_rule()) {
            self.problems.push(problem);
        }
    }
}

/// Returns the problem of a value formula that is not the only output.
fn formula_place(column: &Column, position: Position) -> Problem {
    let name = &column.name;
    let message = format!("`{name}` is a value formula, one number over all rows: select it as the only output");
    Problem::new(Code::FormulaPlace, position, message)
        .help(format!("write a separate query: `select {name}`, with a `where` if needed"))
}

fn unknown_column(schema: &Schema, word: &Ident, suggestions: &Suggestions) -> Problem {
    let source = schema.source.text();
    let name = &word.text;
    let names = || schema.columns.iter().map(|column| column.name.as_str());
    if let Some(call) = function_call(schema, name) {
        let message = format!("no column `{name}` in `{source}`: `{name}` is a function, write `{call}`");
        return Problem::new(Code::UnknownColumn, word.position, message);
    }
    if let Some(near) = suggestions.nearest(name, names()) {
        let message = format!("no column `{name}` in `{source}`; did you mean `{near}`?");
        return Problem::new(Code::UnknownColumn, word.position, message);
    }
    Problem::new(Code::UnknownColumn, word.position, format!("no column `{name}` in `{source}`"))
        .help(format!("the columns of `{source}` are {}", listed(names())))
}

/// Returns the call that a function's name without parentheses probably means: `count()`,
/// `sum(revenue)`, `month(date)`.
fn function_call(schema: &Schema, name: &str) -> Option<String> {
    let column = |fits: fn(ColumnType) -> bool, other: &'static str| {
        let column = schema.row_columns().find(|column| fits(column.column_type));
        column.map_or_else(|| other.to_owned(), |column| column.name.clone())
    };
    if name == "count" {
        return Some("count()".to_owned());
    }
    if let Some(aggregate) = Aggregate::from_word(name) {
        let column = if aggregate.needs_numeric() {
            column(ColumnType::is_numeric, "column")
        } else {
            column(|_| true, "column")
        };
        return Some(format!("{name}({column})"));
    }
    TimeSlot::from_word(name)?;
    Some(format!("{name}({})", column(|column_type| column_type == ColumnType::DateTime, "column")))
}
