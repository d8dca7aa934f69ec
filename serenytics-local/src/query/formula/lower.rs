//! Formulas as DataFusion expressions.
//!
//! Integers are computed in 64 bits where it is known that they fit, and wide otherwise: what comes out of a formula has
//! 64 bits again, or is an error. A float that is no finite number comes out as NULL. A measure stands for its formula.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::functions::expr_fn::nullif;
use datafusion::logical_expr::cast;
use datafusion::prelude::{Expr, lit};
use serenytics_query::vocabulary::{Aggregate, ColumnType};

use super::super::aggregate::{AGGREGATE, aggregated, row_count};
use super::super::condition::{column, one_zero};
use super::tree::Operator;
use super::types::{Typed, TypedNode};

/// Integers of 128 bits: what two of 64 bits come to always fits, and what does not is an error and never wraps.
const WIDE: DataType = DataType::Decimal128(38, 0);

/// The cell that the formula of a measure gives for a row.
pub(crate) fn cell(typed: &Typed) -> Expr {
    Lowering::default().narrow(typed)
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
        let number = lowering.narrow(typed);
        Totals { aggregates: lowering.aggregates, number }
    }
}

#[derive(Default)]
struct Lowering {
    aggregates: Vec<Expr>,
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
    /// A formula whose integers have 64 bits and whose floats are finite: others are an error, and NULL.
    fn narrow(&mut self, typed: &Typed) -> Expr {
        let lowered = self.lower(typed);
        if lowered.is_wide {
            return cast(lowered.expr, DataType::Int64);
        }
        if typed.column_type != ColumnType::Float || !typed.is_operation() {
            return lowered.expr;
        }
        // Arrow compares floats by their bits, and a processor makes its NaN with a sign of its own.
        let refused = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN];
        refused.into_iter().fold(lowered.expr, |expr, value| nullif(expr, lit(value)))
    }

    fn lower(&mut self, typed: &Typed) -> Lowered {
        match &typed.node {
            TypedNode::Int(value) => match i64::try_from(*value) {
                Ok(value) => Lowered::plain(lit(value)),
                Err(_) => Lowered::wide(lit(ScalarValue::Decimal128(Some(i128::from(*value)), 38, 0))),
            },
            TypedNode::Float(value) => Lowered::plain(lit(*value)),
            TypedNode::Text(text) => Lowered::plain(lit(ScalarValue::Utf8View(Some(text.clone())))),
            TypedNode::Column(name) => Lowered::plain(column(name)),
            TypedNode::Measure(measure) => self.lower(measure),
            TypedNode::Negative(operand) => {
                let lowered = self.lower(operand);
                if lowered.is_wide || !fits(operand) {
                    Lowered::wide(Expr::Negative(Box::new(lowered.into_wide())))
                } else {
                    Lowered::plain(Expr::Negative(Box::new(lowered.expr)))
                }
            }
            TypedNode::Arithmetic(operator, left, right) if typed.column_type == ColumnType::Int => {
                self.integers(typed, *operator, left, right)
            }
            TypedNode::Arithmetic(operator, left, right) => Lowered::plain(self.floats(*operator, left, right)),
            TypedNode::Aggregate(aggregate, argument) => {
                let sum_may_wrap =
                    *aggregate == Aggregate::Sum && argument.column_type == ColumnType::Int && !fits(typed);
                let cell = self.narrow(argument);
                let expr = self.aggregate(aggregated(*aggregate, cell, argument.column_type, sum_may_wrap));
                Lowered { expr, is_wide: sum_may_wrap }
            }
            TypedNode::Count => Lowered::plain(self.aggregate(row_count())),
        }
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
            Operator::Remainder => (right.is_literal_but_zero(), !fits(left)),
            _ => (true, !fits(result)),
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
        if typed.column_type == ColumnType::Int { cast(lowered.expr, DataType::Float64) } else { lowered.expr }
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

/// Whether nothing of it is an integer that needs more than 64 bits, whatever its sign is.
fn fits(typed: &Typed) -> bool {
    typed.column_type != ColumnType::Int || typed.largest <= u128::from(i64::MAX.unsigned_abs())
}
