//! The functions of formulas: the table of their signatures, which `docs/guide/formulas.md` repeats.

mod aggregates;
mod conditions;
mod dates;
mod numbers;
mod ranks;
mod signature;
#[cfg(test)]
mod tests;
mod text;
mod unsupported;

use crate::syntax::suggest::{listed, nearest};

pub use conditions::ConditionFunction;
pub use dates::DateFunction;
pub use numbers::NumberFunction;
pub(super) use ranks::DESCENDING;
pub use ranks::RankFunction;
pub(super) use signature::Growth;
pub use signature::{Accepts, Function, FunctionKind, Operation, Parameter, Repeats, Returns, RowFunction};
pub use text::TextFunction;

/// Functions that the documentation lists under one title.
#[derive(Debug)]
pub struct FunctionGroup {
    /// The title: `Datetimes`.
    pub title: &'static str,
    /// The functions, in the order of the documentation.
    pub functions: &'static [Function],
}

/// Every function, by group.
pub const FUNCTION_GROUPS: &[FunctionGroup] = &[
    FunctionGroup { title: "Conditions and NULL", functions: conditions::FUNCTIONS },
    FunctionGroup { title: "Text", functions: text::FUNCTIONS },
    FunctionGroup { title: "Numbers and conversions", functions: numbers::FUNCTIONS },
    FunctionGroup { title: "Datetimes", functions: dates::FUNCTIONS },
    FunctionGroup { title: "Ranks", functions: ranks::FUNCTIONS },
    FunctionGroup { title: "Aggregates", functions: aggregates::FUNCTIONS },
    FunctionGroup { title: "Not supported", functions: unsupported::FUNCTIONS },
];

/// Returns every function, including those that are not supported.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    FUNCTION_GROUPS.iter().flat_map(|group| group.functions)
}

impl Function {
    /// Returns the function with this name, in any case of letters.
    ///
    /// # Errors
    /// Returns a message with a similar name if no function has this one.
    pub fn named(name: &str) -> Result<&'static Function, String> {
        if let Some(function) = functions().find(|function| function.names().any(|own| own.eq_ignore_ascii_case(name)))
        {
            return Ok(function);
        }
        Err(match nearest(name, functions().flat_map(Function::names)) {
            Some(near) => format!("there is no function `{name}`; did you mean `{near}`?"),
            None => {
                format!(
                    "there is no function `{name}`: there are {}",
                    listed(functions().map(|function| function.name))
                )
            }
        })
    }
}
