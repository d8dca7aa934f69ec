//! The fixed words of the language and of the wire: column types, aggregates, time slots, operators, directions.

use serde::{Deserialize, Serialize};

/// Declares an enum whose variants each have one spelling, used by the language and by the wire alike.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every value, in the order in which messages list them.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The spelling in a query and on the wire.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }

            /// The value with this spelling.
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
    /// What a column holds, as `columns_titles` of the platform's answers names it.
    ColumnType {
        /// A text.
        Str = "str",
        /// A signed integer of at most 64 bits.
        Int = "int",
        /// A double precision number.
        Float = "float",
        /// A date with a time of day and no time zone.
        DateTime = "datetime",
    }
}

impl ColumnType {
    /// A value of the type in a sentence, with its article: "a text".
    #[must_use]
    pub const fn described(self) -> &'static str {
        match self {
            ColumnType::Str => "a text",
            ColumnType::Int => "an integer",
            ColumnType::Float => "a number",
            ColumnType::DateTime => "a datetime",
        }
    }

    /// A column of the type in a sentence, with its article: "a text column".
    #[must_use]
    pub const fn described_column(self) -> &'static str {
        match self {
            ColumnType::Str => "a text column",
            ColumnType::Int => "an integer column",
            ColumnType::Float => "a float column",
            ColumnType::DateTime => "a datetime column",
        }
    }

    /// Whether `sum` and `avg` fit.
    #[must_use]
    pub const fn is_numeric(self) -> bool {
        matches!(self, ColumnType::Int | ColumnType::Float)
    }
}

words! {
    /// A function over the rows of a group, `agg_function` on the wire.
    Aggregate {
        /// The sum of a number column.
        Sum = "sum",
        /// The smallest value.
        Min = "min",
        /// The largest value.
        Max = "max",
        /// The mean of a number column.
        Avg = "avg",
        /// The number of distinct values; NULL is not one.
        Dcount = "dcount",
    }
}

impl Aggregate {
    /// Whether the aggregate needs a number column.
    #[must_use]
    pub const fn needs_number(self) -> bool {
        matches!(self, Aggregate::Sum | Aggregate::Avg)
    }

    /// The type of the aggregate over a column of type `column`.
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
        /// A text that is NULL or has no characters.
        IsEmpty = "is_empty",
        /// A text with at least one character.
        IsNotEmpty = "is_not_empty",
    }
}

/// What stands to the right of an operator.
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
    /// What the operator takes on its right.
    #[must_use]
    pub const fn operand(self) -> Operand {
        match self {
            Operator::In | Operator::NotIn => Operand::List,
            Operator::IsDefined | Operator::IsNotDefined | Operator::IsEmpty | Operator::IsNotEmpty => Operand::None,
            _ => Operand::Scalar,
        }
    }

    /// Whether the operator is for text columns only.
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
