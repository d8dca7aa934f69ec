//! Loading: files and JSON rows on their way into a storage.

mod batch;
mod cell;
mod csv;
mod infer;
mod merge;
mod options;
mod reload;
mod replace;
mod row;
mod text;
mod types;

pub(crate) use batch::{BatchRequest, run_batch};
pub(crate) use cell::{BatchBuilder, Cell, Row};
pub(crate) use merge::{merge, merging};
pub(crate) use options::forced_types;
pub(crate) use reload::reload;
pub(crate) use row::BatchRow;
pub(crate) use text::{EPOCH, microseconds};
pub(crate) use types::RowTypes;
