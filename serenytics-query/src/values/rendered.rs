//! Run-time values as JSON, and the problems that are found at run time.

use std::borrow::Cow;

use crate::syntax::problem::{Code, Problem};
use crate::syntax::stage::Position;
use crate::values::value::{ListToWire, Optional, ToWire, escaped_elements, escaped_scalar};

/// A number of rows for `limit {rows}`: any integer.
#[diagnostic::on_unimplemented(
    message = "`limit` needs an integer, found a value of type `{Self}` [SRN052]",
    label = "not an integer"
)]
pub trait LimitValue {
    /// Returns the number, if it fits into 64 bits.
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

macro_rules! nonzero_limit_values {
    ($($type:ident)+) => {$(
        #[diagnostic::do_not_recommend]
        impl LimitValue for std::num::$type {
            fn to_rows(&self) -> Option<i64> {
                i64::try_from(self.get()).ok()
            }
        }
    )+};
}

nonzero_limit_values!(NonZeroI8 NonZeroI16 NonZeroI32 NonZeroI64 NonZeroIsize);
nonzero_limit_values!(NonZeroU8 NonZeroU16 NonZeroU32 NonZeroU64 NonZeroUsize);

#[diagnostic::do_not_recommend]
impl<L: LimitValue> LimitValue for &L {
    fn to_rows(&self) -> Option<i64> {
        (**self).to_rows()
    }
}

/// A run-time value as JSON.
#[derive(Debug)]
pub struct Rendered {
    /// The JSON text, or `None` to omit the clause.
    pub(crate) text: Option<String>,
    pub(crate) problems: Vec<Problem>,
    /// The measures that it uses.
    pub(crate) measures: Vec<Cow<'static, str>>,
}

impl Rendered {
    fn new(text: Option<Result<String, String>>, code: Code) -> Rendered {
        match text.transpose() {
            Ok(text) => Rendered { text, problems: Vec::new(), measures: Vec::new() },
            Err(message) => Rendered {
                text: None,
                problems: vec![Problem::new(code, Position::default(), message)],
                measures: Vec::new(),
            },
        }
    }

    /// Adds the name of the column to the value's problems.
    #[must_use]
    pub fn of(mut self, column: &str) -> Rendered {
        for problem in &mut self.problems {
            problem.message = format!("`{column}`: {}", problem.message);
        }
        self
    }

    /// Adds a problem.
    #[must_use]
    pub(crate) fn and(mut self, problem: Option<Problem>) -> Rendered {
        self.problems.extend(problem);
        self
    }

    /// One value: `column > {value}`.
    #[must_use]
    pub fn scalar(value: ToWire) -> Rendered {
        Rendered::scalar_option(Some(value))
    }

    /// An optional value: `column > {value}?`.
    #[must_use]
    pub fn scalar_option(value: Option<ToWire>) -> Rendered {
        let text = value.map(|value| value.map(escaped_scalar));
        Rendered::new(text, Code::NotFinite)
    }

    /// An element of a list: `column in ["FR", {value}]`.
    #[must_use]
    pub fn element(value: ToWire) -> Rendered {
        Rendered::new(Some(value.map(|value| escaped_elements(&[value]))), Code::NotFinite)
    }

    /// A list: `column in {values}`.
    #[must_use]
    pub fn list(values: ListToWire) -> Rendered {
        Rendered::list_option(Some(values))
    }

    /// An optional list: `column in {values}?`.
    #[must_use]
    pub fn list_option(values: Option<ListToWire>) -> Rendered {
        let text = values.map(|values| values.map(|values| escaped_elements(&values)));
        Rendered::new(text, Code::NotFinite)
    }
}

/// A number of rows: `limit {rows}`.
pub fn limit<L: LimitValue + ?Sized>(rows: &L) -> Rendered {
    Rendered::new(Some(limit_text(rows.to_rows())), Code::LimitRange)
}

/// An optional number of rows: `limit {rows}?`.
pub fn limit_option<L: LimitValue>(rows: &impl Optional<Value = L>) -> Rendered {
    Rendered::new(rows.value().map(|rows| limit_text(rows.to_rows())), Code::LimitRange)
}

fn limit_text(rows: Option<i64>) -> Result<String, String> {
    match rows {
        Some(rows) if rows > 0 => Ok(rows.to_string()),
        Some(rows) => Err(format!("`limit` is {rows} but must be at least 1")),
        None => Err("`limit` does not fit into a 64-bit integer".to_owned()),
    }
}
