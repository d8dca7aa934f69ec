//! Shared by all floors: errors, metrics, memory limits, uploaded files, and helpers for background work.

mod error;
mod folder_lock;
mod memory;
mod metrics;
mod unknown;
mod uploads;
mod work;

pub use error::Error;
pub(crate) use error::{Context, Kind};
pub(crate) use folder_lock::FolderLock;
pub(crate) use memory::{Memory, VALUE_SIZE, VALUES};
pub(crate) use metrics::{Ended, Metrics, OneMore};
pub(crate) use unknown::UnknownFolder;
pub(crate) use uploads::{Uploads, keep, receive};
pub(crate) use work::{catch_panic, compute, run_to_completion};
