//! Run-time values: which Rust types a column is compared with, and how a value is written on the wire.

use crate::values::datetime::{self, DateTime};

/// A value as the wire writes it: the text of a scalar, without quotes and escapes.
#[derive(Debug, Clone, PartialEq)]
pub enum WireValue {
    /// A number, as `serde_json` prints it.
    Number(String),
    /// A text or a datetime.
    Text(String),
}

impl WireValue {
    /// The value as a scalar operand: a text, whatever it is.
    #[must_use]
    pub fn scalar(&self) -> &str {
        match self {
            WireValue::Number(text) | WireValue::Text(text) => text,
        }
    }

    /// The value as an element of a list: JSON.
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

    /// A number; `None` for one that is not finite, which JSON does not have.
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

/// A text as a JSON string, with its quotes.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// Whether a text stands inside a JSON string as it is.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
}

/// A value as it stands inside a JSON string, as a scalar operand. A plain text is the very one that the value held.
pub(crate) fn escaped_scalar(value: WireValue) -> String {
    let (WireValue::Number(text) | WireValue::Text(text)) = value;
    if is_plain(&text) { text } else { escaped(&text) }
}

/// Writes values, as elements of a list that stands inside a JSON string.
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

/// A text as it stands inside a JSON string.
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

        #[diagnostic::do_not_recommend]
        impl<V: $trait + ?Sized> $trait for &V {
            fn to_wire(&self) -> Result<WireValue, String> {
                (**self).to_wire()
            }
        }
    };
}

/// What a `str` column is compared with: a text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value for a text column [SRN050]",
    label = "not a string",
    note = "for an `Option`, add `?` after the braces: `{{value}}?` omits the condition for `None`"
)]
pub trait StrValue {
    /// The value on the wire, or what is wrong with it.
    #[doc(hidden)]
    fn to_wire(&self) -> Result<WireValue, String>;
}

/// What an `int` column is compared with: an integer that 64 bits hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value for an integer column [SRN050]",
    label = "not an integer",
    note = "for an `Option`, add `?` after the braces: `{{value}}?` omits the condition for `None`"
)]
pub trait IntValue {
    /// The value on the wire, or what is wrong with it.
    #[doc(hidden)]
    fn to_wire(&self) -> Result<WireValue, String>;
}

/// What a `float` column is compared with: a number, whole or not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value for a float column [SRN050]",
    label = "not a number",
    note = "for an `Option`, add `?` after the braces: `{{value}}?` omits the condition for `None`"
)]
pub trait FloatValue {
    /// The value on the wire, or what is wrong with it.
    #[doc(hidden)]
    fn to_wire(&self) -> Result<WireValue, String>;
}

/// What a `datetime` column is compared with: a datetime, or a date, which stands for its midnight.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value for a datetime column [SRN050]",
    label = "not a `DateTime`",
    note = "for an `Option`, add `?` after the braces: `{{value}}?` omits the condition for `None`"
)]
pub trait DateTimeValue {
    /// The value on the wire, or what is wrong with it.
    #[doc(hidden)]
    fn to_wire(&self) -> Result<WireValue, String>;
}

values! { StrValue:
    str String std::borrow::Cow<'_, str> = |value| Ok(WireValue::Text(value.to_string()));
}

values! { IntValue:
    i8 i16 i32 i64 u8 u16 u32 = |value| Ok(WireValue::Number(value.to_string()));
    isize u64 usize = |value| i64::try_from(*value)
        .map(WireValue::int)
        .map_err(|_| format!("the value {value} does not fit into an integer column"));
}

values! { FloatValue:
    f32 f64 = |value| if value.is_finite() {
        serde_json::to_string(value).map(WireValue::Number).map_err(|error| error.to_string())
    } else {
        Err(format!("the value {value} is not a finite number and cannot be written as JSON"))
    };
    i8 i16 i32 i64 isize u8 u16 u32 u64 usize = |value| Ok(WireValue::Number(value.to_string()));
}

values! { DateTimeValue:
    DateTime = |value| Ok(WireValue::datetime(*value));
    jiff::civil::Date = |value| Ok(WireValue::datetime(value.to_datetime(jiff::civil::Time::midnight())));
}

/// A run-time value on the wire, or what is wrong with it.
pub type ToWire = Result<WireValue, String>;

/// The values of a run-time list on the wire, or what is wrong with the first wrong one.
pub type ListToWire = Result<Vec<WireValue>, String>;

/// What stands before the `?` of `{value}?`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `Option`: remove the `?` after the braces [SRN050]",
    label = "not an `Option`"
)]
pub trait Optional {
    /// The value that there may be.
    type Value;

    /// The value, if there is one.
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

/// What a run-time list is, by [`ListProbe`].
#[derive(Debug, Clone, Copy)]
pub struct List;

/// What an `Option` or a `Result` is, by [`ListProbe`]: both can be iterated over, and neither is a list.
#[derive(Debug, Clone, Copy)]
pub struct NotAList;

/// What `in {values}` takes.
#[diagnostic::on_unimplemented(
    message = "an `Option` or a `Result` is not a list of values [SRN051]",
    label = "not a list",
    note = "for an `Option` of a list, add `?` after the braces: `in {{values}}?` omits the condition for `None`"
)]
pub trait IsList {}

impl IsList for List {}

/// Tells lists from what can merely be iterated over: of its two `kind`s the compiler takes the one that needs no reference.
#[derive(Debug)]
pub struct ListProbe<L>(std::marker::PhantomData<L>);

impl<L> ListProbe<L> {
    /// The probe of a value's type.
    pub fn of(_: &L) -> ListProbe<L> {
        ListProbe(std::marker::PhantomData)
    }
}

/// The `kind` of everything.
pub trait ListKind {
    /// The kind.
    fn kind(&self) -> List {
        List
    }
}

impl<L> ListKind for &ListProbe<L> {}

/// The `kind` of `Option` and `Result`.
pub trait NotAListKind {
    /// The kind.
    fn kind(&self) -> NotAList {
        NotAList
    }
}

impl<V> NotAListKind for ListProbe<Option<V>> {}
impl<V> NotAListKind for ListProbe<&Option<V>> {}
impl<V, E> NotAListKind for ListProbe<Result<V, E>> {}
impl<V, E> NotAListKind for ListProbe<&Result<V, E>> {}

// One function a column type and a form of value: their bounds are what the compiler's messages show, so they are written out.

/// A value for a `str` column.
pub fn str_value<V: StrValue + ?Sized>(value: &V) -> ToWire {
    value.to_wire()
}

/// A value for a `str` column, which `None` leaves out.
pub fn str_option<V: StrValue>(value: &impl Optional<Value = V>) -> Option<ToWire> {
    value.value().map(StrValue::to_wire)
}

/// A list of values for a `str` column.
pub fn str_list<V: StrValue>(_kind: impl IsList, values: impl IntoIterator<Item = V>) -> ListToWire {
    values.into_iter().map(|value| value.to_wire()).collect()
}

/// A list of values for a `str` column, which `None` leaves out.
pub fn str_list_option<V: StrValue>(values: Option<impl IntoIterator<Item = V>>) -> Option<ListToWire> {
    values.map(|values| str_list(List, values))
}

/// A value for an `int` column.
pub fn int_value<V: IntValue + ?Sized>(value: &V) -> ToWire {
    value.to_wire()
}

/// A value for an `int` column, which `None` leaves out.
pub fn int_option<V: IntValue>(value: &impl Optional<Value = V>) -> Option<ToWire> {
    value.value().map(IntValue::to_wire)
}

/// A list of values for an `int` column.
pub fn int_list<V: IntValue>(_kind: impl IsList, values: impl IntoIterator<Item = V>) -> ListToWire {
    values.into_iter().map(|value| value.to_wire()).collect()
}

/// A list of values for an `int` column, which `None` leaves out.
pub fn int_list_option<V: IntValue>(values: Option<impl IntoIterator<Item = V>>) -> Option<ListToWire> {
    values.map(|values| int_list(List, values))
}

/// A value for a `float` column.
pub fn float_value<V: FloatValue + ?Sized>(value: &V) -> ToWire {
    value.to_wire()
}

/// A value for a `float` column, which `None` leaves out.
pub fn float_option<V: FloatValue>(value: &impl Optional<Value = V>) -> Option<ToWire> {
    value.value().map(FloatValue::to_wire)
}

/// A list of values for a `float` column.
pub fn float_list<V: FloatValue>(_kind: impl IsList, values: impl IntoIterator<Item = V>) -> ListToWire {
    values.into_iter().map(|value| value.to_wire()).collect()
}

/// A list of values for a `float` column, which `None` leaves out.
pub fn float_list_option<V: FloatValue>(values: Option<impl IntoIterator<Item = V>>) -> Option<ListToWire> {
    values.map(|values| float_list(List, values))
}

/// A value for a `datetime` column.
pub fn datetime_value<V: DateTimeValue + ?Sized>(value: &V) -> ToWire {
    value.to_wire()
}

/// A value for a `datetime` column, which `None` leaves out.
pub fn datetime_option<V: DateTimeValue>(value: &impl Optional<Value = V>) -> Option<ToWire> {
    value.value().map(DateTimeValue::to_wire)
}

/// A list of values for a `datetime` column.
pub fn datetime_list<V: DateTimeValue>(_kind: impl IsList, values: impl IntoIterator<Item = V>) -> ListToWire {
    values.into_iter().map(|value| value.to_wire()).collect()
}

/// A list of values for a `datetime` column, which `None` leaves out.
pub fn datetime_list_option<V: DateTimeValue>(values: Option<impl IntoIterator<Item = V>>) -> Option<ListToWire> {
    values.map(|values| datetime_list(List, values))
}
