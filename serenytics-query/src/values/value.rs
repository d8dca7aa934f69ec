//! Run-time values: the Rust types that a column accepts, and how their values are written on the
//! wire.

use crate::values::datetime::{self, DateTime};

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

        #[diagnostic::do_not_recommend]
        impl<V: $trait + ?Sized> $trait for &V {
            fn to_wire(&self) -> Result<WireValue, String> {
                (**self).to_wire()
            }
        }
    };
}

/// A value for a `str` column: a string.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value for a text column [SRN050]",
    label = "not a string",
    note = "for an `Option`, add `?` after the braces: `{{value}}?` omits the condition for `None`"
)]
pub trait StrValue {
    /// Returns the value on the wire, or the problem.
    #[doc(hidden)]
    fn to_wire(&self) -> Result<WireValue, String>;
}

/// A value for an `int` column: an integer that fits into 64 bits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value for an integer column [SRN050]",
    label = "not an integer",
    note = "for an `Option`, add `?` after the braces: `{{value}}?` omits the condition for `None`"
)]
pub trait IntValue {
    /// Returns the value on the wire, or the problem.
    #[doc(hidden)]
    fn to_wire(&self) -> Result<WireValue, String>;
}

/// A value for a `float` column: a float or an integer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value for a float column [SRN050]",
    label = "not a number",
    note = "for an `Option`, add `?` after the braces: `{{value}}?` omits the condition for `None`"
)]
pub trait FloatValue {
    /// Returns the value on the wire, or the problem.
    #[doc(hidden)]
    fn to_wire(&self) -> Result<WireValue, String>;
}

/// A value for a `datetime` column: a datetime, or a date, which means its midnight.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value for a datetime column [SRN050]",
    label = "not a `DateTime`",
    note = "for an `Option`, add `?` after the braces: `{{value}}?` omits the condition for `None`"
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

/// The kind of a run-time list; see [`ListProbe`].
#[derive(Debug, Clone, Copy)]
pub struct List;

/// The kind of an `Option` or a `Result`, which can be iterated but are not lists; see
/// [`ListProbe`].
#[derive(Debug, Clone, Copy)]
pub struct NotAList;

/// The kind of value that `in {values}` accepts.
#[diagnostic::on_unimplemented(
    message = "an `Option` or a `Result` is not a list of values [SRN051]",
    label = "not a list",
    note = "for an `Option` of a list, add `?` after the braces: `in {{values}}?` omits the condition for `None`"
)]
pub trait IsList {}

impl IsList for List {}

/// Distinguishes lists from other types that can be iterated. It has two `kind` methods; the
/// compiler prefers the one that does not need a reference.
#[derive(Debug)]
pub struct ListProbe<L>(std::marker::PhantomData<L>);

impl<L> ListProbe<L> {
    /// The probe of a value's type.
    pub fn of(_: &L) -> ListProbe<L> {
        ListProbe(std::marker::PhantomData)
    }
}

/// The `kind` method of every type.
pub trait ListKind {
    /// The kind.
    fn kind(&self) -> List {
        List
    }
}

impl<L> ListKind for &ListProbe<L> {}

/// The `kind` method of `Option` and `Result`.
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
pub fn str_list<V: StrValue>(_kind: impl IsList, values: impl IntoIterator<Item = V>) -> ListToWire {
    values.into_iter().map(|value| value.to_wire()).collect()
}

/// An optional list of values for a `str` column.
pub fn str_list_option<V: StrValue>(values: Option<impl IntoIterator<Item = V>>) -> Option<ListToWire> {
    values.map(|values| str_list(List, values))
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
pub fn int_list<V: IntValue>(_kind: impl IsList, values: impl IntoIterator<Item = V>) -> ListToWire {
    values.into_iter().map(|value| value.to_wire()).collect()
}

/// An optional list of values for an `int` column.
pub fn int_list_option<V: IntValue>(values: Option<impl IntoIterator<Item = V>>) -> Option<ListToWire> {
    values.map(|values| int_list(List, values))
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
pub fn float_list<V: FloatValue>(_kind: impl IsList, values: impl IntoIterator<Item = V>) -> ListToWire {
    values.into_iter().map(|value| value.to_wire()).collect()
}

/// An optional list of values for a `float` column.
pub fn float_list_option<V: FloatValue>(values: Option<impl IntoIterator<Item = V>>) -> Option<ListToWire> {
    values.map(|values| float_list(List, values))
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
pub fn datetime_list<V: DateTimeValue>(_kind: impl IsList, values: impl IntoIterator<Item = V>) -> ListToWire {
    values.into_iter().map(|value| value.to_wire()).collect()
}

/// An optional list of values for a `datetime` column.
pub fn datetime_list_option<V: DateTimeValue>(values: Option<impl IntoIterator<Item = V>>) -> Option<ListToWire> {
    values.map(|values| datetime_list(List, values))
}
