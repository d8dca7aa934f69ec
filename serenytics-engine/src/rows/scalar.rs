//! Parses strings of files: integers, floats and datetimes.

use serenytics_query::datetime;
use serenytics_query::datetime::DateTime;

/// Parses an integer of 64 bits. Spaces around it are ignored.
pub(crate) fn int(text: &str) -> Option<i64> {
    text.trim_ascii().parse().ok()
}

/// Parses a finite float in decimal notation. Spaces around it are ignored.
pub(crate) fn float(text: &str) -> Option<f64> {
    let text = text.trim_ascii();
    // Rust's parser also accepts `inf` and `nan`.
    let decimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.bytes().all(decimal) {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Parses a datetime in ISO 8601. Returns microseconds since 1970.
pub(crate) fn datetime(text: &str) -> Option<i64> {
    // A quick check before the parser: a datetime starts with a digit, a sign or a space.
    if !matches!(text.as_bytes().first(), Some(b'0'..=b'9' | b'+' | b'-' | b' ')) {
        return None;
    }
    datetime::parse(text.trim_ascii()).ok().and_then(microseconds)
}

/// Parses a datetime that has a dash after the year. `20160628` is an ISO date too, but more often
/// a number.
pub(crate) fn obvious_datetime(text: &str) -> Option<i64> {
    let dashed = text.trim_ascii_start().as_bytes().get(4) == Some(&b'-');
    if dashed { datetime(text) } else { None }
}

/// The zero of microsecond timestamps. It is a `DateTime` because a `jiff` timestamp covers fewer
/// years.
pub(crate) const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Converts a datetime to microseconds since 1970. Smaller fractions are cut off.
pub(crate) fn microseconds(datetime: DateTime) -> Option<i64> {
    // Fractions before 1970 are rounded down as well.
    i64::try_from(datetime.duration_since(EPOCH).as_nanos().div_euclid(1000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_accepts_numbers_in_decimal_notation_only() {
        assert_eq!(int(" 42 "), Some(42));
        assert_eq!(int("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(int("9223372036854775808"), None);
        assert_eq!(int("4.0"), None);
        assert_eq!(float("1e3"), Some(1000.0));
        assert_eq!(float(".5"), Some(0.5));
        for text in ["", "nan", "inf", "1e999", "0x10", "1,5", "1_000", "-"] {
            assert_eq!(float(text), None, "{text:?}");
        }
    }

    #[test]
    fn datetime_is_parsed_to_microseconds() {
        assert_eq!(datetime("1970-01-01T00:00:00.000001"), Some(1));
        assert_eq!(datetime("1969-12-31T23:59:59.9999999"), Some(-1));
        assert_eq!(datetime("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(datetime("19700102"), Some(86_400_000_000));
        assert_eq!(obvious_datetime("19700102"), None);
        assert_eq!(obvious_datetime("1970-01-02"), Some(86_400_000_000));
        assert_eq!(datetime("hello"), None);
    }
}
