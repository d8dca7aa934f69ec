//! Time slots as expressions of DataFusion's built-in functions.
//!
//! They do not use `date_trunc`: it computes nanoseconds, which only reach from 1677 to 2262.

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
/// From 1 January 1970, a Thursday, to the next Monday.
pub(in crate::query) const MONDAY: i64 = 4 * DAY;

/// Returns the start of the slot that contains a datetime. For `weekday`: its number, from 1
/// (Monday) to 7.
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

/// Returns midnight of the first day of a month.
fn first_day(year: Expr, month: Expr) -> Expr {
    cast(make_date(year, month, lit(1)), file_type(ColumnType::DateTime))
}

/// Returns the last multiple of `length` microseconds after `start` that is not after the datetime.
pub(in crate::query) fn multiple(datetime: Expr, length: i64, start: i64) -> Expr {
    let datetime = cast(datetime, DataType::Int64);
    // A datetime before the start has a negative remainder: make it positive.
    let remainder = ((datetime.clone() - lit(start)) % lit(length) + lit(length)) % lit(length);
    cast(datetime - remainder, file_type(ColumnType::DateTime))
}
