//! Run-time values: the Rust types that a column accepts, and how their values are written on the
//! wire.

use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroIsize, NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64,
    NonZeroUsize,
};

use crate::values::datetime::{self, DateTime};
use crate::values::list::{ListOf, OptionalList};

/// A value on the wire: the text of a scalar, without quotes and escapes.
#[derive(Debug, Clone, PartialEq)]
pub enum WireValue {
    /// A number, as `serde_json` prints it.
    Number(String),
    /// A string or a datetime.
    Text(String),
}

impl WireValue {
    /// Returns the value as a scalar operand, which is always a string.
    #[must_use]
    pub fn scalar(&self) -> &str {
        match self {
            WireValue::Number(text) | WireValue::Text(text) => text,
        }
    }

    /// Returns the value as an element of a JSON list.
    #[must_use]
    pub fn element(&self) -> String {
        match self {
            WireValue::Number(text) => text.clone(),
            WireValue::Text(text) => quoted(text),
        }
    }

    /// An integer.
    #[must_use]
    pub fn int(value: i64) -> WireValue {
        WireValue::Number(value.to_string())
    }

    /// A float; `None` if it is not finite, which JSON cannot contain.
    #[must_use]
    pub fn float(value: f64) -> Option<WireValue> {
        serde_json::Number::from_f64(value).map(|number| WireValue::Number(number.to_string()))
    }

    /// A datetime.
    #[must_use]
    pub fn datetime(value: DateTime) -> WireValue {
        WireValue::Text(datetime::print(value))
    }
}

/// Returns a string as JSON, with its quotes.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// Returns true if a string needs no escapes in JSON.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
}

/// Escapes a value for a JSON string, as a scalar operand. A string without escapes is returned
/// without a copy.
pub(crate) fn escaped_scalar(value: WireValue) -> String {
    let (WireValue::Number(text) | WireValue::Text(text)) = value;
    if is_plain(&text) { text } else { escaped(&text) }
}

/// Writes values as elements of a list that is inside a JSON string.
pub(crate) fn escaped_elements(values: &[WireValue]) -> String {
    let mut list = String::with_capacity(values.iter().map(|value| value.scalar().len() + ",\\\"\\\"".len()).sum());
    for value in values {
        if !list.is_empty() {
            list.push(',');
        }
        match value {
            WireValue::Text(text) if is_plain(text) => list.extend(["\\\"", text, "\\\""]),
            WireValue::Text(text) => list.push_str(&escaped(&quoted(text))),
            WireValue::Number(number) => list.push_str(number),
        }
    }
    list
}

/// Escapes a string for a JSON string.
fn escaped(text: &str) -> String {
    let quoted = quoted(text);
    quoted[1..quoted.len() - 1].to_owned()
}

/// Implements a trait of run-time values for some types.
macro_rules! values {
    ($trait:ident: $($($type:ty)+ = |$value:ident| $wire:expr;)+) => {
        $($(
            #[diagnostic::do_not_recommend]
            impl $trait for $type {
                fn to_wire(&self) -> Result<WireValue, String> {
                    let $value = self;
                    $wire
                }
            }
        )+)+

        values!(@pointers $trait: &V, &mut V, Box<V>, std::rc::Rc<V>, std::sync::Arc<V>);
    };
    (@pointers $trait:ident: $($pointer:ty),+) => {$(
        #[diagnostic::do_not_recommend]
        impl<V: $trait + ?Sized> $trait for $pointer {
            fn to_wire(&self) -> Result<WireValue, String> {
                (**self).to_wire()
            }
        }
    )+};
}

/// A value for a `str` column: a string.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a value for a text column [SRN050]", label = "not a string")]
pub trait StrValue {
    /// Returns the value on the wire, or the problem.
    #[doc(hidden)]
    fn to_wire(&self) -> Result<WireValue, String>;
}

/// A value for an `int` column: an integer that fits into 64 bits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value for an integer column [SRN050]",
    label = "not an integer"
)]
pub trait IntValue {
    /// Returns the value on the wire, or the problem.
    #[doc(hidden)]
    fn to_wire(&self) -> Result<WireValue, String>;
}

/// A value for a `float` column: a float or an integer.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a value for a float column [SRN050]", label = "not a number")]
pub trait FloatValue {
    /// Returns the value on the wire, or the problem.
    #[doc(hidden)]
    fn to_wire(&self) -> Result<WireValue, String>;
}

/// A value for a `datetime` column: a datetime, or a date, which means its midnight.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value for a datetime column [SRN050]",
    label = "not a `DateTime`"
)]
pub trait DateTimeValue {
    /// Returns the value on the wire, or the problem.
    #[doc(hidden)]
    fn to_wire(&self) -> Result<WireValue, String>;
}

values! { StrValue:
    str String std::borrow::Cow<'_, str> = |value| Ok(WireValue::Text(value.to_string()));
}

values! { IntValue:
    i8 i16 i32 i64 u8 u16 u32 = |value| Ok(WireValue::Number(value.to_string()));
    NonZeroI8 NonZeroI16 NonZeroI32 NonZeroI64 NonZeroU8 NonZeroU16 NonZeroU32 =
        |value| Ok(WireValue::Number(value.to_string()));
    isize u64 usize = |value| int_to_wire(*value);
    NonZeroIsize NonZeroU64 NonZeroUsize = |value| int_to_wire(value.get());
}

fn int_to_wire<I: Copy + std::fmt::Display + TryInto<i64>>(value: I) -> Result<WireValue, String> {
    let fits = value.try_into().map(WireValue::int);
    fits.map_err(|_| format!("the value {value} does not fit into an integer column"))
}

values! { FloatValue:
    f32 f64 = |value| if value.is_finite() {
        serde_json::to_string(value).map(WireValue::Number).map_err(|error| error.to_string())
    } else {
        Err(format!("the value {value} is not a finite number and cannot be written as JSON"))
    };
    i8 i16 i32 i64 isize u8 u16 u32 u64 usize = |value| Ok(WireValue::Number(value.to_string()));
    NonZeroI8 NonZeroI16 NonZeroI32 NonZeroI64 NonZeroIsize = |value| Ok(WireValue::Number(value.to_string()));
    NonZeroU8 NonZeroU16 NonZeroU32 NonZeroU64 NonZeroUsize = |value| Ok(WireValue::Number(value.to_string()));
}

values! { DateTimeValue:
    DateTime = |value| Ok(WireValue::datetime(*value));
    jiff::civil::Date = |value| Ok(WireValue::datetime(value.to_datetime(jiff::civil::Time::midnight())));
}

/// A run-time value on the wire, or its problem.
pub type ToWire = Result<WireValue, String>;

/// The values of a run-time list on the wire, or the problem of the first invalid one.
pub type ListToWire = Result<Vec<WireValue>, String>;

/// The value in `{value}?`: an `Option`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `Option`: remove the `?` after the braces [SRN050]",
    label = "not an `Option`"
)]
pub trait Optional {
    /// The type of the value.
    type Value;

    /// Returns the value, if there is one.
    #[doc(hidden)]
    fn value(&self) -> Option<&Self::Value>;
}

#[diagnostic::do_not_recommend]
impl<V> Optional for Option<V> {
    type Value = V;

    fn value(&self) -> Option<&V> {
        self.as_ref()
    }
}

#[diagnostic::do_not_recommend]
impl<O: Optional> Optional for &O {
    type Value = O::Value;

    fn value(&self) -> Option<&O::Value> {
        (**self).value()
    }
}

// One function for each column type and form of value. The compiler's messages show their bounds,
// so the bounds are explicit.

/// A value for a `str` column.
pub fn str_value<V: StrValue + ?Sized>(value: &V) -> ToWire {
    value.to_wire()
}

/// An optional value for a `str` column.
pub fn str_option<V: StrValue>(value: &impl Optional<Value = V>) -> Option<ToWire> {
    value.value().map(StrValue::to_wire)
}

/// A list of values for a `str` column.
pub fn str_list<V: StrValue>(values: impl ListOf<Value = V>) -> ListToWire {
    values.values().map(|value| value.to_wire()).collect()
}

/// An optional list of values for a `str` column.
pub fn str_list_option<V: StrValue>(values: impl OptionalList<List: ListOf<Value = V>>) -> Option<ListToWire> {
    values.list().map(str_list)
}

/// A value for an `int` column.
pub fn int_value<V: IntValue + ?Sized>(value: &V) -> ToWire {
    value.to_wire()
}

/// An optional value for an `int` column.
pub fn int_option<V: IntValue>(value: &impl Optional<Value = V>) -> Option<ToWire> {
    value.value().map(IntValue::to_wire)
}

/// A list of values for an `int` column.
pub fn int_list<V: IntValue>(values: impl ListOf<Value = V>) -> ListToWire {
    values.values().map(|value| value.to_wire()).collect()
}

/// An optional list of values for an `int` column.
pub fn int_list_option<V: IntValue>(values: impl OptionalList<List: ListOf<Value = V>>) -> Option<ListToWire> {
    values.list().map(int_list)
}

/// A value for a `float` column.
pub fn float_value<V: FloatValue + ?Sized>(value: &V) -> ToWire {
    value.to_wire()
}

/// An optional value for a `float` column.
pub fn float_option<V: FloatValue>(value: &impl Optional<Value = V>) -> Option<ToWire> {
    value.value().map(FloatValue::to_wire)
}

/// A list of values for a `float` column.
pub fn float_list<V: FloatValue>(values: impl ListOf<Value = V>) -> ListToWire {
    values.values().map(|value| value.to_wire()).collect()
}

/// An optional list of values for a `float` column.
pub fn float_list_option<V: FloatValue>(values: impl OptionalList<List: ListOf<Value = V>>) -> Option<ListToWire> {
    values.list().map(float_list)
}

/// A value for a `datetime` column.
pub fn datetime_value<V: DateTimeValue + ?Sized>(value: &V) -> ToWire {
    value.to_wire()
}

/// An optional value for a `datetime` column.
pub fn datetime_option<V: DateTimeValue>(value: &impl Optional<Value = V>) -> Option<ToWire> {
    value.value().map(DateTimeValue::to_wire)
}

/// A list of values for a `datetime` column.
pub fn datetime_list<V: DateTimeValue>(values: impl ListOf<Value = V>) -> ListToWire {
    values.values().map(|value| value.to_wire()).collect()
}

/// An optional list of values for a `datetime` column.
pub fn datetime_list_option<V: DateTimeValue>(
    values: impl OptionalList<List: ListOf<Value = V>>,
) -> Option<ListToWire> {
    values.list().map(datetime_list)
}
