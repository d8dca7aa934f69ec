//! Formulas as DataFusion expressions.
//!
//! Integers are computed in 64 bits where it is known that they fit, and wide otherwise: what comes out of a formula has
//! 64 bits again, or is an error. A float that is no finite number comes out as NULL. A measure stands for its formula.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::functions::expr_fn::nullif;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{WindowUDF, and, cast, or};
use datafusion::prelude::{Expr, lit};
use serenytics_query::vocabulary::{Aggregate, ColumnType};

use super::super::aggregate::{AGGREGATE, aggregated, row_count};
use super::super::condition::{column, one_zero};
use super::functions::{Arguments, Function, Gives, Meaning, balanced, chosen, text};
use super::tree::{Comparison, Junction, Operator};
use super::types::{Ranked, Total, Type, Typed, TypedNode};
use crate::storage::query_type;

/// Integers of 128 bits: what two of 64 bits come to always fits, and what does not is an error and never wraps.
pub(super) const WIDE: DataType = DataType::Decimal128(38, 0);

/// The cell that the formula of a measure gives for a row.
pub(crate) fn cell(typed: &Typed) -> Expr {
    Lowering::default().answered(typed)
}

/// A value formula: what is aggregated over the rows, and what is made of it.
pub(crate) struct Totals {
    /// The aggregates, called by [`AGGREGATE`] and their number.
    pub(crate) aggregates: Vec<Expr>,
    /// The number, in which the aggregates are columns.
    pub(crate) number: Expr,
}

impl Totals {
    /// The parts of a value formula.
    pub(crate) fn of(typed: &Typed) -> Totals {
        let mut lowering = Lowering::default();
        let number = lowering.answered(typed);
        Totals { aggregates: lowering.aggregates, number }
    }
}

/// A place among all rows: a column that has to be added to the rows before anything else is done with them.
pub(crate) struct Rank {
    /// The column's name in [`cell`] and [`Totals`]. It has a control character, which no other column's name has.
    pub(crate) name: String,
    pub(crate) window: Arc<WindowUDF>,
    /// What the place is by; NULL has none.
    pub(crate) value: Expr,
    pub(crate) is_ascending: bool,
    /// What rows have to have in common to be compared.
    pub(crate) groups: Vec<Expr>,
}

/// The places among all rows that a formula needs.
pub(crate) fn ranks(typed: &Typed) -> Vec<Rank> {
    let mut lowering = Lowering::default();
    lowering.answered(typed);
    lowering.ranks
}

#[derive(Default)]
struct Lowering {
    aggregates: Vec<Expr>,
    ranks: Vec<Rank>,
}

/// A part of a formula as an expression.
struct Lowered {
    expr: Expr,
    /// Whether it is an integer that is computed wide.
    is_wide: bool,
}

impl Lowered {
    fn plain(expr: Expr) -> Lowered {
        Lowered { expr, is_wide: false }
    }

    fn wide(expr: Expr) -> Lowered {
        Lowered { expr, is_wide: true }
    }

    fn into_wide(self) -> Expr {
        if self.is_wide { self.expr } else { cast(self.expr, WIDE) }
    }
}

impl Lowering {
    /// A formula as a cell of an answer, which has no conditions.
    fn answered(&mut self, typed: &Typed) -> Expr {
        let cell = self.narrow(typed);
        if typed.gives == Type::Boolean { cast(cell, DataType::Int64) } else { cell }
    }

    /// A formula whose integers have 64 bits and whose floats are finite: others are an error, and NULL.
    fn narrow(&mut self, typed: &Typed) -> Expr {
        let lowered = self.lower(typed);
        if lowered.is_wide {
            return cast(lowered.expr, DataType::Int64);
        }
        if typed.is_unbound() { finite(lowered.expr) } else { lowered.expr }
    }

    fn lower(&mut self, typed: &Typed) -> Lowered {
        match &typed.node {
            TypedNode::Int(value) => match i64::try_from(*value) {
                Ok(value) => Lowered::plain(lit(value)),
                Err(_) => Lowered::wide(lit(ScalarValue::Decimal128(Some(i128::from(*value)), 38, 0))),
            },
            TypedNode::Float(value) => Lowered::plain(lit(*value)),
            TypedNode::Text(value) => Lowered::plain(text(value)),
            TypedNode::Boolean(value) => Lowered::plain(lit(*value)),
            TypedNode::DateTime(microseconds) => {
                Lowered::plain(lit(ScalarValue::TimestampMicrosecond(Some(*microseconds), None)))
            }
            TypedNode::Null => Lowered::plain(cast(lit(ScalarValue::Null), data_type(typed.gives))),
            TypedNode::Column(name) => Lowered::plain(column(name)),
            TypedNode::Measure(measure) => self.lower(measure),
            TypedNode::Negative(operand) => {
                let lowered = self.lower(operand);
                if typed.gives == Type::INT && (lowered.is_wide || !operand.fits()) {
                    Lowered::wide(Expr::Negative(Box::new(lowered.into_wide())))
                } else {
                    Lowered::plain(Expr::Negative(Box::new(lowered.expr)))
                }
            }
            TypedNode::Not(operand) => Lowered::plain(Expr::Not(Box::new(self.narrow(operand)))),
            TypedNode::Arithmetic(operator, left, right) if typed.gives == Type::INT => {
                self.integers(typed, *operator, left, right)
            }
            TypedNode::Arithmetic(operator, left, right) => Lowered::plain(self.floats(*operator, left, right)),
            TypedNode::Comparison(comparison, left, right) => {
                Lowered::plain(match self.comparable(&[left.as_ref(), right.as_ref()]).as_slice() {
                    [left, right] => compared(*comparison, left.clone(), right.clone()),
                    _ => lit(ScalarValue::Boolean(None)),
                })
            }
            TypedNode::In(parts, is_negated) => Lowered::plain(self.is_in(parts, *is_negated)),
            TypedNode::Junction(junction, parts) => {
                let parts = parts.iter().map(|part| self.narrow(part)).collect();
                let joined = match junction {
                    Junction::And => balanced(parts, and),
                    Junction::Or => balanced(parts, or),
                };
                Lowered::plain(joined.unwrap_or_else(|| lit(ScalarValue::Boolean(None))))
            }
            TypedNode::Function(function, arguments) => Lowered::plain(self.function(function, arguments, typed.gives)),
            TypedNode::Rank(ranked) => Lowered::plain(self.rank(ranked)),
            TypedNode::Total(total) => self.total(total, typed),
        }
    }

    /// A call of a function. What its built-in functions give is brought to the type that it is known to have.
    fn function(&mut self, function: &Function, arguments: &[Typed], gives: Type) -> Expr {
        let chooses_float = function.gives == Gives::Alike && gives == Type::FLOAT;
        let cells = arguments.iter().map(|argument| {
            let cell = self.narrow(argument);
            if chooses_float && argument.gives == Type::INT { cast(cell, DataType::Float64) } else { cell }
        });
        let arguments = Arguments::new(cells.collect(), arguments);
        let value = match &function.meaning {
            Meaning::Row(row) => (row.lower)(&arguments),
            _ => lit(ScalarValue::Null),
        };
        let value = cast(value, data_type(gives));
        if function.gives == Gives::Unbound { finite(value) } else { value }
    }

    /// A place among all rows.
    fn rank(&mut self, ranked: &Ranked) -> Expr {
        let mut key = |typed: &Typed| one_zero(self.narrow(typed), typed.column_type());
        let (value, groups) = (key(&ranked.value), ranked.groups.iter().map(&mut key).collect());
        let name = format!("\u{2}{}", ranked.number);
        let place = column(&name);
        self.ranks.push(Rank { name, window: (ranked.window)(), value, is_ascending: ranked.is_ascending, groups });
        place
    }

    /// Whether the first value is among the others.
    fn is_in(&mut self, parts: &[Typed], is_negated: bool) -> Expr {
        let are_written = parts.iter().skip(1).all(Typed::is_literal);
        let mut parts = self.comparable(&parts.iter().collect::<Vec<_>>()).into_iter();
        let Some(operand) = parts.next() else { return lit(ScalarValue::Boolean(None)) };
        if are_written {
            return Expr::InList(InList::new(Box::new(operand), parts.collect(), is_negated));
        }
        // A list in which something is computed loses its NULLs where the operand is a constant.
        let equal = parts.map(|part| operand.clone().eq(part)).collect();
        let is_in = balanced(equal, or).unwrap_or_else(|| lit(ScalarValue::Boolean(None)));
        if is_negated { Expr::Not(Box::new(is_in)) } else { is_in }
    }

    /// Values as they can be compared: numbers as wide integers if one is, else as floats if one is, in which there is
    /// one zero.
    fn comparable(&mut self, parts: &[&Typed]) -> Vec<Expr> {
        if parts.iter().any(|part| part.gives == Type::FLOAT) {
            return parts.iter().map(|part| self.unsigned(part)).collect();
        }
        if parts.iter().all(|part| part.gives == Type::INT) {
            let lowered: Vec<Lowered> = parts.iter().map(|part| self.lower(part)).collect();
            let is_wide = lowered.iter().any(|part| part.is_wide);
            return lowered.into_iter().map(|part| if is_wide { part.into_wide() } else { part.expr }).collect();
        }
        parts.iter().map(|part| self.narrow(part)).collect()
    }

    /// A number as a float whose zero has no sign: Arrow takes the zeros of both signs for two numbers.
    fn unsigned(&mut self, typed: &Typed) -> Expr {
        let float = match self.lower(typed) {
            lowered if typed.gives == Type::INT => return cast(lowered.expr, DataType::Float64),
            lowered if typed.is_unbound() => finite(lowered.expr),
            lowered => lowered.expr,
        };
        if typed.is_literal_but_zero() { float } else { one_zero(float, ColumnType::Float) }
    }

    /// An aggregate over all rows.
    fn total(&mut self, total: &Total, typed: &Typed) -> Lowered {
        let condition = total.condition.as_ref().map(|condition| self.narrow(condition));
        let argument = total.argument.as_ref().map(|argument| self.narrow(argument));
        let taken = |value: Expr| match condition.clone() {
            Some(condition) => chosen(vec![(condition, value)], None),
            None => value,
        };
        let argument_type = total.argument.as_ref().map_or(ColumnType::Int, |argument| argument.column_type());
        let (Some(aggregate), Some(argument)) = (total.aggregate, argument.clone()) else {
            let counted = match (argument, &condition) {
                (None, None) => row_count(),
                (argument, _) => count(taken(argument.unwrap_or_else(|| lit(1_i64)))),
            };
            return Lowered::plain(self.aggregate(counted));
        };
        let sum_may_wrap = aggregate == Aggregate::Sum && typed.gives == Type::INT && !typed.fits();
        let expr = self.aggregate(aggregated(aggregate, taken(argument), argument_type, sum_may_wrap));
        Lowered { expr, is_wide: sum_may_wrap }
    }

    fn aggregate(&mut self, aggregate: Expr) -> Expr {
        let name = format!("{AGGREGATE}{}", self.aggregates.len());
        self.aggregates.push(aggregate.alias(&name));
        column(&name)
    }

    /// An operation of integers that gives an integer.
    fn integers(&mut self, result: &Typed, operator: Operator, left: &Typed, right: &Typed) -> Lowered {
        let (is_zero_safe, may_wrap) = match operator {
            // The remainder of the smallest integer by -1 is computed by a division, which overflows.
            Operator::Remainder => (right.is_literal_but_zero(), !left.fits()),
            _ => (true, !result.fits()),
        };
        let (left, right) = (self.lower(left), self.lower(right));
        let is_wide = may_wrap || left.is_wide || right.is_wide;
        let (left, right) = if is_wide { (left.into_wide(), right.into_wide()) } else { (left.expr, right.expr) };
        let zero = || if is_wide { lit(ScalarValue::Decimal128(Some(0), 38, 0)) } else { lit(0_i64) };
        let right = if is_zero_safe { right } else { nullif(right, zero()) };
        Lowered { expr: operation(operator, left, right), is_wide }
    }

    /// An operation that gives a float.
    fn floats(&mut self, operator: Operator, left: &Typed, right: &Typed) -> Expr {
        let is_zero_safe = !operator.divides() || right.is_literal_but_zero();
        let left = self.float(left);
        let right = self.float(right);
        let right = if is_zero_safe { right } else { nullif(one_zero(right, ColumnType::Float), lit(0.0)) };
        operation(operator, left, right)
    }

    fn float(&mut self, typed: &Typed) -> Expr {
        let lowered = self.lower(typed);
        if typed.gives == Type::INT { cast(lowered.expr, DataType::Float64) } else { lowered.expr }
    }
}

fn operation(operator: Operator, left: Expr, right: Expr) -> Expr {
    match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Remainder => left % right,
    }
}

fn compared(comparison: Comparison, left: Expr, right: Expr) -> Expr {
    match comparison {
        Comparison::Equal => left.eq(right),
        Comparison::NotEqual => left.not_eq(right),
        Comparison::Less => left.lt(right),
        Comparison::LessOrEqual => left.lt_eq(right),
        Comparison::Greater => left.gt(right),
        Comparison::GreaterOrEqual => left.gt_eq(right),
    }
}

/// A float, or NULL for one that is not finite.
fn finite(float: Expr) -> Expr {
    // Arrow compares floats by their bits, and a processor makes its NaN with a sign of its own.
    let refused = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN];
    refused.into_iter().fold(float, |expr, value| nullif(expr, lit(value)))
}

/// The type of the values inside of a plan.
fn data_type(gives: Type) -> DataType {
    match gives {
        Type::Column(column_type) => query_type(column_type),
        Type::Boolean => DataType::Boolean,
        Type::Null => DataType::Null,
    }
}
