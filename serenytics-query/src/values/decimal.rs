//! Decimal numbers among integers: which integers of 64 bits are next to a number, without rounding.

/// The integers of 64 bits next to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbors {
    /// The greatest integer that is not greater than the number; `None` if there is none.
    pub below: Option<i64>,
    /// The least integer that is not less than the number; `None` if there is none.
    pub above: Option<i64>,
}

impl Neighbors {
    /// Returns the number if it is an integer of 64 bits.
    #[must_use]
    pub fn integer(self) -> Option<i64> {
        self.below.filter(|_| self.below == self.above)
    }

    /// Parses a number in decimal notation, such as `-1.5` or `2e3`. Spaces around it are ignored.
    pub(crate) fn of(text: &str) -> Option<Neighbors> {
        let text = text.trim();
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let significant = digits.trim_start_matches('0');
        // The number is 0.digits * 10^point.
        let point = (whole.len() as i64).saturating_add(exponent) - (digits.len() - significant.len()) as i64;
        Some(Neighbors::of_digits(is_negative, significant.trim_end_matches('0'), point))
    }

    fn of_digits(is_negative: bool, digits: &str, point: i64) -> Neighbors {
        /// No longer integer has 64 bits.
        const MOST: i64 = 19;
        let zero = Neighbors { below: Some(0), above: Some(0) };
        if digits.is_empty() {
            return zero;
        }
        let (whole, has_fraction) = match point {
            ..=0 => (0, true),
            1..=MOST => {
                let length = usize::try_from(point).unwrap_or_default();
                let kept = digits.get(..length).unwrap_or(digits);
                (format!("{kept:0<length$}").parse::<i128>().unwrap_or(i128::MAX / 2), digits.len() > length)
            }
            _ => (i128::MAX / 2, false),
        };
        let further = whole + i128::from(has_fraction);
        let (below, above) = if is_negative { (-further, -whole) } else { (whole, further) };
        let (least, greatest) = (i128::from(i64::MIN), i128::from(i64::MAX));
        Neighbors { below: i64::try_from(below.min(greatest)).ok(), above: i64::try_from(above.max(least)).ok() }
    }
}

fn exponent_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A larger exponent makes no difference.
    const LARGEST: i64 = i64::MAX / 4;
    let size = digits.parse::<i64>().unwrap_or(LARGEST).min(LARGEST);
    Some(if text.starts_with('-') { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbors_of_a_decimal_are_exact() {
        let (least, greatest) = (i64::MIN, i64::MAX);
        for (text, below, above) in [
            ("1.5", Some(1), Some(2)),
            ("-1.5", Some(-2), Some(-1)),
            ("0.1", Some(0), Some(1)),
            ("-.1", Some(-1), Some(0)),
            ("1e-400", Some(0), Some(1)),
            ("9007199254740993.5", Some(9_007_199_254_740_993), Some(9_007_199_254_740_994)),
            ("9223372036854775807.5", Some(greatest), None),
            ("-9223372036854775808.5", None, Some(least)),
            ("9223372036854775808", Some(greatest), None),
            ("1e30", Some(greatest), None),
            ("-1e30", None, Some(least)),
            ("1e99999999999999999999", Some(greatest), None),
            ("1e-99999999999999999999", Some(0), Some(1)),
            ("99999999999999999999999999999999999999999999", Some(greatest), None),
        ] {
            assert_eq!(Neighbors::of(text), Some(Neighbors { below, above }), "{text}");
        }
        for (text, value) in [
            ("7", 7),
            ("7.0", 7),
            (" -7.000 ", -7),
            ("+7", 7),
            ("7.", 7),
            ("7e3", 7000),
            ("1.25e2", 125),
            ("700e-2", 7),
            ("0", 0),
            ("-0.0", 0),
            ("0e99999999999999999999", 0),
            ("007", 7),
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("9.223372036854775807e18", greatest),
            ("-9223372036854775808", least),
        ] {
            assert_eq!(Neighbors::of(text).and_then(Neighbors::integer), Some(value), "{text}");
        }
        for text in ["", "x", "-", ".", "1.5.2", "1e", "1e+", "inf", "nan", "0x10", "1_000", "1,5", "e5", "--1", "1 5"]
        {
            assert_eq!(Neighbors::of(text), None, "{text:?}");
        }
    }
}
