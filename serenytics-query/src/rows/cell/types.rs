//! The Rust types that a cell is read into.

use super::{CellReader, Scalar, number, plain};
use crate::rows::shape::OutputType;
use crate::rows::slot::SlotValue;
use crate::syntax::vocabulary::ColumnType;
use crate::values::datetime::{self, DateTime};

pub(super) mod sealed {
    pub trait Sealed {}
}

/// A type that a row's field may have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold a cell of a result [SRN054]",
    label = "not a valid type for a row's field",
    note = "use `String`, `i8` to `i64`, `u8` to `u32`, `f32`, `f64`, `DateTime`, `SlotValue`, or an `Option` of one, or derive `ColumnValue` for an enum or a newtype"
)]
pub trait Cell: Sized + sealed::Sealed {
    /// The accepted values, for a message.
    #[doc(hidden)]
    const EXPECTED: &'static str;

    /// Whether the type accepts NULL.
    #[doc(hidden)]
    const NULLABLE: bool = false;

    /// Returns true if the type fits a column of a result.
    #[doc(hidden)]
    fn holds(output: OutputType) -> bool;

    #[doc(hidden)]
    #[expect(private_interfaces, reason = "the trait is sealed")]
    fn from_scalar(scalar: &Scalar<'_>) -> Option<Self>;

    /// Reads a cell of the plain form, which almost all cells of the type have, faster than
    /// `from_scalar`. Returns `None` and reads nothing for any other form.
    #[doc(hidden)]
    #[inline]
    fn read_plain(_: &mut CellReader<'_>) -> Option<Self> {
        None
    }
}

macro_rules! cell {
    ($type:ty, $expected:literal, $holds:pat, $scalar:ident => $read:expr $(, $plain:expr)?) => {
        impl sealed::Sealed for $type {}
        #[diagnostic::do_not_recommend]
        impl Cell for $type {
            const EXPECTED: &'static str = $expected;

            fn holds(output: OutputType) -> bool {
                matches!(output, $holds)
            }

            #[inline]
            #[expect(private_interfaces, reason = "the trait is sealed")]
            fn from_scalar($scalar: &Scalar<'_>) -> Option<Self> {
                $read
            }

            $(#[inline]
            fn read_plain(cells: &mut CellReader<'_>) -> Option<Self> {
                cells.plain($plain)
            })?
        }
    };
}

macro_rules! integer_cell {
    ($($type:ty, $expected:literal;)+) => {$(
        cell!($type, $expected, OutputType::Column(ColumnType::Int), scalar => match scalar {
            Scalar::Number(text) => text.parse().ok().or_else(|| <$type>::try_from(number::integer(text)?).ok()),
            _ => None,
        }, |bytes| {
            let (integer, length) = plain::integer(bytes)?;
            Some((<$type>::try_from(integer).ok()?, length))
        });
    )+};
}

integer_cell! {
    i8, "an 8-bit integer";
    i16, "a 16-bit integer";
    i32, "a 32-bit integer";
    i64, "a 64-bit integer";
    u8, "a non-negative 8-bit integer";
    u16, "a non-negative 16-bit integer";
    u32, "a non-negative 32-bit integer";
}

/// Reads a string, with or without escapes.
fn text_of(scalar: &Scalar<'_>) -> Option<String> {
    match scalar {
        Scalar::Text(text) => Some((*text).to_owned()),
        Scalar::Escaped(quoted) => serde_json::from_slice(quoted).ok(),
        _ => None,
    }
}

fn datetime_of(scalar: &Scalar<'_>) -> Option<DateTime> {
    match scalar {
        Scalar::Text(text) => datetime::parse(text).ok(),
        scalar => datetime::parse(&text_of(scalar)?).ok(),
    }
}

cell!(f64, "a number", OutputType::Column(ColumnType::Float), scalar => match scalar {
    Scalar::Number(text) => number::double(text),
    _ => None,
}, plain::number);
cell!(f32, "a 32-bit number", OutputType::Column(ColumnType::Float), scalar => match scalar {
    Scalar::Number(text) => number::single(text),
    _ => None,
});
cell!(String, "a string", OutputType::Column(ColumnType::Str), scalar => text_of(scalar), |bytes| plain::text(bytes).map(|(text, length)| (text.to_owned(), length)));
cell!(DateTime, "a datetime", OutputType::Column(ColumnType::DateTime), scalar => datetime_of(scalar), plain::datetime);
#[cfg(feature = "chrono")]
cell!(chrono::NaiveDateTime, "a datetime", OutputType::Column(ColumnType::DateTime), scalar => {
    datetime_of(scalar).and_then(crate::values::datetime_crates::chrono::theirs)
});
#[cfg(feature = "time")]
cell!(time::PrimitiveDateTime, "a datetime", OutputType::Column(ColumnType::DateTime), scalar => {
    datetime_of(scalar).and_then(crate::values::datetime_crates::time::theirs)
});
cell!(SlotValue, "a time slot", OutputType::Slot(_), scalar => match scalar {
    Scalar::Number(text) => number::integer(text).map(SlotValue::Number),
    scalar => text_of(scalar).and_then(|text| SlotValue::from_text(&text)),
});

impl sealed::Sealed for serde_json::Value {}
#[diagnostic::do_not_recommend]
impl Cell for serde_json::Value {
    const EXPECTED: &'static str = "a string, a 64-bit number or NULL";
    const NULLABLE: bool = true;

    fn holds(_: OutputType) -> bool {
        true
    }

    #[expect(private_interfaces, reason = "the trait is sealed")]
    fn from_scalar(scalar: &Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Null => Some(serde_json::Value::Null),
            Scalar::Number(text) => {
                let number: serde_json::Number = text.parse().ok()?;
                (!number.is_f64() || number::double(text).is_some()).then_some(serde_json::Value::Number(number))
            }
            Scalar::Text(text) => Some((*text).into()),
            Scalar::Escaped(quoted) => serde_json::from_slice(quoted).ok(),
            Scalar::Other => None,
        }
    }
}

impl<C: Cell> sealed::Sealed for Option<C> {}
#[diagnostic::do_not_recommend]
impl<C: Cell> Cell for Option<C> {
    const EXPECTED: &'static str = C::EXPECTED;
    const NULLABLE: bool = true;

    fn holds(output: OutputType) -> bool {
        C::holds(output)
    }

    #[expect(private_interfaces, reason = "the trait is sealed")]
    fn from_scalar(scalar: &Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Null => Some(None),
            scalar => C::from_scalar(scalar).map(Some),
        }
    }

    #[inline]
    fn read_plain(cells: &mut CellReader<'_>) -> Option<Self> {
        C::read_plain(cells).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use crate::rows::cell::Field;
    use crate::rows::shape::OutputColumn;

    #[test]
    fn a_nullable_field_accepts_a_nullable_column() {
        let column = OutputColumn::str("country", "country", true, true);
        assert_eq!(Field::of::<serde_json::Value>("country").problem(&column), None);
        assert_eq!(Field::of::<Option<String>>("country").problem(&column), None);
        assert!(Field::of::<String>("country").problem(&column).is_some());
    }
}
