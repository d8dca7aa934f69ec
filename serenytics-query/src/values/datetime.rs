//! Datetimes: the civil `DateTime` of a `datetime` column, read from any form of ISO 8601 and
//! written in one form.

pub use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimeParser;

static PARSER: DateTimeParser = DateTimeParser::new();

/// Reads an ISO 8601 datetime or date. A datetime with an offset becomes UTC; a date becomes its
/// midnight.
///
/// # Errors
/// A description of the error.
pub fn parse(text: &str) -> Result<DateTime, String> {
    if let Some(datetime) = parse_plain(text.as_bytes()) {
        return Ok(datetime);
    }
    let pieces = PARSER.parse_pieces(text).map_err(|error| error.to_string())?;
    if pieces.time_zone_annotation().is_some() {
        return Err("a datetime cannot contain the name of a time zone: use an offset".to_owned());
    }
    // The general parser would read second 60 as second 59.
    if pieces.time().is_some_and(|time| time.second() == 59) && has_second_60(text) {
        return Err("second 60 is not a time: a minute has the seconds 0 to 59".to_owned());
    }
    if pieces.to_numeric_offset().is_some_and(|offset| offset.seconds().abs() >= DAY) {
        return Err("an offset from UTC is less than 24 hours".to_owned());
    }
    if pieces.time().is_some() && pieces.offset().is_some() {
        let timestamp = PARSER.parse_timestamp(text).map_err(|error| error.to_string())?;
        return Ok(jiff::tz::Offset::UTC.to_datetime(timestamp));
    }
    Ok(pieces.date().to_datetime(pieces.time().unwrap_or_default()))
}

/// The seconds of a day.
const DAY: i32 = 24 * 60 * 60;

/// Returns true if the time of a valid datetime has the second 60.
fn has_second_60(text: &str) -> bool {
    let Some((_, time)) = text.split_once(['T', 't', ' ']) else { return false };
    let digits: Vec<u8> = time.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b':').collect();
    digits.ends_with(if digits.contains(&b':') { b":60" } else { b"60" }) && digits.len() >= 6
}

/// Reads a datetime like `2016-06-28T12:46:33`. Almost every datetime on the wire has this form,
/// and the general parser is several times slower.
#[inline]
pub(crate) fn parse_plain(text: &[u8]) -> Option<DateTime> {
    let text: &[u8; 19] = text.try_into().ok()?;
    if [4, 7, 10, 13, 16].map(|at| text[at]) != *b"--T::" {
        return None;
    }
    // A character that is not a digit results in -1, which is invalid in a datetime.
    let pair = |at: usize| match (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0')) {
        (tens @ 0..=9, ones @ 0..=9) => (tens * 10 + ones) as i8,
        _ => -1,
    };
    let [century, year, month, day, hour, minute, second] = [0, 2, 5, 8, 11, 14, 17].map(pair);
    if century < 0 || year < 0 {
        return None;
    }
    DateTime::new(i16::from(century) * 100 + i16::from(year), month, day, hour, minute, second, 0).ok()
}

/// Writes a datetime for the wire: `2016-06-28T12:46:33`, with a fraction only if it is not zero.
#[must_use]
pub fn print(datetime: DateTime) -> String {
    datetime.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_accepts_the_forms_of_iso_8601() {
        let read = |text| print(parse(text).unwrap());
        assert_eq!(read("2016-06-28T12:46:33"), "2016-06-28T12:46:33");
        assert_eq!(read("2016-06-28 12:46:33.25"), "2016-06-28T12:46:33.25");
        assert_eq!(read("2016-06-28T12:46"), "2016-06-28T12:46:00");
        assert_eq!(read("2016-06-28"), "2016-06-28T00:00:00");
        assert_eq!(read("2013-01-01T05:00:00Z"), "2013-01-01T05:00:00");
        assert_eq!(read("2013-01-01T05:00:00+02:00"), "2013-01-01T03:00:00");
        assert_eq!(read("0001-12-31T23:59:59"), "0001-12-31T23:59:59");
        assert_eq!(read("2016-12-31T23:59:59.60"), "2016-12-31T23:59:59.6");
        assert_eq!(read("2016-12-31T10:00:59+23:59"), "2016-12-30T10:01:59");
        assert_eq!(read("2016-12-31T235959-1200"), "2017-01-01T11:59:59");
    }

    #[test]
    fn parse_rejects_invalid_datetimes() {
        for text in [
            "",
            "FR",
            "2013-02-30",
            "2013-13-01",
            "2013-01-01T25:00:00",
            "2013-01-01T00:00:6x",
            "x013-01-01T00:00:60",
            "20",
            "01/02/2013",
            "2013-01-01T00:00:00[Europe/Paris]",
            "2016-12-31T23:59:60",
            "2016-12-31 23:59:60.5",
            "2016-12-31T23:59:60Z",
            "2016-12-31T23:59:60+01:00",
            "20161231T235960",
            "20161231T235960Z",
            "2016-12-31T24:00:00",
            "2016-12-31T10:00:00+24:00",
            "2016-12-31T10:00:00+25:00",
            "2016-12-31T10:00:00-25:00",
            "2016-12-31T10:00:00+01:60",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
