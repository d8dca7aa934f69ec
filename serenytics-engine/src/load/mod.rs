//! Loads files and JSON rows into a table.

mod batch;
mod csv;
mod file;
mod frame;
mod loaded;
mod options;
mod reading;
mod reload;
mod update;

pub(crate) use batch::run_batch;
pub use batch::{BatchRequest, Operation};
pub use file::RowsFile;
pub use frame::Python;
pub use loaded::Loaded;
pub use options::LoadOptions;
pub(crate) use reload::reload;
pub(crate) use update::update;
