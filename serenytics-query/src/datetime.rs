//! Datetimes: the civil `DateTime` of a `datetime` column, read from the forms of ISO 8601 and written in one.

pub use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimeParser;

static PARSER: DateTimeParser = DateTimeParser::new();

/// Reads an ISO 8601 datetime or date. A datetime with an offset becomes UTC; a date becomes its midnight.
///
/// # Errors
/// A sentence that says what is wrong with the text.
pub fn parse(text: &str) -> Result<DateTime, String> {
    if is_plain(text) {
        return PARSER.parse_datetime(text).map_err(|error| error.to_string());
    }
    let pieces = PARSER.parse_pieces(text).map_err(|error| error.to_string())?;
    if pieces.time_zone_annotation().is_some() {
        return Err("a time zone's name is not part of a datetime here: an offset is".to_owned());
    }
    if pieces.time().is_some() && pieces.offset().is_some() {
        let timestamp = PARSER.parse_timestamp(text).map_err(|error| error.to_string())?;
        return Ok(jiff::tz::Offset::UTC.to_datetime(timestamp));
    }
    Ok(pieces.date().to_datetime(pieces.time().unwrap_or_default()))
}

/// Whether a text looks like `2016-06-28T12:46:33`, the form of almost every datetime on the wire. No offset or name of a
/// time zone stands in so few bytes.
fn is_plain(text: &str) -> bool {
    matches!(text.as_bytes(), [_, _, _, _, b'-', _, _, b'-', _, _, _, _, _, b':', _, _, b':', _, last] if last.is_ascii_digit())
}

/// Writes a datetime as the wire does: `2016-06-28T12:46:33`, with a fraction only if there is one.
#[must_use]
pub fn print(datetime: DateTime) -> String {
    datetime.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_iso_8601_are_read() {
        let read = |text| print(parse(text).unwrap());
        assert_eq!(read("2016-06-28T12:46:33"), "2016-06-28T12:46:33");
        assert_eq!(read("2016-06-28 12:46:33.25"), "2016-06-28T12:46:33.25");
        assert_eq!(read("2016-06-28T12:46"), "2016-06-28T12:46:00");
        assert_eq!(read("2016-06-28"), "2016-06-28T00:00:00");
        assert_eq!(read("2013-01-01T05:00:00Z"), "2013-01-01T05:00:00");
        assert_eq!(read("2013-01-01T05:00:00+02:00"), "2013-01-01T03:00:00");
    }

    #[test]
    fn what_is_no_datetime_is_refused() {
        for text in [
            "",
            "FR",
            "2013-02-30",
            "2013-13-01",
            "2013-01-01T25:00:00",
            "20",
            "01/02/2013",
            "2013-01-01T00:00:00[Europe/Paris]",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
