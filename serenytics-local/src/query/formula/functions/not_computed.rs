//! Functions of the platform that the embedded engine does not compute.

use super::{Function, Gives, Meaning, Parameter, Repeats, Takes, optional};

const FIRST: &str = "the platform's documentation does not say in which order a row is the first";
const LAST: &str = "the platform's documentation does not say in which order a value is the last";
const TIES: &str = "the platform's documentation does not say by what rows of the same value are told apart";
const UNKNOWN: &str = "the platform's documentation does not say what it gives";

const ANYTHING: &[Parameter] = &[optional("..", Takes::Any)];

pub(super) const FUNCTIONS: &[Function] = &[
    none("ntile", TIES),
    none("quantile", UNKNOWN),
    none("is_first", FIRST),
    none("last_value", LAST),
    none("last_value_if", LAST),
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
