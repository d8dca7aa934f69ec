//! Tests that need the crate's private items.

mod cancellation;
mod log;
