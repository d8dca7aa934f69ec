//! Functions of the platform that are not supported, each with the reason.

use super::signature::{Accepts, Function, FunctionKind, Parameter, Repeats, Returns, optional};

const FIRST: &str = "the platform's documentation does not define which row comes first";
const LAST: &str = "the platform's documentation does not define which value comes last";
const TIES: &str = "the platform's documentation does not define how rows with the same value are ordered";
const UNKNOWN: &str = "the platform's documentation does not define the result";

const ANYTHING: &[Parameter] = &[optional("..", Accepts::Any)];

pub(super) const FUNCTIONS: &[Function] = &[
    unsupported("ntile", TIES),
    unsupported("quantile", UNKNOWN),
    unsupported("is_first", FIRST),
    unsupported("last_value", LAST),
    unsupported("last_value_if", LAST),
    unsupported("time_delta", UNKNOWN),
    unsupported("json_extract_path_text", "the embedded engine has no built-in function that reads JSON"),
];

const fn unsupported(name: &'static str, reason: &'static str) -> Function {
    Function {
        name,
        aliases: &[],
        parameters: ANYTHING,
        repeats: Repeats::Last,
        returns: Returns::Boolean,
        doc: reason,
        kind: FunctionKind::Unsupported(reason),
    }
}
