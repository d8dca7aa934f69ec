//! Finds out why the result of a function of one row may be NULL.

use crate::formula::functions::{ConditionFunction, DateFunction, NumberFunction, Operation};
use crate::formula::kind::Type;
use crate::formula::typed::Typed;

/// Returns the reason, or `None` if the result is never NULL.
pub(super) fn null_of_call(operation: Operation, arguments: &[Typed]) -> Option<&'static str> {
    let any = || arguments.iter().find_map(|argument| argument.null);
    let all = || if arguments.iter().all(|argument| argument.null.is_some()) { any() } else { None };
    let first = arguments.first().map(|argument| argument.result);
    match operation {
        Operation::Condition(function) => match function {
            ConditionFunction::If => null_of_if(arguments),
            ConditionFunction::Coalesce => all(),
            ConditionFunction::NullIf => Some("`null_if` may return NULL"),
            ConditionFunction::IsDefined
            | ConditionFunction::IsNotDefined
            | ConditionFunction::IsEmpty
            | ConditionFunction::IsNotEmpty => None,
        },
        Operation::Number(function) => match function {
            NumberFunction::Least | NumberFunction::Greatest => all(),
            NumberFunction::Sqrt => any().or(Some("the square root of a negative number is NULL")),
            NumberFunction::Exp => any().or(Some("e raised to more than 709 is NULL")),
            NumberFunction::Power => any().or(Some("0 to a negative power is NULL")),
            NumberFunction::Ln | NumberFunction::Log => any().or(Some("the logarithm of 0 or less is NULL")),
            NumberFunction::ToInt if first == Some(Type::FLOAT) => {
                any().or(Some("a float that does not fit 64 bits is NULL as an integer"))
            }
            NumberFunction::ToInt | NumberFunction::Float if first == Some(Type::TEXT) => {
                any().or(Some("text that is not a number is NULL as a number"))
            }
            _ => any(),
        },
        Operation::Date(DateFunction::DatetimeFromString) => any().or(Some("text that is not a datetime is NULL")),
        Operation::Date(_) | Operation::Text(_) => any(),
    }
}

/// Conditions come before their values. With an odd number of arguments, the last value is the one without a condition.
fn null_of_if(arguments: &[Typed]) -> Option<&'static str> {
    if arguments.len().is_multiple_of(2) {
        return Some("`if` without a last value is NULL if no condition is true");
    }
    let is_value = |index: usize| index % 2 == 1 || index + 1 == arguments.len();
    arguments.iter().enumerate().filter(|(index, _)| is_value(*index)).find_map(|(_, argument)| argument.null)
}
