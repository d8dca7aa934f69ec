//! Used by loads, exports, scripts and mails: progress callbacks, temporary files, new uuids, and a
//! pipe from a future to a thread.

mod pipe;
mod progress;
mod temp_file;
mod uuid;

pub(crate) use pipe::{PipeReader, PipeWriter, pipe};
pub use progress::Progress;
pub(crate) use progress::{ProgressCallback, report};
pub(crate) use temp_file::TempFile;
pub(crate) use uuid::new_uuid;
