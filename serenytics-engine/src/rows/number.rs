//! Numbers in text: whether a numeric column keeps them unchanged, and which spellings mean NULL.

use serenytics_query::vocabulary::ColumnType;

use super::ForcedTypes;
use super::scalar;

/// The spellings of a missing value in columns of numbers and datetimes: those of `read_csv` of
/// pandas. The empty field of a file is NULL in every column.
const MISSING: [&str; 18] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL",
    "NaN", "None", "n/a", "nan", "null",
];

/// Returns true for the strings that mean a missing number or datetime.
pub(crate) fn is_missing(text: &str) -> bool {
    text.len() <= 8 && MISSING.contains(&text)
}

/// Which numbers a numeric column accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberRule {
    /// Numbers that it stores unchanged.
    Unchanged,
    /// All numbers, because `force_types` sets its type.
    Any,
}

impl NumberRule {
    /// Returns the rule for a column.
    pub(crate) fn of(forced: &ForcedTypes, column: &str) -> NumberRule {
        if forced.contains_key(column) { NumberRule::Any } else { NumberRule::Unchanged }
    }
}

/// What a number loses in a numeric column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberLoss {
    /// `01234`
    LeadingZeros,
    /// `+33612345678`
    PlusSign,
    /// `9007199254740993` as a float
    Digits,
}

impl NumberLoss {
    /// Returns the end of a sentence that rejects the number.
    pub(crate) fn rejection(self, column_type: ColumnType) -> String {
        let lost = match self {
            NumberLoss::LeadingZeros => "its leading zeros",
            NumberLoss::PlusSign => "its plus sign",
            NumberLoss::Digits => "some of its digits",
        };
        let forced = if column_type == ColumnType::Int { "int" } else { "float" };
        format!(
            "would lose {lost} in a column of {forced}s: set its type in force_types, \"str\" to keep the text or \
             \"{forced}\" to accept the loss"
        )
    }
}

/// Returns what a number in text loses in a column. `None` if the column keeps it, or if the text
/// is not a number of this type.
pub(crate) fn number_loss(text: &str, column_type: ColumnType) -> Option<NumberLoss> {
    let text = text.trim_ascii();
    let prefix = match text.as_bytes() {
        [b'+', ..] => Some(NumberLoss::PlusSign),
        [b'0', b'0'..=b'9', ..] | [b'-', b'0', b'0'..=b'9', ..] => Some(NumberLoss::LeadingZeros),
        _ => None,
    };
    // Almost no number is this long: do not parse the others twice.
    let is_long = column_type == ColumnType::Float && (text.len() >= LONG || text.contains(['e', 'E']));
    if prefix.is_none() && !is_long {
        return None;
    }
    match column_type {
        ColumnType::Int => scalar::int(text).and(prefix),
        ColumnType::Float => {
            let value = scalar::float(text)?;
            prefix.or_else(|| loses_digits(text, value).then_some(NumberLoss::Digits))
        }
        ColumnType::Str | ColumnType::DateTime => None,
    }
}

/// Floats below this number, 2^53, contain every integer.
const ALL_INTEGERS: f64 = 9_007_199_254_740_992.0;
/// The length of this number.
const LONG: usize = 16;

/// Returns true if a decimal number, written with as many digits, is another number than the float
/// that is closest to it. Below 2^53 only a fraction is rounded, as in every float.
fn loses_digits(text: &str, value: f64) -> bool {
    let mantissa = text.trim_start_matches(['-', '+']).split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0').trim_end_matches('0');
    if value == 0.0 {
        return !digits.is_empty();
    }
    if value.abs() < ALL_INTEGERS {
        return false;
    }
    let written = format!("{:.*e}", digits.len().saturating_sub(1), value.abs());
    let kept = written.split('e').next().unwrap_or_default().chars().filter(char::is_ascii_digit);
    !kept.eq(digits.chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_that_a_column_changes_has_a_loss() {
        use NumberLoss::{Digits, LeadingZeros, PlusSign};
        let loss = |text| (number_loss(text, ColumnType::Int), number_loss(text, ColumnType::Float));
        for text in ["0", "-0", "7", " 42 ", "-1", "9007199254740992", "x", "", "2013-01-01"] {
            assert_eq!(loss(text), (None, None), "{text:?}");
        }
        for text in ["01234", "007", "00", "-01", " 01", "00000000000000000001"] {
            assert_eq!(loss(text), (Some(LeadingZeros), Some(LeadingZeros)), "{text:?}");
        }
        for text in ["+33612345678", "+0", "+01"] {
            assert_eq!(loss(text), (Some(PlusSign), Some(PlusSign)), "{text:?}");
        }
        for text in ["9007199254740993", "-9007199254740993", "9223372036854775807", "123456789012345678"] {
            assert_eq!(loss(text), (None, Some(Digits)), "{text:?}");
        }
        let float = |text| number_loss(text, ColumnType::Float);
        for text in ["00.5", "01.5", "-00.5", "01e3"] {
            assert_eq!(float(text), Some(LeadingZeros), "{text:?}");
        }
        assert_eq!(float("+1.7035555555"), Some(PlusSign));
        for text in [
            "12345678901234567891",
            "9007199254740993.0",
            "9.007199254740993e15",
            "9007199254740993.5",
            "1e-400",
            "100000000000000000000001",
        ] {
            assert_eq!(float(text), Some(Digits), "{text:?}");
        }
        for text in [
            "0.5",
            ".5",
            "-.5",
            "0.10000000000000001",
            "0.16666666666666666667",
            "1e05",
            "1e300",
            "-2.5E+10",
            "100000000000000000000",
            "1.7976931348623157e308",
            "9.9999999999999992e+22",
            "1e23",
            "0.0",
            "0e999",
            "-0.0",
            "123456789012345680000",
            "1180591620717411303424",
            "5e-324",
        ] {
            assert_eq!(float(text), None, "{text:?}");
        }
    }

    #[test]
    fn float_that_is_printed_loses_nothing() {
        for bits in (0..5000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
            let value = f64::from_bits(bits);
            if !value.is_finite() {
                continue;
            }
            for text in [format!("{value}"), format!("{value:?}"), format!("{value:e}"), format!("{value:.16e}")] {
                assert_eq!(number_loss(&text, ColumnType::Float), None, "{text}");
            }
        }
    }

    #[test]
    fn spellings_of_a_missing_value_are_those_of_pandas() {
        for text in MISSING {
            assert!(is_missing(text), "{text}");
        }
        for text in ["", " NA", "na", "Null", "none", "-", "--", ".", "?", "inf", "NaT", "nil", "missing"] {
            assert!(!is_missing(text), "{text:?}");
        }
    }
}
