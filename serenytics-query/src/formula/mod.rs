//! The formula language of measures, which have a value for each row, and of value formulas over all rows.
//!
//! [`parse()`] turns a formula into a syntax tree with byte positions. [`check()`] and [`check_value_formula()`] resolve its
//! names, find the type of each part and count its cost. [`functions()`] lists the signatures of all functions. The
//! language has no engine: the embedded one computes a checked formula ([`Typed`]) with DataFusion.

mod check;
mod error;
mod functions;
mod kind;
mod literal;
mod measures;
mod parse;
mod scope;
mod tree;
mod typed;

pub use check::{check, check_value_formula};
pub use error::{Cause, FormulaError, FormulaErrors};
pub use functions::{
    Accepts, ConditionFunction, DateFunction, FUNCTION_GROUPS, Function, FunctionGroup, FunctionKind, NumberFunction,
    Operation, Parameter, RankFunction, Repeats, Returns, RowFunction, TextFunction, functions,
};
pub use kind::Type;
pub use measures::{Measure, MeasureDefinition, MeasureError, Measures};
pub use parse::parse;
pub use scope::{Environment, Scope, Unknown};
pub use tree::{Comparison, Expression, Junction, Node, Operator};
pub use typed::{AggregateCall, Rank, Typed, TypedNode};
