//! The shape of a query's result: its columns with name, type and nullability.

use std::borrow::Cow;

use crate::syntax::vocabulary::{ColumnType, TimeSlot};

/// What a column of a result holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputType {
    /// The values of a column, or of an aggregate over it.
    Column(ColumnType),
    /// The time slots that a datetime column was grouped by.
    Slot(TimeSlot),
}

impl OutputType {
    /// Whether a server that titles the column `served` serves this type: int and float interchange, a cell deciding
    /// whether that loses anything; a time slot may be served in any form.
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
    /// What it is, as the query spells it with the names of the wire: `sum(revenue)`.
    pub origin: Cow<'static, str>,
    /// What it holds.
    pub output_type: OutputType,
    /// Whether a cell may be NULL.
    pub nullable: bool,
    /// Whether it is a column of the source as it stands, so that the server titles it by its wire name.
    pub bare: bool,
}

impl OutputColumn {
    /// A column whose texts are known while the program compiles.
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

/// A constructor a type: `query!` writes one for each column of each query, so that each path it does without counts.
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

/// The columns of a result, in the order of the answer: grouped columns, then selected ones.
pub type Shape = Cow<'static, [OutputColumn]>;
