//! Time slots as DataFusion expressions, made of its built-in functions.
//!
//! `date_trunc` is none of them: it goes through nanoseconds, which end in 1677 and in 2262.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::expr_fn::{date_part, make_date};
use datafusion::logical_expr::cast;
use datafusion::prelude::{Expr, lit};
use serenytics_query::vocabulary::{ColumnType, TimeSlot};

use crate::rows::file_type;

pub(in crate::query) const MINUTE: i64 = 60 * 1_000_000;
pub(in crate::query) const HOUR: i64 = 60 * MINUTE;
pub(in crate::query) const DAY: i64 = 24 * HOUR;
pub(in crate::query) const WEEK: i64 = 7 * DAY;
/// From the first of January 1970, a Thursday, to a Monday.
pub(in crate::query) const MONDAY: i64 = 4 * DAY;

/// The start of the slot that a datetime falls into; for `weekday` its number, from 1 for Monday to 7.
pub(in crate::query) fn time_slot(slot: TimeSlot, datetime: Expr) -> Expr {
    let part = |name: &str| date_part(lit(name), datetime.clone());
    match slot {
        TimeSlot::Year => first_day(part("year"), lit(1)),
        TimeSlot::Quarter => first_day(part("year"), (part("quarter") - lit(1)) * lit(3) + lit(1)),
        TimeSlot::Month => first_day(part("year"), part("month")),
        TimeSlot::Week => multiple(datetime, WEEK, MONDAY),
        TimeSlot::Weekday => cast(part("isodow"), DataType::Int64),
        TimeSlot::Day => multiple(datetime, DAY, 0),
        TimeSlot::Hour => multiple(datetime, HOUR, 0),
        TimeSlot::Minute => multiple(datetime, MINUTE, 0),
    }
}

/// The midnight of a month's first day.
fn first_day(year: Expr, month: Expr) -> Expr {
    cast(make_date(year, month, lit(1)), file_type(ColumnType::DateTime))
}

/// The last multiple of `length` microseconds, counted from `start`, that is not after the datetime.
pub(in crate::query) fn multiple(datetime: Expr, length: i64, start: i64) -> Expr {
    let datetime = cast(datetime, DataType::Int64);
    // The remainder of a datetime before the start is negative, and so is brought above zero.
    let remainder = ((datetime.clone() - lit(start)) % lit(length) + lit(length)) % lit(length);
    cast(datetime - remainder, file_type(ColumnType::DateTime))
}
