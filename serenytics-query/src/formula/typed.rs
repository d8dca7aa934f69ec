//! A checked formula: its parts with their types, and the cost of each part.

use std::sync::Arc;

use super::functions::{Function, Operation, RankFunction};
use super::kind::Type;
use super::tree::{Comparison, Junction, Operator};
use crate::syntax::vocabulary::{Aggregate, ColumnType};
use crate::values::datetime::DateTime;

/// A part of a formula whose names are resolved and whose types fit.
#[derive(Debug, Clone)]
pub struct Typed {
    /// The kind of the part, with its own parts.
    pub node: TypedNode,
    /// The type of its value.
    pub result: Type,
    /// For an integer, the largest absolute value that it may have.
    pub largest: u128,
    /// Whether it is one value over all rows.
    pub is_aggregate: bool,
    /// Whether it depends on a rank.
    pub is_ranked: bool,
    /// Why it may be NULL, for a message. Floats and datetimes that are too large, which are NULL too, do not count.
    pub null: Option<&'static str>,
    /// How many parts it has, including those of the measures that it refers to.
    pub parts: usize,
    /// Whether it is a measure of an unknown formula. It may be one value over all rows, an integer may be a condition,
    /// and a float an integer.
    pub(super) is_opaque: bool,
    /// For text, its maximum length as a multiple of the length of its input.
    pub(super) growth: usize,
    /// Whether it may be an infinite or NaN float, which means NULL.
    pub(super) is_unchecked: bool,
    /// How many operations are nested in it, including those of the measures that it refers to.
    pub(super) depth: usize,
}

/// The kind of a [`Typed`] part.
#[derive(Debug, Clone)]
pub enum TypedNode {
    /// An integer without its sign.
    Int(u64),
    /// A finite float.
    Float(f64),
    /// Text.
    Text(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A datetime in UTC.
    DateTime(DateTime),
    /// `null`.
    Null,
    /// A column of the rows, by its name.
    Column(String),
    /// A measure that the formula refers to.
    Measure(Arc<Typed>),
    /// `-x`
    Negative(Box<Typed>),
    /// `not x`
    Not(Box<Typed>),
    /// `x + y`
    Arithmetic(Operator, Box<Typed>, Box<Typed>),
    /// `x < y`, of two values of one type or two numbers.
    Comparison(Comparison, Box<Typed>, Box<Typed>),
    /// `x in (y, z)`, of values of one type or numbers.
    In {
        /// The value to look for, then the values of the list.
        parts: Vec<Typed>,
        /// True for `not in`.
        is_negated: bool,
    },
    /// `x and y and z`
    Junction(Junction, Vec<Typed>),
    /// A function of one row.
    Call {
        /// The signature.
        function: &'static Function,
        /// Which function it is.
        operation: Operation,
        /// The arguments, each of a type that its parameter accepts.
        arguments: Vec<Typed>,
    },
    /// The rank of the row among all rows.
    Rank(Rank),
    /// An aggregate over all rows.
    Aggregate(AggregateCall),
}

/// A call of a function that ranks the row.
#[derive(Debug, Clone)]
pub struct Rank {
    /// A number that is unique among the calls in all formulas of a query.
    pub number: usize,
    /// The function.
    pub function: RankFunction,
    /// The value that is ranked.
    pub value: Box<Typed>,
    /// Whether the smallest value has the rank 1.
    pub is_ascending: bool,
    /// The values that rows must have in common to be compared.
    pub groups: Vec<Typed>,
}

/// A call of an aggregate.
#[derive(Debug, Clone)]
pub struct AggregateCall {
    /// The aggregate; `None` counts.
    pub aggregate: Option<Aggregate>,
    /// The values; `None` for the rows themselves.
    pub argument: Option<Box<Typed>>,
    /// The condition that a row must meet, if any.
    pub condition: Option<Box<Typed>>,
}

/// The largest absolute value of an integer of 64 bits that can also be negated.
const LARGEST: u128 = i64::MAX.unsigned_abs() as u128;

impl Typed {
    /// Returns a column of the rows. `largest` is the largest absolute value in an integer column.
    #[must_use]
    pub fn column(name: &str, column_type: ColumnType, largest: u128) -> Typed {
        let column = Typed::leaf(TypedNode::Column(name.to_owned()), Type::Column(column_type));
        let column = column.or_null(Some("a column that it refers to may be NULL"));
        if column_type == ColumnType::Int { column.within(largest) } else { column }
    }

    /// Returns a measure whose formula is not known.
    #[must_use]
    pub fn opaque_measure(name: &str, column_type: ColumnType) -> Typed {
        Typed { is_opaque: true, ..Typed::column(name, column_type, LARGEST) }
    }

    /// Returns the same part, which is never NULL.
    #[must_use]
    pub fn never_null(self) -> Typed {
        Typed { null: None, ..self }
    }

    /// Returns the type of the cells of a result.
    #[must_use]
    pub fn column_type(&self) -> ColumnType {
        self.result.column_type()
    }

    /// Returns true if the sum over this many rows may not fit 64 bits.
    #[must_use]
    pub fn sum_may_overflow(&self, rows: u128) -> bool {
        self.largest.saturating_mul(rows) > LARGEST
    }

    /// Returns true if an integer fits 64 bits, with either sign.
    #[must_use]
    pub fn fits_64_bits(&self) -> bool {
        self.largest <= LARGEST
    }

    /// Returns true if it may be an infinite or NaN float, which means NULL.
    #[must_use]
    pub fn is_unchecked(&self) -> bool {
        self.is_unchecked
    }

    /// Returns true if it is a condition, or a measure of an unknown formula that may be one.
    pub(super) fn may_be_condition(&self) -> bool {
        self.result == Type::Boolean || self.is_opaque && self.result.is_numeric()
    }

    pub(super) fn measure(measure: &Arc<Typed>) -> Typed {
        Typed { node: TypedNode::Measure(Arc::clone(measure)), depth: measure.depth + 1, ..**measure }
    }

    pub(super) fn leaf(node: TypedNode, result: Type) -> Typed {
        Typed {
            node,
            result,
            largest: 1,
            growth: 1,
            is_aggregate: false,
            is_ranked: false,
            is_unchecked: false,
            null: None,
            is_opaque: false,
            parts: 1,
            depth: 0,
        }
    }

    /// Returns an operation on parts of this cost.
    pub(super) fn operation(node: TypedNode, result: Type, cost: Cost) -> Typed {
        let Cost { parts, depth, is_aggregate, is_ranked, null } = cost;
        Typed {
            is_aggregate,
            is_ranked,
            null,
            parts: parts.saturating_add(1),
            depth: depth + 1,
            ..Typed::leaf(node, result)
        }
    }

    /// Adds this many nested operations.
    pub(super) fn deeper(self, operations: usize) -> Typed {
        Typed { parts: self.parts.saturating_add(operations), depth: self.depth + operations, ..self }
    }

    /// Adds a reason why it may be NULL.
    pub(super) fn or_null(self, reason: Option<&'static str>) -> Typed {
        Typed { null: self.null.or(reason), ..self }
    }

    pub(super) fn within(self, largest: u128) -> Typed {
        Typed { largest, ..self }
    }

    pub(super) fn grown(self, growth: usize) -> Typed {
        Typed { growth, ..self }
    }

    pub(super) fn unchecked(self, is_unchecked: bool) -> Typed {
        Typed { is_unchecked, ..self }
    }
}

/// How many operations turn an infinite or NaN float into NULL.
pub(super) const GUARDS: usize = 4;

/// The cost of the parts of an operation.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    pub(super) parts: usize,
    pub(super) depth: usize,
    pub(super) is_aggregate: bool,
    pub(super) is_ranked: bool,
    pub(super) null: Option<&'static str>,
}

impl Cost {
    /// Returns the cost of operands that are used as they are.
    pub(super) fn of<'a>(operands: impl IntoIterator<Item = &'a Typed>) -> Cost {
        let mut cost = Cost { parts: 0, depth: 0, is_aggregate: false, is_ranked: false, null: None };
        for operand in operands {
            cost.parts = cost.parts.saturating_add(operand.parts);
            cost.depth = cost.depth.max(operand.depth);
            cost.is_aggregate |= operand.is_aggregate;
            cost.is_ranked |= operand.is_ranked;
            cost.null = cost.null.or(operand.null);
        }
        cost
    }

    /// Returns the cost of operands whose infinite and NaN floats become NULL first.
    pub(super) fn of_cells<'a>(operands: impl IntoIterator<Item = &'a Typed> + Clone) -> Cost {
        let unchecked = operands.clone().into_iter().filter(|operand| operand.is_unchecked).count();
        let cost = Cost::of(operands);
        let depth = if unchecked > 0 { cost.depth + GUARDS } else { cost.depth };
        Cost { parts: cost.parts.saturating_add(unchecked * GUARDS), depth, ..cost }
    }

    /// Returns the cost if each operand is repeated this many times.
    pub(super) fn times(self, uses: usize) -> Cost {
        Cost { parts: self.parts.saturating_mul(uses), ..self }
    }
}
