//! Lowers a checked formula to DataFusion expressions.
//!
//! Integers are computed with 64 bits where the result is known to fit, and with 128 bits otherwise. The result of a
//! formula has 64 bits; a larger one is an error. A float that is infinite or NaN becomes NULL. A measure is inlined.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::functions::expr_fn::nullif;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::functions_window::rank::{dense_rank_udwf, rank_udwf};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{WindowUDF, and, cast, or};
use datafusion::prelude::{Expr, lit};
use serenytics_query::formula::{
    AggregateCall, Comparison, Function, Junction, Operation, Operator, Rank, RankFunction, Returns, Type, Typed,
    TypedNode,
};
use serenytics_query::vocabulary::{Aggregate, ColumnType};

use super::functions::{Arguments, WIDE, case_when, datetime, lower_operation, text};
use crate::query::expression::{AGGREGATE, aggregated, balanced, column, row_count, unify_zeros};
use crate::rows::query_type;

/// Lowers the formula of a measure to the cell of a row.
pub(crate) fn cell(typed: &Typed) -> Expr {
    Lowering::default().result(typed)
}

/// A lowered value formula: the aggregates over the rows, and the number computed from them.
pub(crate) struct Totals {
    /// The aggregates, named [`AGGREGATE`] and their index.
    pub(crate) aggregates: Vec<Expr>,
    /// The number, in which the aggregates are columns.
    pub(crate) number: Expr,
}

impl Totals {
    /// Lowers a value formula.
    pub(crate) fn of(typed: &Typed) -> Totals {
        let mut lowering = Lowering::default();
        let number = lowering.result(typed);
        if lowering.aggregates.is_empty() {
            // A formula of constants is one number, too: a plan without an aggregate has many rows.
            lowering.aggregate(row_count());
        }
        Totals { aggregates: lowering.aggregates, number }
    }
}

/// A rank among all rows: a column that must be added to the rows before they are filtered or grouped.
pub(crate) struct RankColumn {
    /// The column's name in [`cell`] and [`Totals`]. It has a control character, which no other column's name has.
    pub(crate) name: String,
    pub(crate) window: Arc<WindowUDF>,
    /// The value that is ranked. NULL has no rank.
    pub(crate) value: Expr,
    pub(crate) is_ascending: bool,
    /// The values that rows must have in common to be compared.
    pub(crate) groups: Vec<Expr>,
}

/// Returns the ranks that a formula needs.
pub(crate) fn ranks(typed: &Typed) -> Vec<RankColumn> {
    let mut lowering = Lowering::default();
    lowering.result(typed);
    lowering.ranks
}

/// Lowers the parts of one formula, and collects its aggregates and ranks.
#[derive(Default)]
struct Lowering {
    aggregates: Vec<Expr>,
    ranks: Vec<RankColumn>,
}

/// A lowered part of a formula.
struct Lowered {
    expr: Expr,
    /// Whether it is an integer of 128 bits.
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
    /// Lowers a formula to the cell of a result, in which a condition is 1 or 0.
    fn result(&mut self, typed: &Typed) -> Expr {
        let cell = self.narrow(typed);
        if typed.result == Type::Boolean { cast(cell, DataType::Int64) } else { cell }
    }

    /// Lowers a part to an integer of 64 bits or a finite float. A larger integer is an error; another float is NULL.
    fn narrow(&mut self, typed: &Typed) -> Expr {
        let lowered = self.lower(typed);
        if lowered.is_wide {
            return cast(lowered.expr, DataType::Int64);
        }
        if typed.is_unchecked() { finite(lowered.expr) } else { lowered.expr }
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
            TypedNode::DateTime(value) => Lowered::plain(datetime(*value)),
            TypedNode::Null => Lowered::plain(cast(lit(ScalarValue::Null), data_type(typed.result))),
            TypedNode::Column(name) => Lowered::plain(column(name)),
            TypedNode::Measure(measure) => self.lower(measure),
            TypedNode::Negative(operand) => {
                let lowered = self.lower(operand);
                if typed.result == Type::INT && (lowered.is_wide || !operand.fits_64_bits()) {
                    Lowered::wide(Expr::Negative(Box::new(lowered.into_wide())))
                } else {
                    Lowered::plain(Expr::Negative(Box::new(lowered.expr)))
                }
            }
            TypedNode::Not(operand) => Lowered::plain(Expr::Not(Box::new(self.narrow(operand)))),
            TypedNode::Arithmetic(operator, left, right) if typed.result == Type::INT => {
                self.integers(typed, *operator, left, right)
            }
            TypedNode::Arithmetic(operator, left, right) => Lowered::plain(self.floats(*operator, left, right)),
            TypedNode::Comparison(comparison, left, right) => {
                Lowered::plain(match self.comparable(&[left.as_ref(), right.as_ref()]).as_slice() {
                    [left, right] => compared(*comparison, left.clone(), right.clone()),
                    _ => lit(ScalarValue::Boolean(None)),
                })
            }
            TypedNode::In { parts, is_negated } => Lowered::plain(self.is_in(parts, *is_negated)),
            TypedNode::Junction(junction, parts) => {
                let parts = parts.iter().map(|part| self.narrow(part)).collect();
                let combined = match junction {
                    Junction::And => balanced(parts, and),
                    Junction::Or => balanced(parts, or),
                };
                Lowered::plain(combined.unwrap_or_else(|| lit(ScalarValue::Boolean(None))))
            }
            TypedNode::Call { function, operation, arguments } => {
                Lowered::plain(self.call(function, *operation, arguments, typed.result))
            }
            TypedNode::Rank(rank) => Lowered::plain(self.rank(rank)),
            TypedNode::Aggregate(call) => self.aggregate_call(call, typed),
        }
    }

    /// Lowers the call of a function and casts its result to the type that the checker found.
    fn call(&mut self, function: &Function, operation: Operation, arguments: &[Typed], result: Type) -> Expr {
        let chooses_float = function.returns == Returns::Alike && result == Type::FLOAT;
        let cells = arguments.iter().map(|argument| {
            let cell = self.narrow(argument);
            if chooses_float && argument.result == Type::INT { cast(cell, DataType::Float64) } else { cell }
        });
        let arguments = Arguments::new(cells.collect(), arguments);
        let value = cast(lower_operation(operation, &arguments), data_type(result));
        if function.returns == Returns::UncheckedFloat { finite(value) } else { value }
    }

    /// Lowers a rank to a reference to its column.
    fn rank(&mut self, rank: &Rank) -> Expr {
        let mut key = |typed: &Typed| unify_zeros(self.narrow(typed), typed.column_type());
        let (value, groups) = (key(&rank.value), rank.groups.iter().map(&mut key).collect());
        let name = format!("\u{2}{}", rank.number);
        let reference = column(&name);
        let window = match rank.function {
            RankFunction::Rank => rank_udwf(),
            RankFunction::DenseRank => dense_rank_udwf(),
        };
        self.ranks.push(RankColumn { name, window, value, is_ascending: rank.is_ascending, groups });
        reference
    }

    /// Lowers `in`: the first value is looked for among the others.
    fn is_in(&mut self, parts: &[Typed], is_negated: bool) -> Expr {
        let are_literals = parts.iter().skip(1).all(Typed::is_literal);
        let mut parts = self.comparable(&parts.iter().collect::<Vec<_>>()).into_iter();
        let Some(operand) = parts.next() else { return lit(ScalarValue::Boolean(None)) };
        if are_literals {
            return Expr::InList(InList::new(Box::new(operand), parts.collect(), is_negated));
        }
        // DataFusion drops the NULLs of a computed list if the operand is a constant.
        let equal = parts.map(|part| operand.clone().eq(part)).collect();
        let is_in = balanced(equal, or).unwrap_or_else(|| lit(ScalarValue::Boolean(None)));
        if is_negated { Expr::Not(Box::new(is_in)) } else { is_in }
    }

    /// Lowers values for a comparison: to floats without negative zero if any is a float, to wide
    /// integers if any is wide.
    fn comparable(&mut self, parts: &[&Typed]) -> Vec<Expr> {
        if parts.iter().any(|part| part.result == Type::FLOAT) {
            return parts.iter().map(|part| self.without_negative_zero(part)).collect();
        }
        if parts.iter().all(|part| part.result == Type::INT) {
            let lowered: Vec<Lowered> = parts.iter().map(|part| self.lower(part)).collect();
            let is_wide = lowered.iter().any(|part| part.is_wide);
            return lowered.into_iter().map(|part| if is_wide { part.into_wide() } else { part.expr }).collect();
        }
        parts.iter().map(|part| self.narrow(part)).collect()
    }

    /// Lowers a number to a float without negative zero, which Arrow does not consider equal to zero.
    fn without_negative_zero(&mut self, typed: &Typed) -> Expr {
        let float = match self.lower(typed) {
            lowered if typed.result == Type::INT => return cast(lowered.expr, DataType::Float64),
            lowered if typed.is_unchecked() => finite(lowered.expr),
            lowered => lowered.expr,
        };
        if typed.is_nonzero_literal() { float } else { unify_zeros(float, ColumnType::Float) }
    }

    /// Lowers an aggregate. A row that does not meet its condition counts as NULL.
    fn aggregate_call(&mut self, call: &AggregateCall, typed: &Typed) -> Lowered {
        let condition = call.condition.as_ref().map(|condition| self.narrow(condition));
        let argument = call.argument.as_ref().map(|argument| self.narrow(argument));
        let filtered = |value: Expr| match condition.clone() {
            Some(condition) => case_when(vec![(condition, value)], None),
            None => value,
        };
        let argument_type = call.argument.as_ref().map_or(ColumnType::Int, |argument| argument.column_type());
        let (Some(aggregate), Some(argument)) = (call.aggregate, argument.clone()) else {
            let counted = match (argument, &condition) {
                (None, None) => row_count(),
                (argument, _) => count(filtered(argument.unwrap_or_else(|| lit(1_i64)))),
            };
            return Lowered::plain(self.aggregate(counted));
        };
        let sum_may_wrap = aggregate == Aggregate::Sum && typed.result == Type::INT && !typed.fits_64_bits();
        let expr = self.aggregate(aggregated(aggregate, filtered(argument), argument_type, sum_may_wrap));
        Lowered { expr, is_wide: sum_may_wrap }
    }

    /// Adds an aggregate and returns its column.
    fn aggregate(&mut self, aggregate: Expr) -> Expr {
        let name = format!("{AGGREGATE}{}", self.aggregates.len());
        self.aggregates.push(aggregate.alias(&name));
        column(&name)
    }

    /// Lowers an operation of integers whose result is an integer.
    fn integers(&mut self, result: &Typed, operator: Operator, left: &Typed, right: &Typed) -> Lowered {
        let (is_zero_safe, may_wrap) = match operator {
            // Arrow computes the remainder of the smallest integer by -1 with a division, which overflows.
            Operator::Remainder => (right.is_nonzero_literal(), !left.fits_64_bits()),
            _ => (true, !result.fits_64_bits()),
        };
        let (left, right) = (self.lower(left), self.lower(right));
        let is_wide = may_wrap || left.is_wide || right.is_wide;
        let (left, right) = if is_wide { (left.into_wide(), right.into_wide()) } else { (left.expr, right.expr) };
        let zero = || if is_wide { lit(ScalarValue::Decimal128(Some(0), 38, 0)) } else { lit(0_i64) };
        let right = if is_zero_safe { right } else { nullif(right, zero()) };
        Lowered { expr: operation(operator, left, right), is_wide }
    }

    /// Lowers an operation whose result is a float.
    fn floats(&mut self, operator: Operator, left: &Typed, right: &Typed) -> Expr {
        let is_zero_safe = !operator.divides() || right.is_nonzero_literal();
        let left = self.float(left);
        let right = self.float(right);
        let right = if is_zero_safe { right } else { nullif(unify_zeros(right, ColumnType::Float), lit(0.0)) };
        operation(operator, left, right)
    }

    fn float(&mut self, typed: &Typed) -> Expr {
        let lowered = self.lower(typed);
        if typed.result == Type::INT { cast(lowered.expr, DataType::Float64) } else { lowered.expr }
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

/// Turns an infinite or NaN float into NULL.
fn finite(float: Expr) -> Expr {
    // Arrow compares floats by their bits, and processors differ in the sign of NaN.
    let not_finite = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN];
    not_finite.into_iter().fold(float, |expr, value| nullif(expr, lit(value)))
}

/// Returns the type of values in a plan.
fn data_type(result: Type) -> DataType {
    match result {
        Type::Column(column_type) => query_type(column_type),
        Type::Boolean => DataType::Boolean,
        Type::Null => DataType::Null,
    }
}
