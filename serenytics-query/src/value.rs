//! Run-time values: which Rust types a column is compared with, and how a value is written on the wire.

use crate::datetime::{self, DateTime};
use crate::problem::{Code, Problem};
use crate::stage::Position;
use crate::vocabulary::ColumnType;

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

/// A text as it stands inside a JSON string.
pub(crate) fn escaped(text: &str) -> String {
    let quoted = quoted(text);
    quoted[1..quoted.len() - 1].to_owned()
}

/// Declares what a column of one type is compared with: a trait, its types, and the functions that write a run-time value.
macro_rules! values {
    (
        $(#[$doc:meta])* $module:ident $trait:ident, $message:tt, $label:tt;
        $($($type:ty)+ = |$value:ident| $wire:expr;)+
    ) => {
        $(#[$doc])*
        #[diagnostic::on_unimplemented(
            message = $message,
            label = $label,
            note = "an `Option` takes a `?` after the braces, which leaves the condition out for `None`: `{{value}}?`"
        )]
        pub trait $trait {
            /// The value on the wire, or what is wrong with it.
            #[doc(hidden)]
            fn to_wire(&self) -> Result<WireValue, String>;
        }

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

        $(#[$doc])*
        pub mod $module {
            use super::{$trait, Rendered};

            /// One value: `column > {value}`.
            pub fn scalar<V: $trait + ?Sized>(value: &V) -> Rendered {
                Rendered::scalar(Some(value.to_wire()))
            }

            /// One value that may leave its condition out: `column > {value}?`.
            pub fn optional<V: $trait>(value: &Option<V>) -> Rendered {
                Rendered::scalar(value.as_ref().map($trait::to_wire))
            }

            /// An element of a list: `column in ["FR", {value}]`.
            pub fn element<V: $trait + ?Sized>(value: &V) -> Rendered {
                Rendered::list(Some(value.to_wire().map(|value| vec![value])))
            }

            /// A list: `column in {values}`.
            pub fn list<V: $trait>(values: impl IntoIterator<Item = V>) -> Rendered {
                Rendered::list(Some(values.into_iter().map(|value| value.to_wire()).collect()))
            }

            /// A list that may leave its condition out: `column in {values}?`.
            pub fn optional_list<V: $trait>(values: Option<impl IntoIterator<Item = V>>) -> Rendered {
                let values = values.map(|values| values.into_iter().map(|value| value.to_wire()).collect());
                Rendered::list(values)
            }
        }
    };
}

values! {
    /// What a `str` column is compared with: a text.
    str StrValue, "`{Self}` is not a value for a text column", "not a text";
    str String std::borrow::Cow<'_, str> = |value| Ok(WireValue::Text(value.to_string()));
}

values! {
    /// What an `int` column is compared with: an integer that 64 bits hold.
    int IntValue, "`{Self}` is not a value for an integer column", "not an integer";
    i8 i16 i32 i64 u8 u16 u32 = |value| Ok(WireValue::Number(value.to_string()));
    isize u64 usize = |value| i64::try_from(*value)
        .map(WireValue::int)
        .map_err(|_| format!("the value {value} is larger than an integer column holds"));
}

values! {
    /// What a `float` column is compared with: a number, whole or not.
    float FloatValue, "`{Self}` is not a value for a number column", "not a number";
    f32 f64 = |value| if value.is_finite() {
        serde_json::to_string(value).map(WireValue::Number).map_err(|error| error.to_string())
    } else {
        Err(format!("the value {value} is not a finite number, which no condition can hold"))
    };
    i8 i16 i32 i64 isize u8 u16 u32 u64 usize = |value| Ok(WireValue::Number(value.to_string()));
}

values! {
    /// What a `datetime` column is compared with: a datetime, or a date, which stands for its midnight.
    datetime DateTimeValue, "`{Self}` is not a value for a datetime column", "not a `DateTime`";
    DateTime = |value| Ok(WireValue::datetime(*value));
    jiff::civil::Date = |value| Ok(WireValue::datetime(value.to_datetime(jiff::civil::Time::midnight())));
}

/// A number of rows for `limit {rows}`: any integer.
#[diagnostic::on_unimplemented(
    message = "`limit` takes an integer and not a value of type `{Self}`",
    label = "not an integer"
)]
pub trait LimitValue {
    /// The number, if 64 bits hold it.
    #[doc(hidden)]
    fn to_rows(&self) -> Option<i64>;
}

macro_rules! limit_values {
    ($($type:ty)+) => {$(
        #[diagnostic::do_not_recommend]
        impl LimitValue for $type {
            fn to_rows(&self) -> Option<i64> {
                i64::try_from(*self).ok()
            }
        }
    )+};
}

limit_values!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

#[diagnostic::do_not_recommend]
impl<L: LimitValue> LimitValue for &L {
    fn to_rows(&self) -> Option<i64> {
        (**self).to_rows()
    }
}

/// A run-time value, written as it stands in the query's JSON.
#[derive(Debug)]
pub struct Rendered {
    /// The text, or `None` when the clause is left out.
    pub(crate) text: Option<String>,
    pub(crate) problem: Option<Problem>,
}

impl Rendered {
    fn new(text: Option<Result<String, String>>, code: Code) -> Rendered {
        match text.transpose() {
            Ok(text) => Rendered { text, problem: None },
            Err(message) => Rendered {
                text: None,
                problem: Some(Problem::new(code, Position::default(), message)),
            },
        }
    }

    fn scalar(value: Option<Result<WireValue, String>>) -> Rendered {
        let text = value.map(|value| value.map(|value| escaped(value.scalar())));
        Rendered::new(text, Code::NotFinite)
    }

    fn list(values: Option<Result<Vec<WireValue>, String>>) -> Rendered {
        let text = values.map(|values| values.map(|values| list_text(&values)));
        Rendered::new(text, Code::NotFinite)
    }
}

/// A number of rows: `limit {rows}`.
pub fn limit<L: LimitValue + ?Sized>(rows: &L) -> Rendered {
    Rendered::new(Some(limit_text(rows.to_rows())), Code::LimitRange)
}

/// A number of rows that may be left out: `limit {rows}?`.
pub fn optional_limit<L: LimitValue>(rows: &Option<L>) -> Rendered {
    Rendered::new(rows.as_ref().map(|rows| limit_text(rows.to_rows())), Code::LimitRange)
}

fn list_text(values: &[WireValue]) -> String {
    let elements: Vec<_> = values.iter().map(|value| escaped(&value.element())).collect();
    elements.join(",")
}

fn limit_text(rows: Option<i64>) -> Result<String, String> {
    match rows {
        Some(rows) if rows > 0 => Ok(rows.to_string()),
        Some(rows) => Err(format!("`limit` is {rows} and has to be at least 1")),
        None => Err("`limit` is larger than 64 bits hold".to_owned()),
    }
}

impl ColumnType {
    /// The name of the module here that holds the functions for a column of this type.
    #[must_use]
    pub const fn value_module(self) -> &'static str {
        self.word()
    }

    /// The name of the trait here that a column of this type is compared by.
    #[must_use]
    pub const fn value_trait(self) -> &'static str {
        match self {
            ColumnType::Str => "StrValue",
            ColumnType::Int => "IntValue",
            ColumnType::Float => "FloatValue",
            ColumnType::DateTime => "DateTimeValue",
        }
    }
}
