//! Values: which Rust types a column can be compared with, and how each is written on the wire.

pub mod datetime;
#[cfg(any(feature = "chrono", feature = "time"))]
pub(crate) mod datetime_crates;
pub mod rendered;
pub mod value;
