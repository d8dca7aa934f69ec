//! Types that a column can be forced to in a load.

use serenytics_query::vocabulary::ColumnType;

/// The type of a column in a load, instead of the type that the server would infer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ForceType {
    /// A 32-bit integer.
    Int32,
    /// A 64-bit integer.
    Int64,
    /// A single-precision float.
    Float32,
    /// A double-precision float.
    Float64,
    /// A datetime.
    DateTime,
    /// A string.
    Str,
}

impl ForceType {
    /// Returns the type's name on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            ForceType::Int32 => "int32",
            ForceType::Int64 => "int64",
            ForceType::Float32 => "float32",
            ForceType::Float64 => "float64",
            ForceType::DateTime => "datetime",
            ForceType::Str => "str",
        }
    }
}

/// The widest type for a declared column.
impl From<ColumnType> for ForceType {
    fn from(column_type: ColumnType) -> ForceType {
        match column_type {
            ColumnType::Str => ForceType::Str,
            ColumnType::Int => ForceType::Int64,
            ColumnType::Float => ForceType::Float64,
            ColumnType::DateTime => ForceType::DateTime,
        }
    }
}
