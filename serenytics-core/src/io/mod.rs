//! What loads, exports, scripts and e-mails share: progress callbacks, temporary files, and a pipe from a future to a thread.

mod pipe;
mod progress;
mod temp_file;

pub(crate) use pipe::{Inlet, Piped, pipe};
pub use progress::Progress;
pub(crate) use progress::{Tell, tell};
pub(crate) use temp_file::Scratch;
