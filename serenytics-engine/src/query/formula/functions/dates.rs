//! Lowers the functions of datetimes.

use datafusion::arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use datafusion::functions::expr_fn as built_in;
use datafusion::logical_expr::{TryCast, cast};
use datafusion::prelude::{Expr, lit};
use serenytics_query::datetime::DateTime;
use serenytics_query::formula::DateFunction;
use serenytics_query::vocabulary::{ColumnType, TimeSlot};

use super::arguments::{Arguments, case_when, datetime};
use crate::query::expression::{DAY, HOUR, MINUTE, MONDAY, WEEK, multiple, time_slot};
use crate::rows::file_type;

/// The microseconds of a second.
const SECOND: i64 = 1_000_000;
/// More months than between any two datetimes.
const MONTHS: i64 = 12 * 20_000;

pub(super) fn lower(function: DateFunction, a: &Arguments<'_>) -> Expr {
    match function {
        DateFunction::ExtractDatePart => part(a.literal_text(1), a.cell(0)),
        DateFunction::Year
        | DateFunction::Quarter
        | DateFunction::Month
        | DateFunction::Week
        | DateFunction::Weekday
        | DateFunction::Day
        | DateFunction::Hour
        | DateFunction::Minute
        | DateFunction::Second => part(function.name(), a.cell(0)),
        DateFunction::DateTrunc => {
            TimeSlot::from_word(a.literal_text(1)).map_or_else(|| a.cell(0), |slot| time_slot(slot, a.cell(0)))
        }
        DateFunction::Date => time_slot(TimeSlot::Day, a.cell(0)),
        DateFunction::DateDiff => unit_number(unit(a), a.cell(1)) - unit_number(unit(a), a.cell(0)),
        DateFunction::DateAdd => date_add(a),
        DateFunction::Now => built_in::now(),
        DateFunction::Today => time_slot(TimeSlot::Day, cast(built_in::now(), file_type(ColumnType::DateTime))),
        DateFunction::DatetimeFromString => {
            // Arrow reads second 60 as the next minute. No datetime has a colon before 60.
            let text = built_in::replace(built_in::btrim(vec![a.cell(0)]), lit(":60"), lit("x"));
            Expr::TryCast(TryCast::new(Box::new(text), file_type(ColumnType::DateTime)))
        }
        DateFunction::UtcToTimezone => {
            let zoned = |zone: &str| DataType::Timestamp(TimeUnit::Microsecond, Some(zone.into()));
            let local = cast(cast(a.cell(0), zoned("UTC")), zoned(a.literal_text(1)));
            within_years(built_in::to_local_time(vec![local]))
        }
    }
}

/// Returns a part of a datetime as an integer.
fn part(word: &str, date: Expr) -> Expr {
    let word = if word == "weekday" { "isodow" } else { word };
    cast(built_in::date_part(lit(word), date), DataType::Int64)
}

/// Returns the unit of a call; the default is a day.
fn unit<'a>(arguments: &'a Arguments<'_>) -> &'a str {
    match arguments.literal_text(2) {
        "" => "day",
        unit => unit,
    }
}

/// Returns the microseconds of a unit with a fixed length.
fn length(unit: &str) -> Option<i64> {
    Some(match unit {
        "week" => WEEK,
        "day" => DAY,
        "hour" => HOUR,
        "minute" => MINUTE,
        "second" => SECOND,
        _ => return None,
    })
}

/// Returns the months of a unit without a fixed length.
fn months(unit: &str) -> i64 {
    match unit {
        "year" => 12,
        "quarter" => 3,
        _ => 1,
    }
}

/// Returns the number of the unit that a datetime is in, counted from a fixed start.
fn unit_number(unit: &str, date: Expr) -> Expr {
    match length(unit) {
        Some(length) => {
            let start = if unit == "week" { MONDAY } else { 0 };
            (cast(multiple(date, length, start), DataType::Int64) - lit(start)) / lit(length)
        }
        None => match unit {
            "year" => part("year", date),
            unit => {
                let in_year = 12 / months(unit);
                part("year", date.clone()) * lit(in_year) + part(unit, date)
            }
        },
    }
}

fn date_add(arguments: &Arguments<'_>) -> Expr {
    let (date, count) = (arguments.cell(0), arguments.cell(1));
    let datetime_type = file_type(ColumnType::DateTime);
    let (far, later) = match length(unit(arguments)) {
        Some(length) => {
            let later = cast(cast(date, DataType::Int64) + count.clone() * lit(length), datetime_type);
            (MONTHS * 31 * (DAY / length).max(1), later)
        }
        None => {
            let months = months(unit(arguments));
            let count = cast(count.clone() * lit(months), DataType::Int32);
            (MONTHS / months, date + cast(count, DataType::Interval(IntervalUnit::YearMonth)))
        }
    };
    let later = case_when(vec![(count.between(lit(-far), lit(far)), later)], None);
    within_years(later)
}

/// Turns a datetime outside the years that a result can have into NULL.
fn within_years(value: Expr) -> Expr {
    let is_within = value.clone().between(datetime(DateTime::MIN), datetime(DateTime::MAX));
    case_when(vec![(is_within, value)], None)
}
