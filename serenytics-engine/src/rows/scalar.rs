//! Texts as values: what an integer, a number and a datetime look like in a file.

use serenytics_query::datetime;
use serenytics_query::datetime::DateTime;

/// An integer of 64 bits; spaces around it do not matter.
pub(crate) fn int(text: &str) -> Option<i64> {
    text.trim_ascii().parse().ok()
}

/// A finite number in decimal notation; spaces around it do not matter.
pub(crate) fn float(text: &str) -> Option<f64> {
    let text = text.trim_ascii();
    // Rust's parser reads `inf` and `nan` too.
    let decimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.bytes().all(decimal) {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// A datetime in a form of ISO 8601, in microseconds since 1970.
pub(crate) fn datetime(text: &str) -> Option<i64> {
    // A cheap look before the parser: nothing else begins with a digit of a year or with its sign.
    if !matches!(text.as_bytes().first(), Some(b'0'..=b'9' | b'+' | b'-' | b' ')) {
        return None;
    }
    datetime::parse(text.trim_ascii()).ok().and_then(microseconds)
}

/// A datetime that is one at first sight: `20160628` is an ISO date too, and more often a number.
pub(crate) fn obvious_datetime(text: &str) -> Option<i64> {
    let dashed = text.trim_ascii_start().as_bytes().get(4) == Some(&b'-');
    if dashed { datetime(text) } else { None }
}

/// What microseconds are counted from. A timestamp of `jiff` has fewer years than its datetimes have.
pub(crate) const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A datetime in microseconds since 1970; what is smaller is cut off.
pub(crate) fn microseconds(datetime: DateTime) -> Option<i64> {
    // The fraction of a datetime before 1970 is cut off downwards as well.
    i64::try_from(datetime.duration_since(EPOCH).as_nanos().div_euclid(1000)).ok()
}

/// The texts that stand for a missing number or datetime.
pub(crate) fn is_missing(text: &str) -> bool {
    matches!(text, "NA" | "NaN")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_decimal_notation_only() {
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
    fn datetimes_become_microseconds() {
        assert_eq!(datetime("1970-01-01T00:00:00.000001"), Some(1));
        assert_eq!(datetime("1969-12-31T23:59:59.9999999"), Some(-1));
        assert_eq!(datetime("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(datetime("19700102"), Some(86_400_000_000));
        assert_eq!(obvious_datetime("19700102"), None);
        assert_eq!(obvious_datetime("1970-01-02"), Some(86_400_000_000));
        assert_eq!(datetime("hello"), None);
    }
}
