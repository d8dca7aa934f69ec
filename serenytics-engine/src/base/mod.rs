//! The base of all other modules: the error type, background tasks and metrics.

mod damage;
mod error;
mod metrics;
mod task;

pub(crate) use damage::Damage;
pub(crate) use error::Context;
pub use error::{Error, ErrorKind};
pub(crate) use metrics::GaugeGuard;
pub use metrics::QueryMetrics;
pub(crate) use task::join_task;
