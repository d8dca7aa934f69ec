//! Types that depend on a check: if the check fails, its error is the only one, because rustc
//! reports no error about a type that contains an invalid constant.

use super::{Cell, ColumnCell, Row};

/// A type without a use, whose constant is an error.
#[derive(Debug)]
pub struct Invalid<const ERROR: usize> {}

/// The result of a check: 0.
#[derive(Debug)]
pub struct Checked<const RESULT: usize>;

/// A type after its check.
pub trait Then<T> {
    /// The type.
    type Type;
}

impl<T> Then<T> for Checked<0> {
    type Type = T;
}

/// The second type of a pair, which is unknown if the first one is invalid.
pub trait Second {
    /// The type.
    type Type;
}

impl<A, B> Second for (A, B) {
    type Type = B;
}

/// The struct of a row after its check.
pub trait ThenRow<R> {
    /// The struct.
    type Struct;
}

impl<R: RowStruct> ThenRow<R> for Checked<0> {
    type Struct = R::Struct;
}

/// The struct itself, if it is a valid row. Derived by `#[derive(Row)]`.
pub trait RowStruct {
    /// The struct, or an invalid type that is already reported.
    type Struct;
}

/// Checks that a cell can be read into a type.
#[must_use]
pub const fn check_cell<C: Cell>() -> usize {
    0
}

/// Checks that a column of the kind `K` can have a type.
#[must_use]
pub const fn check_column<C: ColumnCell<K>, K>() -> usize {
    0
}

/// Checks that a struct is a row.
#[must_use]
pub const fn check_row<R: Row>() -> usize {
    0
}
