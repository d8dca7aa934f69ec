//! What all floors use: errors, metrics, and files that are received.

mod error;
mod metrics;
mod uploads;

pub use error::Error;
pub(crate) use error::{Context, Kind};
pub(crate) use metrics::{Ended, Metrics, OneMore};
pub(crate) use uploads::receive;
