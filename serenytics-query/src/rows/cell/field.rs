//! The fields of a user's row, behind `into`: each takes an output of its very type.

use super::Cell;

/// Which outputs a row's field takes: those of its very type.
///
/// `How` keeps the compiler from taking the field's type for the output's: with one way only it would, and tell a mismatch in words of its own.
#[diagnostic::on_unimplemented(
    message = "the field of this output has the type `{F}`, but the output has `{Self}` [SRN054]",
    label = "type does not match the field"
)]
pub trait FieldOf<F, How> {
    /// The cell as the field's value.
    #[doc(hidden)]
    fn into_field(self) -> F;
}

/// The way of a field that has the output's type.
#[derive(Debug)]
pub struct SameType;

/// A way that no field goes.
#[derive(Debug)]
pub struct NoWay;

/// A field that no row has.
#[derive(Debug)]
pub enum NoField {}

#[diagnostic::do_not_recommend]
impl<F> FieldOf<F, SameType> for F {
    fn into_field(self) -> F {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<C> FieldOf<Option<NoField>, NoWay> for C {
    fn into_field(self) -> Option<NoField> {
        None
    }
}

/// The value of a row's field.
pub fn field<F, How, C: FieldOf<F, How>>(cell: C) -> F {
    cell.into_field()
}

/// Holds the type of a source's column against what a row's field can be, where its spelling does not tell.
pub fn column_type<C: Cell>() {}
