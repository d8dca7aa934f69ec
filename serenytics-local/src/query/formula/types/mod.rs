//! The types of formulas: what the names of a tree mean, what each part of it gives, and what does not fit.

mod call;
mod join;
mod literal;
mod typing;

use std::sync::Arc;

use datafusion::logical_expr::WindowUDF;
use serenytics_query::suggest::{Suggestions, listed};
use serenytics_query::vocabulary::{Aggregate, ColumnType};

use super::functions::Function;
use super::measures::Measures;
use super::tree::{Comparison, Junction, Operator};

pub(super) use call::calls_aggregate;
pub(super) use typing::for_each_row;
pub(crate) use typing::over_all_rows;

/// What a part of a formula gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// What a column may hold.
    Column(ColumnType),
    /// Whether something is so. The wire has no such type: see [`Type::column_type`].
    Boolean,
    /// `null`, which is of every type.
    Null,
}

impl Type {
    pub(super) const STR: Type = Type::Column(ColumnType::Str);
    pub(super) const INT: Type = Type::Column(ColumnType::Int);
    pub(super) const FLOAT: Type = Type::Column(ColumnType::Float);
    pub(super) const DATETIME: Type = Type::Column(ColumnType::DateTime);

    /// The type as a noun.
    pub(super) fn described(self) -> &'static str {
        match self {
            Type::Column(column_type) => column_type.described(),
            Type::Boolean => "a condition",
            Type::Null => "NULL",
        }
    }

    /// Whether it is computed with.
    pub(super) fn is_numeric(self) -> bool {
        matches!(self, Type::Column(column_type) if column_type.is_numeric())
    }

    /// The type of the cells of an answer. A condition is there 1 if it is met and 0 if it is not.
    pub(super) fn column_type(self) -> ColumnType {
        match self {
            Type::Column(column_type) => column_type,
            Type::Boolean => ColumnType::Int,
            // A formula that is nothing but NULL is refused.
            Type::Null => ColumnType::Str,
        }
    }
}

/// A part of a formula whose names are known and whose parts fit.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    pub(super) node: TypedNode,
    pub(super) gives: Type,
    /// For an integer, the largest distance from zero that it may have.
    pub(crate) largest: u128,
    /// For a text, how many times as long as the cells that it is made of it may be.
    growth: usize,
    /// Whether it is one value over all rows.
    pub(crate) is_total: bool,
    /// Whether a place among all rows is in it.
    pub(crate) is_ranked: bool,
    /// Whether it may be a float that is not finite, which stands for NULL.
    is_unbound: bool,
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
    Boolean(bool),
    /// The microseconds since 1970.
    DateTime(i64),
    Null,
    /// A column of the rows, by its name there.
    Column(String),
    /// Another measure.
    Measure(Arc<Typed>),
    Negative(Box<Typed>),
    Not(Box<Typed>),
    Arithmetic(Operator, Box<Typed>, Box<Typed>),
    /// Two values of one type, or two numbers.
    Comparison(Comparison, Box<Typed>, Box<Typed>),
    /// Values of one type, or numbers: the first is looked for among the others.
    In(Vec<Typed>, bool),
    Junction(Junction, Vec<Typed>),
    Function(&'static Function, Vec<Typed>),
    Rank(Ranked),
    Total(Total),
}

/// A place among all rows.
#[derive(Debug, Clone)]
pub(super) struct Ranked {
    /// What no other call in the formulas of a query has.
    pub(super) number: usize,
    pub(super) window: fn() -> Arc<WindowUDF>,
    pub(super) value: Box<Typed>,
    pub(super) is_ascending: bool,
    pub(super) groups: Vec<Typed>,
}

/// An aggregate over all rows.
#[derive(Debug, Clone)]
pub(super) struct Total {
    /// What is made of the values; their number if nothing else.
    pub(super) aggregate: Option<Aggregate>,
    /// The values; the rows themselves if there are none.
    pub(super) argument: Option<Box<Typed>>,
    /// What a row has to meet, if not every row is taken.
    pub(super) condition: Option<Box<Typed>>,
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
    pub(crate) suggestions: &'a Suggestions,
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
        Err(match self.suggestions.nearest(name, names()) {
            Some(near) => format!("there is no column or measure `{name}`; did you mean `[{near}]`?"),
            None => format!("there is no column or measure `{name}`: there are {}", listed(names())),
        })
    }
}

impl Typed {
    /// A column of the rows. If it is one of integers, none is further from zero than `largest`.
    pub(crate) fn column(name: &str, column_type: ColumnType, largest: u128) -> Typed {
        let column = Typed::leaf(TypedNode::Column(name.to_owned()), Type::Column(column_type));
        if column_type == ColumnType::Int { column.within(largest) } else { column }
    }

    /// The type of the cells that it gives.
    pub(crate) fn column_type(&self) -> ColumnType {
        self.gives.column_type()
    }

    /// Another measure.
    fn measure(measure: &Arc<Typed>) -> Typed {
        Typed { node: TypedNode::Measure(Arc::clone(measure)), depth: measure.depth + 1, ..**measure }
    }

    /// Whether the sum over so many rows may be larger than 64 bits hold.
    pub(crate) fn sum_may_wrap(&self, rows: u128) -> bool {
        self.largest.saturating_mul(rows) > u128::from(i64::MAX.unsigned_abs())
    }

    /// Whether an integer has 64 bits whatever its sign is.
    pub(super) fn fits(&self) -> bool {
        self.largest <= u128::from(i64::MAX.unsigned_abs())
    }

    /// Whether it is a number that is written in the formula, and not zero.
    pub(super) fn is_literal_but_zero(&self) -> bool {
        match self.node {
            TypedNode::Int(value) => value != 0,
            TypedNode::Float(value) => value != 0.0,
            _ => false,
        }
    }

    /// Whether it may be a float that is not finite, which stands for NULL.
    pub(super) fn is_unbound(&self) -> bool {
        self.is_unbound
    }

    fn leaf(node: TypedNode, gives: Type) -> Typed {
        Typed {
            node,
            gives,
            largest: 1,
            growth: 1,
            is_total: false,
            is_ranked: false,
            is_unbound: false,
            parts: 1,
            depth: 0,
        }
    }

    /// An operation on parts of this cost.
    fn operation(node: TypedNode, gives: Type, cost: Cost) -> Typed {
        let Cost { parts, depth, is_total, is_ranked } = cost;
        Typed { is_total, is_ranked, parts: parts.saturating_add(1), depth: depth + 1, ..Typed::leaf(node, gives) }
    }

    /// With so many operations more, one inside the other.
    fn deeper(self, operations: usize) -> Typed {
        Typed { parts: self.parts.saturating_add(operations), depth: self.depth + operations, ..self }
    }

    fn within(self, largest: u128) -> Typed {
        Typed { largest, ..self }
    }

    fn grown(self, growth: usize) -> Typed {
        Typed { growth, ..self }
    }

    fn unbound(self, is_unbound: bool) -> Typed {
        Typed { is_unbound, ..self }
    }
}

/// How many operations make NULL of a float that is not finite.
const GUARDS: usize = 4;

/// What the parts of an operation cost.
#[derive(Clone, Copy)]
struct Cost {
    parts: usize,
    depth: usize,
    is_total: bool,
    is_ranked: bool,
}

impl Cost {
    /// The cost of parts whose values are computed with as they are.
    fn of<'a>(operands: impl IntoIterator<Item = &'a Typed>) -> Cost {
        let mut cost = Cost { parts: 0, depth: 0, is_total: false, is_ranked: false };
        for operand in operands {
            cost.parts = cost.parts.saturating_add(operand.parts);
            cost.depth = cost.depth.max(operand.depth);
            cost.is_total |= operand.is_total;
            cost.is_ranked |= operand.is_ranked;
        }
        cost
    }

    /// The cost of parts that give cells: what is made NULL in one is NULL in each.
    fn of_cells<'a>(operands: impl IntoIterator<Item = &'a Typed> + Clone) -> Cost {
        let unbound = operands.clone().into_iter().filter(|operand| operand.is_unbound).count();
        let cost = Cost::of(operands);
        let depth = if unbound > 0 { cost.depth + GUARDS } else { cost.depth };
        Cost { parts: cost.parts.saturating_add(unbound * GUARDS), depth, ..cost }
    }

    /// The cost if each part stands there so many times.
    fn times(self, uses: usize) -> Cost {
        Cost { parts: self.parts.saturating_mul(uses), ..self }
    }
}
