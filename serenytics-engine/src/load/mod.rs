//! Loading: files and JSON rows on their way into a storage.

mod batch;
mod cell;
mod csv;
mod file;
mod frame;
mod infer;
mod merge;
mod options;
mod reading;
mod reload;
mod replace;
mod row;
mod text;
mod types;
mod update;

pub(crate) use batch::{BatchRequest, run_batch};
pub(crate) use cell::{BatchBuilder, Cell, Row};
#[cfg(test)]
pub(crate) use csv::read_through;
pub(crate) use file::RowsFile;
pub(crate) use frame::Python;
pub(crate) use merge::{merge, merging};
pub(crate) use options::{LoadOptions, forced_types, separator, types_of};
pub(crate) use reload::reload;
pub(crate) use row::BatchRow;
pub(crate) use text::{EPOCH, microseconds};
pub(crate) use types::RowTypes;
pub(crate) use update::update;
