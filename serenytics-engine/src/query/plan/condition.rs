//! Lowers the conditions of `where` to DataFusion expressions.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::prelude::{Expr, lit};
use serenytics_query::check::{TypedValue, typed_value};
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
    let scalar = || match &condition.operand {
        ConditionOperand::Scalar(value) => literal(value, column_type),
        _ => Err(unchecked("a condition without its value")),
    };
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
            let list = values.iter().map(|value| literal(value, column_type));
            one_of(left, list.collect::<Result<_, _>>()?, negated)
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

fn literal(value: &Value, column_type: ColumnType) -> Result<ScalarValue, Error> {
    let Value::Literal(literal, _) = value else {
        return Err(unchecked("a run-time value"));
    };
    let typed = typed_value(literal, column_type).ok_or_else(|| unchecked("a value of another type"))?;
    Ok(match typed {
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
