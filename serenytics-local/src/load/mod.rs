//! Loading: files and JSON rows on their way into a storage.

mod batch;
mod cell;
mod csv;
mod infer;
mod options;
mod reload;
mod replace;
mod row;
mod text;

pub(crate) use batch::{BatchRequest, Operation, run_batch};
#[cfg(test)]
pub(crate) use csv::read_through;
pub(crate) use reload::reload;
pub(crate) use row::BatchRow;
pub(crate) use text::{EPOCH, microseconds};
