//! The types that a column can be forced to while a file is loaded.

use serenytics_query::vocabulary::ColumnType;

/// A type that a column gets while a file is loaded, in place of the one that the server would infer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ForceType {
    /// An integer of 32 bits.
    Int32,
    /// An integer of 64 bits.
    Int64,
    /// A number of single precision.
    Float32,
    /// A number of double precision.
    Float64,
    /// A datetime.
    DateTime,
    /// A text.
    Str,
}

impl ForceType {
    /// The type's name on the wire.
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

/// The widest type that holds a declared column.
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
