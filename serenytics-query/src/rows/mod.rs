//! The rows of a result: their shape, and the reader that fills Rust structs with their cells.

pub mod cell;
pub mod shape;
pub mod slot;
