//! Answers to queries: read while they arrive, held against what the query declares, as typed rows or as they are.

mod decoder;
mod drift;
mod raw;
#[cfg(test)]
mod tests;
mod typed;

pub use raw::Answer;

pub(crate) use decoder::{AnswerError, Decoder, Rows};
pub(crate) use raw::RawRows;
pub(crate) use typed::TypedRows;
