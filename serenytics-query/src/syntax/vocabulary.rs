//! The vocabulary of the language and of the wire: column types, aggregates, time slots, operators
//! and directions.

use serde::{Deserialize, Serialize};

/// Declares an enum whose variants each have one spelling, in the language and on the wire.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every value, in the order of messages.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The spelling in a query and on the wire.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }

            /// Returns the value with this spelling.
            #[must_use]
            pub fn from_word(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }

            /// Every spelling, in the order of [`Self::ALL`].
            pub fn words() -> impl Iterator<Item = &'static str> {
                Self::ALL.iter().map(|value| value.word())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

words! {
    /// The type of a column, as in `columns_titles` of the platform's responses.
    ColumnType {
        /// A string.
        Str = "str",
        /// A signed integer of at most 64 bits.
        Int = "int",
        /// A 64-bit float.
        Float = "float",
        /// A date with a time of day and no time zone.
        DateTime = "datetime",
    }
}

impl ColumnType {
    /// Describes a value of the type, with an article: "a text".
    #[must_use]
    pub const fn described(self) -> &'static str {
        match self {
            ColumnType::Str => "a text",
            ColumnType::Int => "an integer",
            ColumnType::Float => "a number",
            ColumnType::DateTime => "a datetime",
        }
    }

    /// Describes a column of the type, with an article: "a text column".
    #[must_use]
    pub const fn described_column(self) -> &'static str {
        match self {
            ColumnType::Str => "a text column",
            ColumnType::Int => "an integer column",
            ColumnType::Float => "a float column",
            ColumnType::DateTime => "a datetime column",
        }
    }

    /// Returns true for integers and floats, which `sum` and `avg` accept.
    #[must_use]
    pub const fn is_numeric(self) -> bool {
        matches!(self, ColumnType::Int | ColumnType::Float)
    }
}

words! {
    /// A function over the rows of a group, `agg_function` on the wire.
    Aggregate {
        /// The sum of a numeric column.
        Sum = "sum",
        /// The smallest value.
        Min = "min",
        /// The largest value.
        Max = "max",
        /// The mean of a numeric column.
        Avg = "avg",
        /// The number of distinct values; NULL is not one.
        Dcount = "dcount",
    }
}

impl Aggregate {
    /// Returns true if the aggregate needs a numeric column.
    #[must_use]
    pub const fn needs_numeric(self) -> bool {
        matches!(self, Aggregate::Sum | Aggregate::Avg)
    }

    /// Returns the type of the aggregate over a column of type `column`.
    #[must_use]
    pub const fn result(self, column: ColumnType) -> ColumnType {
        match self {
            Aggregate::Sum | Aggregate::Min | Aggregate::Max => column,
            Aggregate::Avg => ColumnType::Float,
            Aggregate::Dcount => ColumnType::Int,
        }
    }
}

words! {
    /// A span of time that a datetime column is grouped by, `timeslot` on the wire.
    TimeSlot {
        /// Calendar years.
        Year = "year",
        /// Quarters of a year.
        Quarter = "quarter",
        /// Calendar months.
        Month = "month",
        /// Weeks, from Monday.
        Week = "week",
        /// Days of the week, 1 (Monday) to 7 (Sunday).
        Weekday = "weekday",
        /// Calendar days.
        Day = "day",
        /// Hours.
        Hour = "hour",
        /// Minutes.
        Minute = "minute",
    }
}

words! {
    /// A comparison of a `where` condition, `op` on the wire.
    Operator {
        /// Smaller.
        Less = "<",
        /// Larger.
        Greater = ">",
        /// Smaller or equal.
        LessOrEqual = "<=",
        /// Larger or equal.
        GreaterOrEqual = ">=",
        /// Equal.
        Equal = "==",
        /// Not equal; NULL is neither equal nor unequal to a value.
        NotEqual = "!=",
        /// One of a list.
        In = "in",
        /// None of a list; NULL is neither in a list nor outside it.
        NotIn = "!in",
        /// Not NULL.
        IsDefined = "is_defined",
        /// NULL.
        IsNotDefined = "is_not_defined",
        /// A text that is NULL or empty.
        IsEmpty = "is_empty",
        /// A text with at least one character.
        IsNotEmpty = "is_not_empty",
    }
}

/// The operand of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// Nothing: `invoice is_defined`.
    None,
    /// One value: `revenue > 20`.
    Scalar,
    /// A list of values: `country in ["FR", "US"]`.
    List,
}

impl Operator {
    /// Returns the kind of the operator's operand.
    #[must_use]
    pub const fn operand(self) -> Operand {
        match self {
            Operator::In | Operator::NotIn => Operand::List,
            Operator::IsDefined | Operator::IsNotDefined | Operator::IsEmpty | Operator::IsNotEmpty => Operand::None,
            _ => Operand::Scalar,
        }
    }

    /// Returns true if the operator needs a text column.
    #[must_use]
    pub const fn needs_text(self) -> bool {
        matches!(self, Operator::IsEmpty | Operator::IsNotEmpty)
    }
}

words! {
    /// The direction of an `order_by` item.
    Direction {
        /// Smallest first.
        Asc = "asc",
        /// Largest first.
        Desc = "desc",
    }
}
