//! Values: the Rust types that a column can be compared with, and how they are written on the wire.

pub mod datetime;
#[cfg(any(feature = "chrono", feature = "time"))]
pub(crate) mod datetime_crates;
pub mod decimal;
pub mod list;
pub mod rendered;
pub mod value;
