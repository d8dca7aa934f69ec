//! Results of queries: parsed while they arrive, compared with what the query declares, and
//! returned typed or as JSON.

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
pub(crate) use exchange::{Exchange, Expect, ReadUntil};
pub(crate) use raw::RawRows;
pub(crate) use run::run;
pub(crate) use typed::{TypedRows, describe};
