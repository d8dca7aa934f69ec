//! What a client has learned of the server.

mod measures;

pub(crate) use measures::{Measures, add_measures};
