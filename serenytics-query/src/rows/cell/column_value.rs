//! Types of the user as columns: enums and newtypes.

use std::fmt::Debug;

use super::types::sealed::Sealed;
use super::{Cell, CellReader, Scalar};
use crate::rows::shape::OutputType;
use crate::values::value::{DateTimeValue, FloatValue, IntValue, StrValue, ToWire};

/// A type whose values are those of a column: an enum without fields, or a newtype. Derived by
/// `#[derive(ColumnValue)]`.
///
/// It can be the type of a column of a source, of a value in a query, and of a field of a row.
pub trait ColumnValue: Clone + Debug + PartialEq + Sized {
    /// The kind of the column.
    #[doc(hidden)]
    type Kind;

    /// The type of the cells that the values are stored as.
    type Stored: ColumnCell<Self::Kind>;

    /// The accepted values, for a message.
    #[doc(hidden)]
    const EXPECTED: &'static str;

    /// Returns the value of a cell, or `None` if the cell is not one of the type's values.
    fn from_stored(stored: Self::Stored) -> Option<Self>;
}

impl<V: ColumnValue> Sealed for V {}

#[diagnostic::do_not_recommend]
impl<V: ColumnValue> Cell for V {
    const EXPECTED: &'static str = <V as ColumnValue>::EXPECTED;
    const NULLABLE: bool = V::Stored::CELL_NULLABLE;

    fn holds(output: OutputType) -> bool {
        V::Stored::cell_holds(output)
    }

    #[expect(private_interfaces, reason = "the trait is sealed")]
    fn from_scalar(scalar: &Scalar<'_>) -> Option<Self> {
        V::Stored::cell_from_scalar(scalar).and_then(V::from_stored)
    }

    #[inline]
    fn read_plain(cells: &mut CellReader<'_>) -> Option<Self> {
        let before = cells.at;
        let value = V::Stored::cell_read_plain(cells).and_then(V::from_stored);
        if value.is_none() {
            cells.at = before;
        }
        value
    }
}

/// The cells of a `str` column; see [`ColumnCell`].
#[derive(Debug)]
pub struct StrCells;

/// The cells of a `int` column; see [`ColumnCell`].
#[derive(Debug)]
pub struct IntCells;

/// The cells of a `float` column; see [`ColumnCell`].
#[derive(Debug)]
pub struct FloatCells;

/// The cells of a `datetime` column; see [`ColumnCell`].
#[derive(Debug)]
pub struct DateTimeCells;

/// A type that a column of the kind `K` can have in a source: its values are written to the column
/// and read from it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a column of `{K}` [SRN062]",
    label = "not the type of its values",
    note = "derive `ColumnValue` for an enum or a newtype; the `type` of `#[column(type = \"..\")]` must be that of its values"
)]
pub trait ColumnCell<K>: Sized {
    /// Returns the value on the wire, or the problem.
    #[doc(hidden)]
    fn to_column(&self) -> ToWire;

    // The methods of [`Cell`]. It is not a supertrait: a type that lacks both would be two errors.

    #[doc(hidden)]
    const CELL_NULLABLE: bool;

    #[doc(hidden)]
    fn cell_holds(output: OutputType) -> bool;

    #[doc(hidden)]
    #[expect(private_interfaces, reason = "the trait is implemented here only")]
    fn cell_from_scalar(scalar: &Scalar<'_>) -> Option<Self>;

    #[doc(hidden)]
    fn cell_read_plain(cells: &mut CellReader<'_>) -> Option<Self>;
}

macro_rules! column_cells {
    ($($kind:ident $value:ident;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<C: Cell + $value> ColumnCell<$kind> for C {
            const CELL_NULLABLE: bool = C::NULLABLE;

            fn to_column(&self) -> ToWire {
                self.to_wire()
            }

            fn cell_holds(output: OutputType) -> bool {
                C::holds(output)
            }

            #[expect(private_interfaces, reason = "the trait is implemented here only")]
            fn cell_from_scalar(scalar: &Scalar<'_>) -> Option<Self> {
                C::from_scalar(scalar)
            }

            #[inline]
            fn cell_read_plain(cells: &mut CellReader<'_>) -> Option<Self> {
                C::read_plain(cells)
            }
        }
    )+};
}

column_cells! {
    StrCells StrValue;
    IntCells IntValue;
    FloatCells FloatValue;
    DateTimeCells DateTimeValue;
}

/// The value of a newtype, which is stored as its field.
pub fn stored_value<V: ColumnValue>(stored: &V::Stored) -> ToWire {
    stored.to_column()
}

/// The value of a field whose type the derive does not know.
pub fn column_value<C: ColumnCell<K>, K>(value: &C) -> ToWire {
    value.to_column()
}

/// The value of an optional field whose type the derive does not know.
pub fn column_option<C: ColumnCell<K>, K>(value: &Option<C>) -> Option<ToWire> {
    value.as_ref().map(ColumnCell::to_column)
}
