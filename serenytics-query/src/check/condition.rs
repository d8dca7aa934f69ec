//! The rules of `where`: the column exists, the operator fits its type, the values fit it too.

use super::Checker;
use super::literal::{mismatch, typed_value};
use crate::schemas::schema::Column;
use crate::syntax::problem::{Code, Problem};
use crate::syntax::stage::{Condition, ConditionOperand, Value};
use crate::syntax::vocabulary::ColumnType;

impl Checker<'_> {
    pub(super) fn condition(&mut self, condition: &Condition) {
        let Some(column) = self.row_column(&condition.column) else { return };
        if let Some(operator) = condition.operator
            && operator.needs_text()
            && column.column_type != ColumnType::Str
        {
            let null_test = if operator.word() == "is_empty" { "is_not_defined" } else { "is_defined" };
            let problem = Problem::new(
                Code::OperatorType,
                condition.operator_position,
                format!(
                    "`{operator}` needs a text column, but `{}` is {}",
                    column.name,
                    column.column_type.described_column()
                ),
            )
            .help(format!("use `{null_test}` to test for NULL in a column of any type"));
            self.push(problem);
        }
        match &condition.operand {
            ConditionOperand::Scalar(value) => self.value(column, value),
            ConditionOperand::List(values, _) => {
                for value in values {
                    self.value(column, value);
                }
            }
            ConditionOperand::None | ConditionOperand::ListPlaceholder(_) => {}
        }
    }

    fn value(&mut self, column: &Column, value: &Value) {
        if let Value::Literal(literal, position) = value
            && typed_value(literal, column.column_type).is_none()
        {
            self.push(mismatch(column, literal, *position));
        }
    }
}
