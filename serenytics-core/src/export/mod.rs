//! Exports of a source: to a file, to typed rows, and to Arrow record batches, in constant memory.

mod builder;
mod file;
mod format;
mod names;
mod records;
mod rows;

pub use builder::Export;
pub use file::Exported;
pub use format::ExportFormat;

#[cfg(feature = "arrow")]
pub(crate) use names::Exportable;
#[cfg(feature = "arrow")]
pub(crate) use records::{Records, batches};
