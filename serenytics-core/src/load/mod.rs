//! Loading files into a storage: the file is checked, sent while it is read, and waited for until it is loaded.

mod csv;
mod file;
mod force_type;
mod header;
mod stream;
mod upload;

pub use csv::{Progress, ReloadFromCsv};
pub use force_type::ForceType;
