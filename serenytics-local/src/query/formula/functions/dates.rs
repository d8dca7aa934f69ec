//! Functions of datetimes, which are in UTC.

use datafusion::arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::functions::expr_fn as built_in;
use datafusion::logical_expr::{TryCast, cast};
use datafusion::prelude::{Expr, lit};
use serenytics_query::datetime::DateTime;
use serenytics_query::vocabulary::{ColumnType, TimeSlot};

use super::arguments::{Arguments, chosen};
use super::{Function, Gives, Growth, Meaning, Parameter, Repeats, RowFunction, Takes, needed, optional, repeating};
use crate::load::microseconds;
use crate::query::slot::{DAY, HOUR, MINUTE, MONDAY, WEEK, multiple, time_slot};
use crate::storage::file_type;

const DATE: Parameter = needed("date", Takes::DateTime);
const PARTS: Takes = Takes::Word(&["year", "quarter", "month", "week", "weekday", "day", "hour", "minute", "second"]);
const SLOTS: Takes = Takes::Word(&["year", "quarter", "month", "week", "day", "hour", "minute"]);
const UNITS: Takes = Takes::Word(&["year", "quarter", "month", "week", "day", "hour", "minute", "second"]);
const SECOND: i64 = 1_000_000;
/// More months than there are between two datetimes.
const MONTHS: i64 = 12 * 20_000;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        gives: Gives::Int(10_000),
        ..function(
            "extract_date_part",
            &["date_part"],
            &[DATE, needed("part", PARTS)],
            "A part of a datetime as a number: `year`, `quarter`, `month`, `week` (of ISO 8601), `weekday` (1 for Monday to 7), `day` (of the month), `hour`, `minute` or `second`",
            |a| part(a.written(1), a.cell(0)),
        )
    },
    single("year", "The year", |a| part("year", a.cell(0))),
    single("quarter", "The quarter, 1 to 4", |a| part("quarter", a.cell(0))),
    single("month", "The month, 1 to 12", |a| part("month", a.cell(0))),
    single("week", "The week of ISO 8601, 1 to 53", |a| part("week", a.cell(0))),
    single("weekday", "The day of the week, 1 for Monday to 7", |a| part("weekday", a.cell(0))),
    single("day", "The day of the month", |a| part("day", a.cell(0))),
    single("hour", "The hour, 0 to 23", |a| part("hour", a.cell(0))),
    single("minute", "The minute, 0 to 59", |a| part("minute", a.cell(0))),
    single("second", "The second, 0 to 59", |a| part("second", a.cell(0))),
    repeating(
        2,
        function(
            "date_trunc",
            &[],
            &[DATE, needed("slot", SLOTS)],
            "The start of the `year`, `quarter`, `month`, `week` (Monday), `day`, `hour` or `minute` that a datetime is in",
            |a| TimeSlot::from_word(a.written(1)).map_or_else(|| a.cell(0), |slot| time_slot(slot, a.cell(0))),
        ),
    ),
    repeating(
        2,
        function("date", &[], &[DATE], "The midnight that a datetime's day begins with", |a| {
            time_slot(TimeSlot::Day, a.cell(0))
        }),
    ),
    Function {
        gives: Gives::Int(1 << 60),
        ..repeating(
            2,
            function(
                "date_diff",
                &["datediff"],
                &[needed("start", Takes::DateTime), needed("end", Takes::DateTime), optional("unit", UNITS)],
                "How many starts of a `year`, `quarter`, `month`, `week`, `day`, `hour`, `minute` or `second` lie between two datetimes, of a day unless told; below zero if the end comes first",
                |a| counted(unit(a), a.cell(1)) - counted(unit(a), a.cell(0)),
            ),
        )
    },
    repeating(
        4,
        function(
            "date_add",
            &["dateadd"],
            &[DATE, needed("count", Takes::Int), optional("unit", UNITS)],
            "The datetime so many `year`s, `quarter`s, `month`s, `week`s, `day`s, `hour`s, `minute`s or `second`s later, days unless told. In a month that is too short it is the last day; NULL beyond the years -9999 to 9999",
            date_add,
        ),
    ),
    function("now", &[], &[], "The moment of the query", |_| built_in::now()),
    function("today", &[], &[], "The midnight that the day of the query begins with", |_| {
        time_slot(TimeSlot::Day, cast(built_in::now(), file_type(ColumnType::DateTime)))
    }),
    function(
        "datetime_from_string",
        &["to_date", "to_datetime"],
        &[needed("text", Takes::Text)],
        "The datetime that a text is in ISO 8601; with an offset it becomes UTC. NULL of other texts",
        |a| {
            let text = built_in::btrim(vec![a.cell(0)]);
            Expr::TryCast(TryCast::new(Box::new(text), file_type(ColumnType::DateTime)))
        },
    ),
    repeating(
        2,
        function(
            "utc_to_timezone",
            &[],
            &[DATE, needed("zone", Takes::Zone)],
            "The local time in a time zone, as `\"Europe/Paris\"`",
            |a| {
                let zoned = |zone: &str| DataType::Timestamp(TimeUnit::Microsecond, Some(zone.into()));
                in_years(built_in::to_local_time(vec![cast(cast(a.cell(0), zoned("UTC")), zoned(a.written(1)))]))
            },
        ),
    ),
];

const fn function(
    name: &'static str,
    also: &'static [&'static str],
    parameters: &'static [Parameter],
    does: &'static str,
    lower: fn(&Arguments<'_>) -> Expr,
) -> Function {
    let meaning = Meaning::Row(RowFunction { uses: 1, depth: 7, growth: Growth::Kept, lower });
    Function { name, also, parameters, repeats: Repeats::Once, gives: Gives::DateTime, does, meaning }
}

/// A part of a datetime.
const fn single(name: &'static str, does: &'static str, lower: fn(&Arguments<'_>) -> Expr) -> Function {
    let meaning = Meaning::Row(RowFunction { uses: 1, depth: 2, growth: Growth::Kept, lower });
    let parameters = &[DATE];
    Function { name, also: &[], parameters, repeats: Repeats::Once, gives: Gives::Int(10_000), does, meaning }
}

fn part(word: &str, date: Expr) -> Expr {
    let word = if word == "weekday" { "isodow" } else { word };
    cast(built_in::date_part(lit(word), date), DataType::Int64)
}

/// The unit of a call, which is a day unless it is written.
fn unit<'a>(arguments: &'a Arguments<'_>) -> &'a str {
    match arguments.written(2) {
        "" => "day",
        unit => unit,
    }
}

/// The microseconds of a unit that always has as many.
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

/// The months of a unit that is made of them.
fn months(unit: &str) -> i64 {
    match unit {
        "year" => 12,
        "quarter" => 3,
        _ => 1,
    }
}

/// The number of the unit that a datetime is in.
fn counted(unit: &str, date: Expr) -> Expr {
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
    let datetime = file_type(ColumnType::DateTime);
    let (far, later) = match length(unit(arguments)) {
        Some(length) => {
            let later = cast(cast(date, DataType::Int64) + count.clone() * lit(length), datetime);
            (MONTHS * 31 * (DAY / length).max(1), later)
        }
        None => {
            let months = months(unit(arguments));
            let count = cast(count.clone() * lit(months), DataType::Int32);
            (MONTHS / months, date + cast(count, DataType::Interval(IntervalUnit::YearMonth)))
        }
    };
    let later = chosen(vec![(count.between(lit(-far), lit(far)), later)], None);
    in_years(later)
}

/// A datetime, or NULL for one beyond the years that an answer can have.
fn in_years(datetime: Expr) -> Expr {
    let bound = |datetime: DateTime| lit(ScalarValue::TimestampMicrosecond(microseconds(datetime), None));
    let is_near = datetime.clone().between(bound(DateTime::MIN), bound(DateTime::MAX));
    chosen(vec![(is_near, datetime)], None)
}
