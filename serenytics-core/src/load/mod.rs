//! Loads into a storage: checks a file or rows, sends them as a stream, and waits until they are
//! loaded.

mod builder;
mod config;
mod file;
mod force_type;
mod header;
mod reload;
mod requirements;
mod rows;
mod s3;
mod stream;
mod text;
mod upload;

pub use builder::Load;
pub use force_type::ForceType;
#[cfg(feature = "arrow")]
pub(crate) use rows::{Chunk, LazyRows, StartedRows};
pub use s3::{ReloadFromS3, S3Credentials};
#[cfg(feature = "arrow")]
pub(crate) use text::{CsvText, Format};
