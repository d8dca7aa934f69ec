//! Fast readers for the plain forms that almost all cells have.
//!
//! Each function returns the value and the number of bytes that it read. It returns `None` for any
//! other form, valid or not: the general reader handles those.

use super::CellReader;
use crate::values::datetime::{self, DateTime};

/// The powers of ten that a plain number is divided by, all of them exact.
const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

impl<'a> CellReader<'a> {
    /// Reads a cell by one of the functions below.
    #[inline]
    pub(super) fn plain<C>(&mut self, read: impl FnOnce(&'a [u8]) -> Option<(C, usize)>) -> Option<C> {
        let (cell, length) = read(self.bytes.get(self.at..)?)?;
        self.at += length;
        Some(cell)
    }
}

/// Reads an integer of at most 18 digits, which always fits into an `i64`.
#[inline]
pub(super) fn integer(bytes: &[u8]) -> Option<(i64, usize)> {
    let (negative, unsigned) = sign(bytes);
    let (value, digits) = digits(unsigned)?;
    let length = usize::from(negative) + digits;
    if digits > 18 || !is_separator(*bytes.get(length)?) {
        return None;
    }
    Some((if negative { -value } else { value }, length))
}

/// Reads a number of at most 15 digits. An `f64` represents such an integer exactly, and the
/// quotient of two of them is correctly rounded.
#[inline]
pub(super) fn number(bytes: &[u8]) -> Option<(f64, usize)> {
    let (negative, unsigned) = sign(bytes);
    let (whole, whole_digits) = digits(unsigned)?;
    let mut length = usize::from(negative) + whole_digits;
    let mut value = whole as f64;
    let mut all_digits = whole_digits;
    if *bytes.get(length)? == b'.' {
        let (fraction, fraction_digits) = digits(&bytes[length + 1..])?;
        all_digits += fraction_digits;
        let power = *POWERS.get(fraction_digits)?;
        value = (value * power + fraction as f64) / power;
        length += 1 + fraction_digits;
    }
    if all_digits > 15 || !is_separator(*bytes.get(length)?) {
        return None;
    }
    Some((if negative { -value } else { value }, length))
}

/// Reads a string without escapes.
#[inline]
pub(super) fn text(bytes: &[u8]) -> Option<(&str, usize)> {
    let (b'"', inside) = bytes.split_first()? else { return None };
    let length = end_of_text(inside)?;
    Some((std::str::from_utf8(&inside[..length]).ok()?, length + 2))
}

/// Reads a datetime like `"2016-06-28T12:46:33"`.
#[inline]
pub(super) fn datetime(bytes: &[u8]) -> Option<(DateTime, usize)> {
    let [b'"', text @ .., b'"'] = bytes.first_chunk::<21>()? else { return None };
    Some((datetime::parse_plain(text)?, text.len() + 2))
}

#[inline]
fn sign(bytes: &[u8]) -> (bool, &[u8]) {
    match bytes.split_first() {
        Some((b'-', unsigned)) => (true, unsigned),
        _ => (false, bytes),
    }
}

/// Reads the digits at the start and counts them; `None` if there are none. The value is only valid
/// for up to 18 digits.
#[inline]
fn digits(bytes: &[u8]) -> Option<(i64, usize)> {
    let mut value = 0_i64;
    let mut length = 0;
    while let Some(digit @ 0..=9) = bytes.get(length).map(|byte| byte.wrapping_sub(b'0')) {
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
        length += 1;
    }
    (length > 0).then_some((value, length))
}

#[inline]
fn is_separator(byte: u8) -> bool {
    matches!(byte, b',' | b']' | b' ' | b'\n' | b'\r' | b'\t')
}

/// Finds the closing quote of a string without escapes, eight bytes at a time.
#[inline]
fn end_of_text(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    let equal = |word: u64, byte: u8| {
        let zero_where_equal = word ^ (ONES * u64::from(byte));
        zero_where_equal.wrapping_sub(ONES) & !zero_where_equal & (ONES << 7)
    };
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let found = equal(word, b'"') | equal(word, b'\\');
        if found != 0 {
            at += found.trailing_zeros() as usize / 8;
            return (bytes[at] == b'"').then_some(at);
        }
        at += 8;
    }
    let rest = &bytes[at..];
    let found = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    (rest[found] == b'"').then_some(at + found)
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;
    use crate::rows::cell::Cell;

    /// Returns true if a cell has the plain form. Asserts that the general reader returns the same
    /// value.
    fn is_plain<C: Cell + Debug>(cell: &str) -> bool {
        for rest in [",1]", "]", " ]", "\n,"] {
            let text = format!("{cell}{rest}");
            let mut at_once = CellReader::new(text.as_bytes());
            let mut of_all_forms = at_once.clone();
            let Some(read) = C::read_plain(&mut at_once) else {
                assert_eq!(at_once.position(), 0, "{text}");
                return false;
            };
            let scalar = of_all_forms.scalar().unwrap();
            assert_eq!(format!("{:?}", Some(read)), format!("{:?}", C::from_scalar(&scalar)), "{text}");
            assert_eq!(at_once.position(), of_all_forms.position(), "{text}");
        }
        // The rest of the cell may still arrive.
        let cut = &cell.as_bytes()[..cell.len() - 1];
        assert!(C::read_plain(&mut CellReader::new(cut)).is_none(), "{cell}");
        true
    }

    #[test]
    fn plain_readers_agree_with_the_general_reader() {
        let integers = ["0", "7", "-1", "007", "999999999999999999", "-999999999999999999"];
        assert!(integers.iter().all(|&cell| is_plain::<i64>(cell)));
        assert!(["1234567890123456789", "1.0", "1e3", "null", "-", "\"1\""].iter().all(|&cell| !is_plain::<i64>(cell)));
        assert!(is_plain::<u8>("255") && !is_plain::<u8>("256") && !is_plain::<u8>("-1"));
        assert!(["0.0", "-0", "-0.0", "1.5", "0.1", "123456789012345"].iter().all(|&cell| is_plain::<f64>(cell)));
        assert!(["1e3", ".5", "5.", "0.1234567890123456", "NaN", "inf"].iter().all(|&cell| !is_plain::<f64>(cell)));
        assert!(is_plain::<DateTime>("\"2024-02-29T23:59:59\""));
        let others = ["\"2023-02-29T23:59:59\"", "\"2024-02-29 23:59:59\"", "\"2024-02-29\"", "null"];
        assert!(others.iter().all(|&cell| !is_plain::<DateTime>(cell)));
        assert!(is_plain::<Option<i64>>("5") && !is_plain::<Option<i64>>("null"));
    }

    #[test]
    fn plain_numbers_are_exact() {
        let mut digits = 88_172_645_463_325_252_u64;
        for _ in 0..20_000 {
            // Marsaglia's generator: shifts of 13, 7 and 17.
            digits ^= digits << 13;
            digits ^= digits >> 7;
            digits ^= digits << 17;
            let whole = digits % 10_u64.pow(digits as u32 % 16);
            let fraction = (digits >> 40).to_string();
            let cell = format!("{whole}.{}", &fraction[..=digits as usize % fraction.len()]);
            assert_eq!(is_plain::<f64>(&cell), cell.len() <= 16, "{cell}");
        }
    }

    #[test]
    fn plain_strings_end_at_their_quote_at_any_offset() {
        for length in 0..40 {
            let text: String = "é€x\u{81}".chars().cycle().take(length).collect();
            assert!(is_plain::<String>(&format!("\"{text}\"")), "{text}");
            assert!(!is_plain::<String>(&format!("\"{text}\\\"{text}\"")), "{text}");
        }
    }
}
