//! The columns of a source: as a schema, as a schema file, as the server lists them, and the drift
//! between them.

pub mod drift;
pub mod formulas;
pub mod remote_schema;
pub mod schema;
pub mod schema_file;
