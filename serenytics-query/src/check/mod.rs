//! The checker: holds a stage against a schema, and gives the shape of the result or every problem.

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
use crate::wire::{self, to_stage};

/// What a right stage comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The columns of the result: the keys, then the selected outputs.
    pub shape: Vec<OutputColumn>,
    /// For each column of the result the index of the source's column whose declared type it has: its own, or the one that it is the smallest or
    /// largest value of. `None` for time slots, sums, means and counts.
    pub declared: Vec<Option<usize>>,
    /// For each column of the result where it is written: its name of its own, or its column. The default for what is not written out.
    pub positions: Vec<Position>,
    /// `order_by` with each name resolved to what the wire orders by: a key, an aggregate of `select`, a column.
    pub order_by: Vec<Order>,
}

/// A stage that came over the wire and is right.
#[derive(Debug, Clone)]
pub struct CheckedStage {
    /// The stage: its names are the schema's, its literals fit their columns (see [`typed_value`]), its `order_by` is
    /// resolved as [`Checked::order_by`].
    pub stage: Stage,
    /// The columns of the result.
    pub shape: Vec<OutputColumn>,
}

/// Checks a stage against the columns of its source.
///
/// # Errors
/// Every problem of the stage, in the order in which they stand.
pub fn check(schema: &Schema, stage: &Stage) -> Result<Checked, Vec<Problem>> {
    let (checked, problems) = check_all(schema, stage);
    if problems.is_empty() { Ok(checked) } else { Err(problems) }
}

/// Checks a stage against the columns of its source, and gives what could be made out of it beside its problems.
#[must_use]
pub fn check_all(schema: &Schema, stage: &Stage) -> (Checked, Vec<Problem>) {
    Checker::new(schema, stage, false).run()
}

/// Checks a stage of a request against the columns of its source, by the rules of the wire alone.
///
/// # Errors
/// Every problem of the stage.
pub fn check_wire(schema: &Schema, stage: &wire::Stage) -> Result<CheckedStage, Vec<Problem>> {
    let (mut stage, checked) = check_pipeline(schema, stage)?;
    stage.order_by = checked.order_by;
    Ok(CheckedStage { stage, shape: checked.shape })
}

/// The tree of a stage of the wire, and what it comes to.
pub(crate) fn check_pipeline(schema: &Schema, stage: &wire::Stage) -> Result<(Stage, Checked), Vec<Problem>> {
    let stage = to_stage::stage(stage)?;
    let (checked, problems) = Checker::new(schema, &stage, true).run();
    if problems.is_empty() { Ok((stage, checked)) } else { Err(problems) }
}

struct Checker<'a> {
    schema: &'a Schema,
    stage: &'a Stage,
    /// Whether the stage came over the wire: no rule of our rows holds, and no output has a name.
    wire: bool,
    problems: Vec<Problem>,
    suggestions: Suggestions,
    /// The names that outputs would have that could not be made out.
    rejected: Vec<String>,
}

impl<'a> Checker<'a> {
    fn new(schema: &'a Schema, stage: &'a Stage, wire: bool) -> Checker<'a> {
        let suggestions = Suggestions::default();
        Checker { schema, stage, wire, problems: Vec::new(), suggestions, rejected: Vec::new() }
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

    /// Whether the result has groups, or one row of aggregates: a bare column has no place then.
    fn is_plain(&self) -> bool {
        self.stage.group_by.is_empty() && !self.has_aggregate()
    }

    /// The column that a word names; a word that names none is a problem, and told once.
    fn column(&mut self, word: &Ident) -> Option<&'a Column> {
        let schema: &'a Schema = self.schema;
        if let Some((_, column)) = schema.column(&word.text) {
            return Some(column);
        }
        self.problems.push(unknown_column(schema, word, &self.suggestions));
        None
    }

    /// The column that a word names where each row has a cell of it: a value formula, which is one number over all rows, is told.
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

/// That a value formula stands where it has no meaning.
fn formula_place(column: &Column, position: Position) -> Problem {
    let name = &column.name;
    let message = format!("`{name}` is a value formula, one number over all rows: it can only be selected, alone");
    Problem::new(Code::FormulaPlace, position, message)
        .help(format!("write a separate query: `select {name}`, with a `where` if needed"))
}

fn unknown_column(schema: &Schema, word: &Ident, suggestions: &Suggestions) -> Problem {
    let source = schema.source.text();
    let name = &word.text;
    let names = || schema.columns.iter().map(|column| column.name.as_str());
    if let Some(near) = suggestions.nearest(name, names()) {
        let message = format!("no column `{name}` in `{source}`; did you mean `{near}`?");
        return Problem::new(Code::UnknownColumn, word.position, message);
    }
    Problem::new(Code::UnknownColumn, word.position, format!("no column `{name}` in `{source}`"))
        .help(format!("the columns of `{source}` are {}", listed(names())))
}
