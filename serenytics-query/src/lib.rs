//! The language of Serenytics for Rust: its grammar, schema, checker, result shape, values and wire model.
//!
//! This crate has no I/O and knows neither the compiler nor the client; users reach it through the crate
//! `serenytics`. A query's way through it: tokens are parsed into a [`stage::Stage`], the checker holds the stage against a
//! [`schema::Schema`] and gives the [`shape::Shape`] of the result or a list of [`problem::Problem`]s, and the lowering
//! writes the JSON of [`wire`].

pub mod builder;
pub mod cell;
pub mod check;
pub mod datetime;
#[cfg(any(feature = "chrono", feature = "time"))]
mod datetime_crates;
pub mod drift;
mod from_wire;
pub mod load_row;
mod lower;
pub mod parse;
mod pipeline;
pub mod problem;
pub mod query;
pub mod rendered;
pub mod schema;
pub mod schema_file;
mod serde_row;
pub mod served;
pub mod shape;
pub mod slot;
pub mod source;
pub mod stage;
pub mod suggest;
pub mod token;
pub mod value;
pub mod vocabulary;
pub mod wire;

pub use serde_row::SerdeRow;

pub use lower::{lower, measures};
