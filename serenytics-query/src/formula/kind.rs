//! The types of the parts of a formula.

use crate::syntax::vocabulary::ColumnType;

/// The type of a part of a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A type that a column can have.
    Column(ColumnType),
    /// A condition. The wire has no such type: see [`Type::column_type`].
    Boolean,
    /// The type of `null`, which fits every other type.
    Null,
}

impl Type {
    /// Text.
    pub const TEXT: Type = Type::Column(ColumnType::Str);
    /// An integer of 64 bits.
    pub const INT: Type = Type::Column(ColumnType::Int);
    /// A double precision number.
    pub const FLOAT: Type = Type::Column(ColumnType::Float);
    /// A datetime in UTC.
    pub const DATETIME: Type = Type::Column(ColumnType::DateTime);

    /// Returns the type as a noun for a message: `an integer`.
    #[must_use]
    pub const fn described(self) -> &'static str {
        match self {
            Type::Column(ColumnType::Str) => "text",
            Type::Column(ColumnType::Int) => "an integer",
            Type::Column(ColumnType::Float) => "a float",
            Type::Column(ColumnType::DateTime) => "a datetime",
            Type::Boolean => "a condition",
            Type::Null => "NULL",
        }
    }

    /// Returns true for integers and floats.
    #[must_use]
    pub const fn is_numeric(self) -> bool {
        matches!(self, Type::INT | Type::FLOAT)
    }

    /// Returns the type of the cells of a result. A condition becomes an integer: 1 if it is true, 0 if it is false.
    #[must_use]
    pub const fn column_type(self) -> ColumnType {
        match self {
            Type::Column(column_type) => column_type,
            Type::Boolean => ColumnType::Int,
            // The checker rejects a formula that is always NULL.
            Type::Null => ColumnType::Str,
        }
    }
}
