//! Numbers in any spelling that JSON allows: each is read without losing a digit, or not at all.

/// The integers up to this one are all exact as an `f64`.
const EXACT_DOUBLE: f64 = 9_007_199_254_740_992.0;

/// The integers up to this one are all exact as an `f32`.
const EXACT_SINGLE: f32 = 16_777_216.0;

/// A number as an integer without zeros at either end, times a power of ten.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    power: i64,
}

impl Decimal {
    fn parse(text: &str) -> Option<Decimal> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()?),
            None => (unsigned, 0_i64),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = [whole.as_bytes(), fraction.as_bytes()].concat();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut power = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        while digits.last() == Some(&b'0') {
            digits.pop();
            power = power.checked_add(1)?;
        }
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..zeros);
        let is_zero = digits.is_empty();
        Some(Decimal { negative: unsigned.len() < text.len(), power: if is_zero { 0 } else { power }, digits })
    }

    /// Returns true if one of these spellings is the same number.
    fn is_any_of(&self, spellings: &[String]) -> bool {
        spellings.iter().any(|spelling| Decimal::parse(spelling).as_ref() == Some(self))
    }
}

/// Reads an integer, such as `120`, `120.0` and `1.2e+2`. Returns `None` for a fraction.
///
/// A server writes integers with a point or an exponent if it stores the column as floats.
pub(super) fn integer(text: &str) -> Option<i64> {
    let Decimal { negative, digits, power } = Decimal::parse(text)?;
    let power = usize::try_from(power).ok()?;
    // An `i64` has at most 19 digits.
    if power > 19 || digits.len() + power > 19 {
        return None;
    }
    let zeros = std::iter::repeat_n(b'0', power);
    let magnitude = digits.into_iter().chain(zeros).fold(0_i128, |value, digit| value * 10 + i128::from(digit - b'0'));
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// Reads an `f64`. A fraction is rounded. A number of 2^53 or more must be a spelling of the `f64`,
/// so that no digit of an integer is lost.
pub(super) fn double(text: &str) -> Option<f64> {
    let number: f64 = finite(text, f64::is_finite)?;
    let is_exact = || {
        let spellings = [format!("{number:e}"), format!("{number:.16e}"), format!("{number:.0}")];
        Decimal::parse(text).is_some_and(|decimal| decimal.is_any_of(&spellings))
    };
    (number.abs() < EXACT_DOUBLE || is_exact()).then_some(number)
}

/// Reads an `f32`. A fraction is rounded. A number of 2^24 or more must be a spelling of the `f32`,
/// or of the `f64` that a server stores for it: an equal one, or one with the same digits.
pub(super) fn single(text: &str) -> Option<f32> {
    let number: f32 = finite(text, f32::is_finite)?;
    let is_exact = || {
        let Some(stored) = double(text) else { return false };
        let spellings = [format!("{number:e}"), format!("{number:.8e}")];
        stored == f64::from(number)
            || Decimal::parse(&format!("{stored:e}")).is_some_and(|decimal| decimal.is_any_of(&spellings))
    };
    (number.abs() < EXACT_SINGLE || is_exact()).then_some(number)
}

/// Parses a float. Rejects words that JSON does not have, such as `inf`, and numbers that are out of
/// range.
fn finite<F: std::str::FromStr + Copy>(text: &str, is_finite: fn(F) -> bool) -> Option<F> {
    // Rust also parses `inf` and `nan`, which end in a letter.
    let is_json = text.ends_with(|last: char| last.is_ascii_digit() || last == '.');
    if is_json { text.parse().ok().filter(|number| is_finite(*number)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_exact_in_every_spelling() {
        for (text, expected) in [
            ("9007199254740993", 9_007_199_254_740_993),
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("9.007199254740993e15", 9_007_199_254_740_993),
            ("9.007199254740993E+15", 9_007_199_254_740_993),
            ("90071992547409930000e-4", 9_007_199_254_740_993),
            ("-9.223372036854775808e18", i64::MIN),
            ("9223372036854775807.000", i64::MAX),
            ("9.223372036854775807e18", i64::MAX),
            ("0.00012e5", 12),
            ("1200e-2", 12),
            ("-0.0", 0),
            ("0e0", 0),
            ("1e18", 1_000_000_000_000_000_000),
        ] {
            assert_eq!(integer(text), Some(expected), "{text}");
        }
        for text in ["1.5", "1e-1", "1e19", "9223372036854775808", "9.223372036854775808e18", "1e99999999999999999999"]
        {
            assert_eq!(integer(text), None, "{text}");
        }
        for text in ["", "-", ".", "e5", "1e", "1.2.3", "0x10", "inf", "--1", "1 "] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn floats_keep_every_digit_of_an_integer() {
        for text in ["1e23", "100000000000000000000000", "99999999999999991611392", "9.9999999999999992e22"] {
            assert_eq!(double(text), Some(1e23), "{text}");
        }
        for text in ["9007199254740993", "9007199254740993.0", "9.007199254740993e15", "9007199254740993.5", "1e309"] {
            assert_eq!(double(text), None, "{text}");
        }
        assert_eq!(double("1.00000000000000000001"), Some(1.0));
        assert_eq!(double("1e-400"), Some(0.0));
    }

    #[test]
    fn a_single_float_is_read_from_its_own_spelling_and_from_a_double() {
        for text in ["123456790.0", "1.2345679e8", "123456792", "1.23456792e8"] {
            assert_eq!(single(text), Some(123_456_789.0), "{text}");
        }
        for text in [
            "3.4028235e38",
            "3.4028234663852886e38",
            "340282346638528859811704183484516925440",
            "340282350000000000000000000000000000000.0",
        ] {
            assert_eq!(single(text), Some(f32::MAX), "{text}");
        }
        for text in ["16777217", "123456789.0", "16777217.5", "123456791", "1e39", "-1e39"] {
            assert_eq!(single(text), None, "{text}");
        }
        assert_eq!(single("0.10000000149011612"), Some(0.1));
    }
}
