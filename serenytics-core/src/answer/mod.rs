//! Answers to queries: read while they arrive, held against what the query declares, as typed rows or as they are.

mod columns;
mod decoder;
mod drift;
mod exchange;
mod raw;
mod run;
mod stream;
#[cfg(test)]
mod tests;
mod typed;

pub use columns::ColumnAnswer;
pub use raw::Answer;
pub use stream::RowStream;

pub(crate) use columns::RawColumns;
pub(crate) use decoder::{AnswerError, Decoder, Rows};
#[cfg(feature = "arrow")]
pub(crate) use drift::check as check_titles;
pub(crate) use exchange::{Exchange, Until, Wanted};
pub(crate) use raw::RawRows;
pub(crate) use run::run;
pub(crate) use typed::{TypedRows, describe};
