//! Functions of the platform that the embedded engine does not compute.

use super::{Function, Gives, Meaning, Parameter, Repeats, Takes, optional};

const WINDOW: &str =
    "the platform's documentation does not say over which rows, in which order and before or after which filter";
const UNKNOWN: &str = "the platform's documentation does not say what it gives";

const ANYTHING: &[Parameter] = &[optional("..", Takes::Any)];

pub(super) const FUNCTIONS: &[Function] = &[
    none("ntile", WINDOW),
    none("quantile", WINDOW),
    none("is_first", WINDOW),
    none("last_value", WINDOW),
    none("last_value_if", WINDOW),
    none("time_delta", UNKNOWN),
    none("json_extract_path_text", "the engine has no built-in function that reads JSON"),
];

const fn none(name: &'static str, why: &'static str) -> Function {
    Function {
        name,
        also: &[],
        parameters: ANYTHING,
        repeats: Repeats::Last,
        gives: Gives::Boolean,
        does: why,
        meaning: Meaning::NotComputed(why),
    }
}
