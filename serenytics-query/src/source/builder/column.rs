//! The columns of a source as values, with the operators, aggregates and time slots of their types.

use std::fmt;
use std::marker::PhantomData;

use super::filter::{Filter, Operand};
use super::item::{AggregateColumn, SlotColumn};
use crate::syntax::problem::{Code, Problem};
use crate::syntax::stage::{Ident, Position, Selected};
use crate::syntax::vocabulary::{Aggregate, Operator, TimeSlot};
use crate::values::datetime::DateTime;
use crate::values::rendered::Rendered;
use crate::values::value::{DateTimeValue, FloatValue, IntValue, StrValue};
use crate::values::value::{
    datetime_list, datetime_value, float_list, float_value, int_list, int_value, str_list, str_value,
};

/// A column of the source `S`. `T` is `String`, `i64`, `f64` or `DateTime` for a `str`, `int`,
/// `float` or `datetime` column.
pub struct TypedColumn<S, T> {
    name: &'static str,
    wire: &'static str,
    is_measure: bool,
    of: PhantomData<fn() -> (S, T)>,
}

impl<S, T> TypedColumn<S, T> {
    /// The column with these names in queries and on the wire.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str, wire: &'static str, is_measure: bool) -> TypedColumn<S, T> {
        TypedColumn { name, wire, is_measure, of: PhantomData }
    }

    /// `column is_defined`
    pub fn is_defined(self) -> Filter<S> {
        self.condition(Operator::IsDefined, Operand::None)
    }

    /// `column is_not_defined`
    pub fn is_not_defined(self) -> Filter<S> {
        self.condition(Operator::IsNotDefined, Operand::None)
    }

    /// `min(column)`
    #[must_use]
    pub fn min(self) -> AggregateColumn<S> {
        self.aggregate(Aggregate::Min)
    }

    /// `max(column)`
    #[must_use]
    pub fn max(self) -> AggregateColumn<S> {
        self.aggregate(Aggregate::Max)
    }

    /// `dcount(column)`
    #[must_use]
    pub fn dcount(self) -> AggregateColumn<S> {
        self.aggregate(Aggregate::Dcount)
    }

    pub(super) fn word(self, position: Position) -> Ident {
        Ident { text: self.name.to_owned(), position }
    }

    fn condition(self, operator: Operator, operand: Operand) -> Filter<S> {
        Filter::of(self.name, self.wire, self.is_measure, operator, operand)
    }

    fn aggregate(self, aggregate: Aggregate) -> AggregateColumn<S> {
        let position = Position::default();
        AggregateColumn::new(Selected::Aggregate { aggregate, position, column: self.word(position) })
    }

    fn slot(self, slot: TimeSlot) -> SlotColumn<S> {
        SlotColumn::new(slot, self.name)
    }
}

/// The comparisons of a column type. The compiler's messages show their bounds, so the bounds are
/// explicit.
macro_rules! comparisons {
    ($type:ty, $bound:ident, $value:ident, $list:ident) => {
        impl<S> TypedColumn<S, $type> {
            /// `column < value`
            pub fn lt(self, value: impl $bound) -> Filter<S> {
                self.condition(Operator::Less, Operand::Scalar(Rendered::scalar($value(&value))))
            }

            /// `column > value`
            pub fn gt(self, value: impl $bound) -> Filter<S> {
                self.condition(Operator::Greater, Operand::Scalar(Rendered::scalar($value(&value))))
            }

            /// `column <= value`
            pub fn le(self, value: impl $bound) -> Filter<S> {
                self.condition(Operator::LessOrEqual, Operand::Scalar(Rendered::scalar($value(&value))))
            }

            /// `column >= value`
            pub fn ge(self, value: impl $bound) -> Filter<S> {
                self.condition(Operator::GreaterOrEqual, Operand::Scalar(Rendered::scalar($value(&value))))
            }

            /// `column == value`
            pub fn eq(self, value: impl $bound) -> Filter<S> {
                self.condition(Operator::Equal, Operand::Scalar(Rendered::scalar($value(&value))))
            }

            /// `column != value`
            pub fn ne(self, value: impl $bound) -> Filter<S> {
                self.condition(Operator::NotEqual, Operand::Scalar(Rendered::scalar($value(&value))))
            }

            /// `column in values`; no row meets an empty list.
            pub fn is_in<V: $bound>(self, values: impl IntoIterator<Item = V>) -> Filter<S> {
                let single = single(&values);
                self.condition(Operator::In, Operand::List(Rendered::list($list(values)).and(single)))
            }

            /// `column !in values`; every row meets an empty list.
            pub fn not_in<V: $bound>(self, values: impl IntoIterator<Item = V>) -> Filter<S> {
                let single = single(&values);
                self.condition(Operator::NotIn, Operand::List(Rendered::list($list(values)).and(single)))
            }
        }
    };
}

/// Returns the problem of an `Option` or a `Result`, which can be iterated but is not a list. `query!`
/// rejects it by its type; a bound of the builder cannot.
fn single<L>(_: &L) -> Option<Problem> {
    let name = std::any::type_name::<L>().trim_start_matches('&');
    let is_single = name.starts_with("core::option::Option<") || name.starts_with("core::result::Result<");
    let message = "an `Option` or a `Result` is not a list of values: pass the list, or no condition";
    is_single.then(|| Problem::new(Code::NotAList, Position::default(), message))
}

comparisons!(String, StrValue, str_value, str_list);
comparisons!(i64, IntValue, int_value, int_list);
comparisons!(f64, FloatValue, float_value, float_list);
comparisons!(DateTime, DateTimeValue, datetime_value, datetime_list);

/// The Rust type of a text column.
#[diagnostic::on_unimplemented(
    message = "`is_empty` and `is_not_empty` need a text column, but this one has the type `{Self}` [SRN022]",
    label = "not a text column"
)]
pub trait TextColumn {}

/// The Rust type of a numeric column.
#[diagnostic::on_unimplemented(
    message = "`sum` and `avg` need a numeric column, but this one has the type `{Self}` [SRN023]",
    label = "not a numeric column"
)]
pub trait NumericColumn {}

/// The Rust type of a datetime column.
#[diagnostic::on_unimplemented(
    message = "a time slot needs a datetime column, but this one has the type `{Self}` [SRN024]",
    label = "not a datetime column"
)]
pub trait DateTimeColumn {}

impl TextColumn for String {}
#[diagnostic::do_not_recommend]
impl NumericColumn for i64 {}
#[diagnostic::do_not_recommend]
impl NumericColumn for f64 {}
impl DateTimeColumn for DateTime {}

impl<S, T> TypedColumn<S, T> {
    /// `column is_empty`: NULL or an empty string.
    pub fn is_empty(self) -> Filter<S>
    where
        T: TextColumn,
    {
        self.condition(Operator::IsEmpty, Operand::None)
    }

    /// `column is_not_empty`
    pub fn is_not_empty(self) -> Filter<S>
    where
        T: TextColumn,
    {
        self.condition(Operator::IsNotEmpty, Operand::None)
    }

    /// `sum(column)`
    #[must_use]
    pub fn sum(self) -> AggregateColumn<S>
    where
        T: NumericColumn,
    {
        self.aggregate(Aggregate::Sum)
    }

    /// `avg(column)`
    #[must_use]
    pub fn avg(self) -> AggregateColumn<S>
    where
        T: NumericColumn,
    {
        self.aggregate(Aggregate::Avg)
    }
}

macro_rules! slots {
    ($($(#[$doc:meta])+ $name:ident = $slot:ident;)+) => {
        impl<S, T> TypedColumn<S, T> {$(
            $(#[$doc])+
            #[must_use]
            pub fn $name(self) -> SlotColumn<S>
            where
                T: DateTimeColumn,
            {
                self.slot(TimeSlot::$slot)
            }
        )+}
    };
}

slots! {
    /// `year(column)`
    year = Year;
    /// `quarter(column)`
    quarter = Quarter;
    /// `month(column)`
    month = Month;
    /// `week(column)`
    week = Week;
    /// `weekday(column)`
    weekday = Weekday;
    /// `day(column)`
    day = Day;
    /// `hour(column)`
    hour = Hour;
    /// `minute(column)`
    minute = Minute;
}

impl<S, T> Clone for TypedColumn<S, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, T> Copy for TypedColumn<S, T> {}

impl<S, T> fmt::Debug for TypedColumn<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedColumn").field(&self.name).finish()
    }
}

/// A value formula of the source `S`: one number over all rows. It can only be selected, as the
/// only output.
pub struct FormulaColumn<S> {
    name: &'static str,
    of: PhantomData<fn() -> S>,
}

impl<S> FormulaColumn<S> {
    /// The formula of this name in queries.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str) -> FormulaColumn<S> {
        FormulaColumn { name, of: PhantomData }
    }

    pub(super) fn word(self, position: Position) -> Ident {
        Ident { text: self.name.to_owned(), position }
    }
}

impl<S> Clone for FormulaColumn<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for FormulaColumn<S> {}

impl<S> fmt::Debug for FormulaColumn<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FormulaColumn").field(&self.name).finish()
    }
}
