//! The types of formulas: what the names of a tree mean, what each part of it gives, and what does not fit.

use std::sync::Arc;

use serenytics_query::suggest::{listed, nearest};
use serenytics_query::vocabulary::{Aggregate, ColumnType};

use super::measures::Measures;
use super::tree::{DEPTH, Expression, Mistake, Node, Operator};

/// How many parts a formula may have, with those of the measures that it refers to.
const PARTS: usize = 1000;
/// The function that counts rows.
const COUNT: &str = "count";

/// A part of a formula whose names are known and whose parts fit.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    pub(super) node: TypedNode,
    pub(crate) column_type: ColumnType,
    /// For an integer, the largest distance from zero that it may have.
    pub(crate) largest: u128,
    /// How many parts there are, those of measures included.
    pub(crate) parts: usize,
    /// How many operations stand one inside the other, those of measures included.
    depth: usize,
}

/// What a [`Typed`] part is.
#[derive(Debug, Clone)]
pub(super) enum TypedNode {
    Int(u64),
    Float(f64),
    Text(String),
    /// A column of the rows, by its name there.
    Column(String),
    /// Another measure.
    Measure(Arc<Typed>),
    Negative(Box<Typed>),
    Arithmetic(Operator, Box<Typed>, Box<Typed>),
    /// An aggregate over all rows.
    Aggregate(Aggregate, Box<Typed>),
    /// The number of rows.
    Count,
}

/// The columns of the rows that formulas are over.
pub(crate) trait RowColumns {
    /// The column with this name.
    fn column(&self, name: &str) -> Option<Typed>;

    /// The names of all columns.
    fn names(&self) -> Vec<String>;

    /// How many rows there are at most.
    fn rows(&self) -> u128;
}

/// What the names in the brackets of a formula may mean.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) columns: &'a dyn RowColumns,
    pub(crate) measures: &'a Measures,
}

impl Scope<'_> {
    fn meaning(&self, name: &str) -> Result<Typed, String> {
        // A column comes before a measure that is called like it.
        if let Some(column) = self.columns.column(name) {
            return Ok(column);
        }
        if let Some(measure) = self.measures.meaning(name) {
            return measure.map(Typed::measure);
        }
        let columns = self.columns.names();
        let names = || columns.iter().map(String::as_str).chain(self.measures.names());
        Err(match nearest(name, names()) {
            Some(near) => format!("there is no column or measure `{name}`; did you mean `[{near}]`?"),
            None => format!("there is no column or measure `{name}`: there are {}", listed(names())),
        })
    }
}

impl Typed {
    /// A column of the rows. If it is one of integers, none is further from zero than `largest`.
    pub(crate) fn column(name: &str, column_type: ColumnType, largest: u128) -> Typed {
        Typed::leaf(TypedNode::Column(name.to_owned()), column_type, largest)
    }

    /// Another measure.
    fn measure(measure: &Arc<Typed>) -> Typed {
        Typed { node: TypedNode::Measure(Arc::clone(measure)), depth: measure.depth + 1, ..**measure }
    }

    /// Whether the sum over so many rows may be larger than 64 bits hold.
    pub(crate) fn sum_may_wrap(&self, rows: u128) -> bool {
        self.largest.saturating_mul(rows) > u128::from(i64::MAX.unsigned_abs())
    }

    /// Whether it is a number that is written in the formula, and not zero.
    pub(super) fn is_literal_but_zero(&self) -> bool {
        match self.node {
            TypedNode::Int(value) => value != 0,
            TypedNode::Float(value) => value != 0.0,
            _ => false,
        }
    }

    /// Whether something is computed, and not only taken over.
    pub(super) fn is_operation(&self) -> bool {
        match &self.node {
            TypedNode::Negative(_) | TypedNode::Arithmetic(..) | TypedNode::Aggregate(..) => true,
            TypedNode::Measure(measure) => measure.is_operation(),
            _ => false,
        }
    }

    fn leaf(node: TypedNode, column_type: ColumnType, largest: u128) -> Typed {
        Typed { node, column_type, largest, parts: 1, depth: 0 }
    }
}

/// What a formula gives for each row.
pub(super) fn for_each_row(tree: &Expression, scope: Scope<'_>) -> Result<Typed, Mistake> {
    Typing { scope, place: Place::Row }.typed(tree)
}

/// What a formula gives over all rows, which has to be a number.
pub(crate) fn over_all_rows(tree: &Expression, scope: Scope<'_>) -> Result<Typed, Mistake> {
    let typed = Typing { scope, place: Place::Total }.typed(tree)?;
    if typed.column_type.is_numeric() {
        return Ok(typed);
    }
    let described = typed.column_type.described();
    Err(Mistake::new(tree.position, format!("a value formula gives a number, and this one gives {described}")))
}

/// Where a part of a formula stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the formula of a measure.
    Row,
    /// In a value formula, outside of every aggregate.
    Total,
    /// In an aggregate of a value formula.
    Aggregate,
}

struct Typing<'a> {
    scope: Scope<'a>,
    place: Place,
}

impl Typing<'_> {
    fn typed(&self, tree: &Expression) -> Result<Typed, Mistake> {
        let typed = match &tree.node {
            Node::Int(value) => Typed::leaf(TypedNode::Int(*value), ColumnType::Int, u128::from(*value)),
            Node::Float(value) => Typed::leaf(TypedNode::Float(*value), ColumnType::Float, 0),
            Node::Text(text) => Typed::leaf(TypedNode::Text(text.clone()), ColumnType::Str, 0),
            Node::Reference(name) => self.reference(name, tree.position)?,
            Node::Negative(operand) => {
                let operand = self.number(operand, '-')?;
                Typed {
                    column_type: operand.column_type,
                    largest: operand.largest,
                    parts: operand.parts + 1,
                    depth: operand.depth + 1,
                    node: TypedNode::Negative(Box::new(operand)),
                }
            }
            Node::Arithmetic(operator, left, right) => {
                arithmetic(*operator, self.number(left, operator.sign())?, self.number(right, operator.sign())?)
            }
            Node::Call(function, arguments) => self.call(function, arguments, tree.position)?,
        };
        let limits =
            [("parts", typed.parts, PARTS), ("operations that stand one inside the other", typed.depth, DEPTH)];
        match limits.into_iter().find(|(_, count, limit)| count > limit) {
            None => Ok(typed),
            Some((what, count, limit)) => {
                let message = format!(
                    "the formula has, with those of the measures that it refers to, {count} {what} and may have {limit}"
                );
                Err(Mistake::new(tree.position, message))
            }
        }
    }

    fn reference(&self, name: &str, position: usize) -> Result<Typed, Mistake> {
        let typed = self.scope.meaning(name).map_err(|message| Mistake::new(position, message))?;
        if self.place == Place::Total {
            let suggested = if typed.column_type.is_numeric() { Aggregate::Sum } else { Aggregate::Dcount };
            let message = format!(
                "`[{name}]` has a value for each row, and a value formula is one number over all of them: put it into an \
                 aggregate, as `{suggested}([{name}])`"
            );
            return Err(Mistake::new(position, message));
        }
        Ok(typed)
    }

    /// A part that an operator needs a number of.
    fn number(&self, tree: &Expression, sign: char) -> Result<Typed, Mistake> {
        let typed = self.typed(tree)?;
        if typed.column_type.is_numeric() {
            return Ok(typed);
        }
        let described = typed.column_type.described();
        Err(Mistake::new(tree.position, format!("`{sign}` needs numbers and this is {described}")))
    }

    fn call(&self, function: &str, arguments: &[Expression], position: usize) -> Result<Typed, Mistake> {
        let refused = |message| Err(Mistake::new(position, message));
        let aggregate = Aggregate::from_word(function);
        if aggregate.is_none() && function != COUNT {
            return refused(unknown_function(function));
        }
        match self.place {
            Place::Row => {
                return refused(format!("`{function}` is over all rows, and a measure is computed for each row"));
            }
            Place::Aggregate => {
                return refused(format!("`{function}` is over all rows and cannot stand inside of another aggregate"));
            }
            Place::Total => {}
        }
        match (aggregate, arguments) {
            (None, []) => Ok(Typed::leaf(TypedNode::Count, ColumnType::Int, self.scope.columns.rows())),
            (None, _) => refused(format!("`{COUNT}` counts rows and takes nothing: `{COUNT}()`")),
            (Some(aggregate), [argument]) => self.aggregate(aggregate, argument),
            (Some(_), arguments) => {
                let count = arguments.len();
                refused(format!("`{function}` takes one thing, as `{function}([column])`, and has {count}"))
            }
        }
    }

    fn aggregate(&self, aggregate: Aggregate, argument: &Expression) -> Result<Typed, Mistake> {
        let typed = Typing { scope: self.scope, place: Place::Aggregate }.typed(argument)?;
        if aggregate.needs_number() && !typed.column_type.is_numeric() {
            let described = typed.column_type.described();
            let message = format!("`{aggregate}` needs numbers and this is {described}");
            return Err(Mistake::new(argument.position, message));
        }
        let largest = match aggregate {
            Aggregate::Sum => typed.largest.saturating_mul(self.scope.columns.rows()),
            Aggregate::Min | Aggregate::Max => typed.largest,
            Aggregate::Avg => 0,
            Aggregate::Dcount => self.scope.columns.rows(),
        };
        Ok(Typed {
            column_type: aggregate.result(typed.column_type),
            largest,
            parts: typed.parts + 1,
            depth: typed.depth + 1,
            node: TypedNode::Aggregate(aggregate, Box::new(typed)),
        })
    }
}

/// An operation of two numbers: an integer if both are, but for `/`, whose result is always a float.
fn arithmetic(operator: Operator, left: Typed, right: Typed) -> Typed {
    let are_ints = left.column_type == ColumnType::Int && right.column_type == ColumnType::Int;
    let column_type = if are_ints && operator != Operator::Divide { ColumnType::Int } else { ColumnType::Float };
    let largest = match operator {
        Operator::Add | Operator::Subtract => left.largest.saturating_add(right.largest),
        Operator::Multiply => left.largest.saturating_mul(right.largest),
        Operator::Divide => 0,
        // A remainder is nearer to zero than both.
        Operator::Remainder => left.largest.min(right.largest),
    };
    // What is not known to differ from zero is guarded by two operations more.
    let guards = if operator.divides() && !right.is_literal_but_zero() { 2 } else { 0 };
    Typed {
        column_type,
        largest,
        parts: left.parts + right.parts + guards + 1,
        depth: left.depth.max(right.depth + guards) + 1,
        node: TypedNode::Arithmetic(operator, Box::new(left), Box::new(right)),
    }
}

fn unknown_function(name: &str) -> String {
    let functions = || Aggregate::words().chain([COUNT]);
    match nearest(name, functions()) {
        Some(near) => format!("there is no function `{name}`; did you mean `{near}`?"),
        None => format!("there is no function `{name}`: there are {}", listed(functions())),
    }
}
