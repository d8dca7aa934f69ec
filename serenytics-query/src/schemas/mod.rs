//! The columns of a source: as a schema, as a schema file, as the server lists them, and the drift
//! between them.

pub mod drift;
pub mod formulas;
mod read_schema_file;
pub mod remote_schema;
pub mod schema;
pub mod schema_file;
