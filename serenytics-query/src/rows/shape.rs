//! The shape of a query's result: its columns with name, type and nullability.

use std::borrow::Cow;

use crate::syntax::vocabulary::{ColumnType, TimeSlot};

/// The type of a result's column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputType {
    /// A column's values, or an aggregate over them.
    Column(ColumnType),
    /// The time slots that a datetime column was grouped by.
    Slot(TimeSlot),
}

impl OutputType {
    /// Returns true if cells of the server's type `served` can be read as this type. Integers and
    /// floats are interchangeable as long as a cell loses nothing; a time slot may have any type.
    #[must_use]
    pub fn accepts(self, served: ColumnType) -> bool {
        match self {
            OutputType::Column(declared) => declared == served || (declared.is_numeric() && served.is_numeric()),
            OutputType::Slot(_) => true,
        }
    }
}

impl std::fmt::Display for OutputType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OutputType::Column(column_type) => column_type.fmt(f),
            OutputType::Slot(slot) => write!(f, "{slot} slot"),
        }
    }
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputColumn {
    /// The name of the row's field.
    pub name: Cow<'static, str>,
    /// The output as a query spells it, with wire names: `sum(revenue)`.
    pub origin: Cow<'static, str>,
    /// The type.
    pub output_type: OutputType,
    /// Whether a cell may be NULL.
    pub nullable: bool,
    /// Whether it is an unchanged column of the source, which the server titles with its wire name.
    pub bare: bool,
}

impl OutputColumn {
    /// A column whose names are known at compile time.
    #[must_use]
    pub const fn fixed(
        name: &'static str,
        origin: &'static str,
        output_type: OutputType,
        nullable: bool,
        bare: bool,
    ) -> OutputColumn {
        OutputColumn { name: Cow::Borrowed(name), origin: Cow::Borrowed(origin), output_type, nullable, bare }
    }
}

/// A constructor for each type. `query!` writes one call for each column of each query, so shorter
/// calls compile faster.
macro_rules! constructors {
    ($($name:ident = $column_type:ident;)+) => {
        #[doc(hidden)]
        impl OutputColumn {
            $(
                #[must_use]
                pub const fn $name(name: &'static str, origin: &'static str, nullable: bool, bare: bool) -> OutputColumn {
                    OutputColumn::fixed(name, origin, OutputType::Column(ColumnType::$column_type), nullable, bare)
                }
            )+

            #[must_use]
            pub const fn slot(name: &'static str, origin: &'static str, slot: TimeSlot, nullable: bool) -> OutputColumn {
                OutputColumn::fixed(name, origin, OutputType::Slot(slot), nullable, false)
            }
        }
    };
}

constructors! {
    str = Str;
    int = Int;
    float = Float;
    datetime = DateTime;
}

/// The columns of a result, in the order of the response: grouped columns, then selected ones.
pub type Shape = Cow<'static, [OutputColumn]>;
