//! Lowers the conditions of `where` to DataFusion expressions.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::prelude::{Expr, lit};
use serenytics_query::check::{TypedValue, typed_value};
use serenytics_query::decimal::Neighbors;
use serenytics_query::stage::{Condition, ConditionOperand, Value};
use serenytics_query::vocabulary::{ColumnType, Operator};

use super::columns::{Columns, RowColumn};
use crate::base::Error;
use crate::query::expression::{balanced, unchecked};
use crate::rows::microseconds;

/// Joins all conditions by `and`, in a balanced tree.
pub(super) fn all(conditions: &[Condition], columns: &Columns<'_>) -> Result<Option<Expr>, Error> {
    let joined = conditions.iter().map(|condition| one(condition, columns)).collect::<Result<Vec<_>, _>>()?;
    Ok(balanced(joined, Expr::and))
}

fn one(condition: &Condition, columns: &Columns<'_>) -> Result<Expr, Error> {
    let RowColumn { cell: left, column_type } = columns.row_column(&condition.column.text)?;
    let operator = condition.operator.ok_or_else(|| unchecked("an unknown operator"))?;
    let typed = match &condition.operand {
        ConditionOperand::Scalar(value) => Some(typed_literal(value, column_type)?),
        _ => None,
    };
    if let Some(TypedValue::Decimal(neighbors)) = typed {
        return Ok(next_to(left, operator, neighbors));
    }
    let scalar = || literal(typed.ok_or_else(|| unchecked("a condition without its value"))?);
    let empty = || lit(ScalarValue::Utf8View(Some(String::new())));
    Ok(match operator {
        // Arrow considers negative zero less than zero.
        Operator::Less => left.lt(lit(zero(scalar()?, -0.0))),
        Operator::Greater => left.gt(lit(zero(scalar()?, 0.0))),
        Operator::LessOrEqual => left.lt_eq(lit(zero(scalar()?, 0.0))),
        Operator::GreaterOrEqual => left.gt_eq(lit(zero(scalar()?, -0.0))),
        Operator::Equal => one_of(left, vec![scalar()?], false),
        Operator::NotEqual => one_of(left, vec![scalar()?], true),
        Operator::In | Operator::NotIn => {
            let ConditionOperand::List(values, _) = &condition.operand else {
                return Err(unchecked("a condition without its list"));
            };
            let negated = operator == Operator::NotIn;
            if values.is_empty() {
                // An empty list contains nothing, so `not in` is true for every value, including
                // NULL.
                return Ok(lit(negated));
            }
            let mut list = Vec::with_capacity(values.len());
            for value in values {
                match typed_literal(value, column_type)? {
                    // No integer is equal to it.
                    TypedValue::Decimal(_) => {}
                    value => list.push(literal(value)?),
                }
            }
            match list.is_empty() {
                true => never(left, negated),
                false => one_of(left, list, negated),
            }
        }
        Operator::IsDefined => left.is_not_null(),
        Operator::IsNotDefined => left.is_null(),
        Operator::IsEmpty => left.clone().is_null().or(left.eq(empty())),
        Operator::IsNotEmpty => left.not_eq(empty()),
    })
}

fn is_zero(value: &ScalarValue) -> bool {
    matches!(value, ScalarValue::Float64(Some(0.0)))
}

/// Returns a value; if it is zero, the zero with the same sign as `wanted`.
fn zero(value: ScalarValue, wanted: f64) -> ScalarValue {
    if is_zero(&value) { ScalarValue::Float64(Some(wanted)) } else { value }
}

/// Returns true if a cell is one of some values, or with `negated` if it is not.
fn one_of(left: Expr, mut values: Vec<ScalarValue>, negated: bool) -> Expr {
    if values.iter().any(is_zero) {
        values.extend([0.0, -0.0].map(|zero| ScalarValue::Float64(Some(zero))));
    }
    let mut list: Vec<Expr> = values.into_iter().map(lit).collect();
    match list.pop() {
        Some(value) if list.is_empty() && negated => left.not_eq(value),
        Some(value) if list.is_empty() => left.eq(value),
        last => {
            list.extend(last);
            Expr::InList(InList::new(Box::new(left), list, negated))
        }
    }
}

/// Compares an integer with a number that is not an integer of 64 bits.
fn next_to(left: Expr, operator: Operator, Neighbors { below, above }: Neighbors) -> Expr {
    match (operator, below, above) {
        (Operator::Less | Operator::LessOrEqual, Some(below), _) => left.lt_eq(lit(below)),
        (Operator::Greater | Operator::GreaterOrEqual, _, Some(above)) => left.gt_eq(lit(above)),
        _ => never(left, operator == Operator::NotEqual),
    }
}

/// Returns a condition that is false for every integer, or with `negated` true. It is NULL for NULL.
fn never(left: Expr, negated: bool) -> Expr {
    if negated { left.gt_eq(lit(i64::MIN)) } else { left.lt(lit(i64::MIN)) }
}

fn typed_literal(value: &Value, column_type: ColumnType) -> Result<TypedValue, Error> {
    let Value::Literal(literal, _) = value else {
        return Err(unchecked("a run-time value"));
    };
    typed_value(literal, column_type).ok_or_else(|| unchecked("a value of another type"))
}

fn literal(typed: TypedValue) -> Result<ScalarValue, Error> {
    Ok(match typed {
        TypedValue::Decimal(_) => return Err(unchecked("a decimal that is compared with integers")),
        TypedValue::Str(text) => ScalarValue::Utf8View(Some(text)),
        TypedValue::Int(value) => ScalarValue::Int64(Some(value)),
        TypedValue::Float(value) => ScalarValue::Float64(Some(value)),
        TypedValue::DateTime(value) => {
            let value = microseconds(value).ok_or_else(|| {
                Error::rejected(format!("the datetime {value} is outside the range that can be stored"))
            })?;
            ScalarValue::TimestampMicrosecond(Some(value), None)
        }
    })
}
