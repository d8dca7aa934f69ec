//! The datetimes of `chrono` and `time`, with the features of these names: as values, and as fields
//! of rows and sources.

/// Implements the value traits for a datetime and a date of another crate, with an expression that
/// converts each to our `DateTime`.
macro_rules! values {
    ($($type:ty, |$value:ident| $ours:expr;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl crate::values::value::DateTimeValue for $type {
            fn to_wire(&self) -> crate::values::value::ToWire {
                let $value = self;
                let ours: Result<crate::values::datetime::DateTime, &'static str> = $ours;
                ours.map(crate::values::value::WireValue::datetime)
                    .map_err(|problem| format!("the value {self} {problem}"))
            }
        }
    )+};
}

/// Converts the parts of a date and a time to a `DateTime`. The error completes a sentence about the
/// value.
fn ours(date: (i32, u32, u32), time: (u32, u32, u32, u32)) -> Result<crate::values::datetime::DateTime, &'static str> {
    let small = |part: u32| i8::try_from(part).ok();
    let ((year, month, day), (hour, minute, second, nanosecond)) = (date, time);
    // `chrono` writes second 60 as a second 59 with more than 999,999,999 nanoseconds.
    if second > 59 || nanosecond > 999_999_999 {
        return Err("is a leap second, which a datetime column cannot contain");
    }
    let date = || jiff::civil::Date::new(i16::try_from(year).ok()?, small(month)?, small(day)?).ok();
    let time = || {
        let nanosecond = i32::try_from(nanosecond).ok()?;
        jiff::civil::Time::new(small(hour)?, small(minute)?, small(second)?, nanosecond).ok()
    };
    let datetime = date().and_then(|date| Some(date.to_datetime(time()?)));
    datetime.ok_or("is outside the years -9999 to 9999")
}

/// Converts a part of a `DateTime` that is not negative.
fn small(part: i8) -> Option<u32> {
    u32::try_from(part).ok()
}

/// `chrono::NaiveDateTime` and `chrono::NaiveDate`.
#[cfg(feature = "chrono")]
pub(crate) mod chrono {
    use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

    use super::{ours, small};
    use crate::values::datetime::DateTime;

    values! {
        NaiveDateTime, |value| ours(
            (value.year(), value.month(), value.day()),
            (value.hour(), value.minute(), value.second(), value.nanosecond()),
        );
        NaiveDate, |value| ours((value.year(), value.month(), value.day()), (0, 0, 0, 0));
    }

    /// Converts a `DateTime` to chrono's type.
    pub(crate) fn theirs(datetime: DateTime) -> Option<NaiveDateTime> {
        let date = NaiveDate::from_ymd_opt(datetime.year().into(), small(datetime.month())?, small(datetime.day())?)?;
        let nanosecond = u32::try_from(datetime.subsec_nanosecond()).ok()?;
        date.and_hms_nano_opt(small(datetime.hour())?, small(datetime.minute())?, small(datetime.second())?, nanosecond)
    }
}

/// `time::PrimitiveDateTime` and `time::Date`.
#[cfg(feature = "time")]
pub(crate) mod time {
    use time::{Date, Month, PrimitiveDateTime, Time};

    use super::{ours, small};
    use crate::values::datetime::DateTime;

    fn date(date: Date) -> (i32, u32, u32) {
        (date.year(), u8::from(date.month()).into(), date.day().into())
    }

    values! {
        PrimitiveDateTime, |value| ours(
            date(value.date()),
            (value.hour().into(), value.minute().into(), value.second().into(), value.nanosecond()),
        );
        Date, |value| ours(date(*value), (0, 0, 0, 0));
    }

    /// Converts a `DateTime` to the type of `time`.
    pub(crate) fn theirs(datetime: DateTime) -> Option<PrimitiveDateTime> {
        let byte = |part: i8| u8::try_from(small(part)?).ok();
        let month = Month::try_from(byte(datetime.month())?).ok()?;
        let date = Date::from_calendar_date(datetime.year().into(), month, byte(datetime.day())?).ok()?;
        let nanosecond = u32::try_from(datetime.subsec_nanosecond()).ok()?;
        let (hour, minute, second) = (datetime.hour(), datetime.minute(), datetime.second());
        let time = Time::from_hms_nano(byte(hour)?, byte(minute)?, byte(second)?, nanosecond).ok()?;
        Some(PrimitiveDateTime::new(date, time))
    }
}

#[cfg(test)]
mod tests {
    use crate::rows::cell::CellReader;
    use crate::values::datetime::DateTime;
    use crate::values::value::{DateTimeValue, datetime_value};

    const TEXT: &str = "2016-06-28T12:46:33.25";

    fn written(value: &impl DateTimeValue) -> String {
        datetime_value(value).unwrap().scalar().to_owned()
    }

    fn read<C: crate::rows::cell::Cell>(text: &str) -> C {
        CellReader::new(format!("[\"{text}\"]").as_bytes()).row(1, CellReader::next).unwrap()
    }

    #[test]
    fn jiff_datetimes_round_trip() {
        assert_eq!(written(&read::<DateTime>(TEXT)), TEXT);
    }

    #[cfg(feature = "chrono")]
    #[test]
    fn chrono_datetimes_round_trip() {
        assert_eq!(written(&read::<chrono::NaiveDateTime>(TEXT)), TEXT);
        let date = chrono::NaiveDate::from_ymd_opt(1969, 12, 31).unwrap();
        assert_eq!(written(&date), "1969-12-31T00:00:00");
        let message = datetime_value(&chrono::NaiveDate::MAX).unwrap_err();
        assert!(message.contains("outside the years"), "{message}");
    }

    #[cfg(feature = "chrono")]
    #[test]
    fn leap_seconds_are_rejected() {
        let day = chrono::NaiveDate::from_ymd_opt(2016, 12, 31).unwrap();
        for nanosecond in [1_000_000_000, 1_500_000_000] {
            let leap = day.and_hms_nano_opt(23, 59, 59, nanosecond).unwrap();
            let message = datetime_value(&leap).unwrap_err();
            assert!(message.contains("leap second"), "{message}");
        }
        assert_eq!(written(&day.and_hms_nano_opt(23, 59, 59, 999_999_999).unwrap()), "2016-12-31T23:59:59.999999999");
    }

    #[cfg(feature = "time")]
    #[test]
    fn time_datetimes_round_trip() {
        assert_eq!(written(&read::<time::PrimitiveDateTime>(TEXT)), TEXT);
        assert_eq!(written(&time::macros::date!(1969 - 12 - 31)), "1969-12-31T00:00:00");
    }
}
