//! Loading into a storage: a file or rows are checked, sent while they are read or made, and waited for until they are loaded.

mod builder;
mod config;
mod file;
mod force_type;
mod header;
mod pipe;
mod progress;
mod rows;
mod s3;
mod scratch;
mod stream;
mod text;
mod upload;

pub use builder::Load;
pub use force_type::ForceType;
pub(crate) use pipe::{Inlet, pipe};
pub use progress::Progress;
pub(crate) use progress::{Tell, tell};
#[cfg(feature = "arrow")]
pub(crate) use rows::{Chunk, Made, Making};
pub use s3::{ReloadFromS3, S3Credentials};
pub(crate) use scratch::Scratch;
pub(crate) use stream::{Wanted, Watch};
#[cfg(feature = "arrow")]
pub(crate) use text::{CsvText, Format};
