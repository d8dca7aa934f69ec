//! Conditions of `where` as DataFusion expressions.

use datafusion::common::{Column as ColumnName, ScalarValue};
use datafusion::logical_expr::expr::InList;
use datafusion::prelude::{Expr, lit};
use serenytics_query::check::{TypedValue, typed_value};
use serenytics_query::stage::{Condition, ConditionOperand, Value};
use serenytics_query::vocabulary::{ColumnType, Operator};

use super::columns::{Columns, RowColumn};
use crate::error::{Error, Kind};
use crate::load::microseconds;

/// A column of the rows. Its name is taken as it is, whatever is in it.
pub(super) fn column(name: &str) -> Expr {
    Expr::Column(ColumnName::from_name(name))
}

/// What a checked stage cannot hold: an error of the checker, and not of the request.
pub(super) fn unchecked(what: &str) -> Error {
    Error::new(Kind::Failed, format!("the checker let {what} through"))
}

/// All conditions, joined by `and` in a tree that is no deeper than it has to be.
pub(super) fn all(conditions: &[Condition], columns: &Columns<'_>) -> Result<Option<Expr>, Error> {
    let mut joined = conditions.iter().map(|condition| one(condition, columns)).collect::<Result<Vec<_>, _>>()?;
    while joined.len() > 1 {
        let mut pairs = joined.into_iter();
        joined = Vec::new();
        while let Some(left) = pairs.next() {
            joined.push(match pairs.next() {
                Some(right) => left.and(right),
                None => left,
            });
        }
    }
    Ok(joined.pop())
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
        Operator::Less => left.lt(scalar()?),
        Operator::Greater => left.gt(scalar()?),
        Operator::LessOrEqual => left.lt_eq(scalar()?),
        Operator::GreaterOrEqual => left.gt_eq(scalar()?),
        Operator::Equal => left.eq(scalar()?),
        Operator::NotEqual => left.not_eq(scalar()?),
        Operator::In | Operator::NotIn => {
            let ConditionOperand::List(values, _) = &condition.operand else {
                return Err(unchecked("a condition without its list"));
            };
            let negated = operator == Operator::NotIn;
            if values.is_empty() {
                // Nothing is in an empty list; everything, NULL too, is outside it.
                return Ok(lit(negated));
            }
            let list = values.iter().map(|value| literal(value, column_type));
            Expr::InList(InList::new(Box::new(left), list.collect::<Result<_, _>>()?, negated))
        }
        Operator::IsDefined => left.is_not_null(),
        Operator::IsNotDefined => left.is_null(),
        Operator::IsEmpty => left.clone().is_null().or(left.eq(empty())),
        Operator::IsNotEmpty => left.not_eq(empty()),
    })
}

fn literal(value: &Value, column_type: ColumnType) -> Result<Expr, Error> {
    let Value::Literal(literal, _) = value else {
        return Err(unchecked("a value that the run gives"));
    };
    let typed = typed_value(literal, column_type).ok_or_else(|| unchecked("a value of another type"))?;
    let scalar = match typed {
        TypedValue::Str(text) => ScalarValue::Utf8View(Some(text)),
        TypedValue::Int(value) => ScalarValue::Int64(Some(value)),
        TypedValue::Float(value) => ScalarValue::Float64(Some(value)),
        TypedValue::DateTime(value) => {
            let value = microseconds(value).ok_or_else(|| {
                Error::refused(format!("the datetime {value} is outside of the years that can be stored"))
            })?;
            ScalarValue::TimestampMicrosecond(Some(value), None)
        }
    };
    Ok(lit(scalar))
}
