//! The engine as its clients see it: over HTTP, on a folder of its own for each test.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod batch;
mod csv;
mod formulas;
mod joins;
mod limits;
mod measure_errors;
mod measures;
mod operation;
mod paths;
mod query;
mod server;
mod slots;
mod sources;
mod support;
mod where_clause;
