//! The options of a load.

use crate::rows::ForcedTypes;

/// How a CSV file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOptions {
    /// The byte between two fields.
    pub separator: u8,
    /// The types of columns whose type is not inferred from their values.
    pub forced: ForcedTypes,
}
