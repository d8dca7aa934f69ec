//! Signatures of the functions of datetimes, which are in UTC.

use super::signature::{
    Accepts, Function, FunctionKind, Growth, Operation, Parameter, Repeats, Returns, RowFunction, operations, optional,
    repeating, required,
};

operations! {
    /// A function of datetimes.
    DateFunction {
        ExtractDatePart = "extract_date_part",
        Year = "year",
        Quarter = "quarter",
        Month = "month",
        Week = "week",
        Weekday = "weekday",
        Day = "day",
        Hour = "hour",
        Minute = "minute",
        Second = "second",
        DateTrunc = "date_trunc",
        Date = "date",
        DateDiff = "date_diff",
        DateAdd = "date_add",
        Now = "now",
        Today = "today",
        DatetimeFromString = "datetime_from_string",
        UtcToTimezone = "utc_to_timezone",
    }
}

const DATE: Parameter = required("date", Accepts::DateTime);
const PARTS: Accepts =
    Accepts::Word(&["year", "quarter", "month", "week", "weekday", "day", "hour", "minute", "second"]);
const SLOTS: Accepts = Accepts::Word(&["year", "quarter", "month", "week", "day", "hour", "minute"]);
const UNITS: Accepts = Accepts::Word(&["year", "quarter", "month", "week", "day", "hour", "minute", "second"]);

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        returns: Returns::Int(10_000),
        ..function(
            DateFunction::ExtractDatePart,
            &["date_part"],
            &[DATE, required("part", PARTS)],
            "Returns a part of the datetime as an integer",
        )
    },
    part(DateFunction::Year, "Returns the year"),
    part(DateFunction::Quarter, "Returns the quarter, 1 to 4"),
    part(DateFunction::Month, "Returns the month, 1 to 12"),
    part(DateFunction::Week, "Returns the ISO 8601 week, 1 to 53"),
    part(DateFunction::Weekday, "Returns the day of the week, 1 for Monday to 7"),
    part(DateFunction::Day, "Returns the day of the month"),
    part(DateFunction::Hour, "Returns the hour, 0 to 23"),
    part(DateFunction::Minute, "Returns the minute, 0 to 59"),
    part(DateFunction::Second, "Returns the second, 0 to 59"),
    repeating(
        2,
        function(
            DateFunction::DateTrunc,
            &[],
            &[DATE, required("slot", SLOTS)],
            "Returns the start of the time slot that the datetime is in",
        ),
    ),
    repeating(2, function(DateFunction::Date, &[], &[DATE], "Returns the midnight at which the datetime's day starts")),
    Function {
        returns: Returns::Int(1 << 60),
        ..repeating(
            2,
            function(
                DateFunction::DateDiff,
                &["datediff"],
                &[required("start", Accepts::DateTime), required("end", Accepts::DateTime), optional("unit", UNITS)],
                "Counts how many units start between two datetimes (default: `day`); negative if `end` is first",
            ),
        )
    },
    repeating(
        4,
        function(
            DateFunction::DateAdd,
            &["dateadd"],
            &[DATE, required("count", Accepts::Int), optional("unit", UNITS)],
            "Adds a number of units (default: `day`); NULL outside the years -9999 to 9999",
        ),
    ),
    function(DateFunction::Now, &[], &[], "Returns the time of the query"),
    function(DateFunction::Today, &[], &[], "Returns the midnight at which the day of the query starts"),
    function(
        DateFunction::DatetimeFromString,
        &["to_date", "to_datetime"],
        &[required("text", Accepts::Text)],
        "Parses text in ISO 8601 and converts an offset to UTC; NULL for other text",
    ),
    repeating(
        2,
        function(
            DateFunction::UtcToTimezone,
            &[],
            &[DATE, required("zone", Accepts::TimeZone)],
            "Returns the local time in a time zone, such as `\"Europe/Paris\"`",
        ),
    ),
];

const fn function(
    operation: DateFunction,
    aliases: &'static [&'static str],
    parameters: &'static [Parameter],
    doc: &'static str,
) -> Function {
    let (name, kind) = (operation.name(), row(operation, 7));
    Function { name, aliases, parameters, repeats: Repeats::None, returns: Returns::DateTime, doc, kind }
}

/// A part of a datetime.
const fn part(operation: DateFunction, doc: &'static str) -> Function {
    let kind = row(operation, 2);
    Function { returns: Returns::Int(10_000), kind, ..function(operation, &[], &[DATE], doc) }
}

const fn row(operation: DateFunction, depth: usize) -> FunctionKind {
    let operation = Operation::Date(operation);
    FunctionKind::Row(RowFunction { operation, uses: 1, depth, growth: Growth::Longest })
}
