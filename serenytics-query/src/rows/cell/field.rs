//! The fields of a user's row after `into`: each must have the exact type of its output.

/// Matches an output with a row's field of exactly the same type.
///
/// `How` keeps the compiler from inferring the output's type from the field's. With a single
/// implementation it would do so and report a mismatch with its own message instead of ours.
#[diagnostic::on_unimplemented(
    message = "the field of this output has the type `{F}`, but the output has `{Self}` [SRN054]",
    label = "type does not match the field"
)]
pub trait FieldOf<F, How> {
    /// The cell as the field's value.
    #[doc(hidden)]
    fn into_field(self) -> F;
}

/// `How` for a field that has the output's type.
#[derive(Debug)]
pub struct SameType;

/// `How` that no field uses.
#[derive(Debug)]
pub struct NoWay;

/// A type that no row's field has.
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

/// Converts a cell to the value of a row's field.
pub fn field<F, How, C: FieldOf<F, How>>(cell: C) -> F {
    cell.into_field()
}
