//! The options of a load.

use crate::rows::ForcedTypes;

/// How a CSV file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOptions {
    /// The separator between two fields.
    pub separator: u8,
    /// Types that replace the inferred ones, by column name.
    pub forced: ForcedTypes,
}
