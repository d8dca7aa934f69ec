//! The result of a load.

/// The result of a load.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loaded {
    /// The table's number of rows.
    pub rows: u64,
    /// One sentence for each column name that differs from the file.
    pub warnings: Vec<String>,
}
