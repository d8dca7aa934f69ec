//! A value that was written is read back unchanged, in every spelling that a server may use.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use std::fmt::{Debug, Display, LowerExp};

use proptest::prelude::*;
use serenytics_query::cell::{Cell, CellError, CellReader};
use serenytics_query::datetime::DateTime;
use serenytics_query::value::{self, ToWire};

fn read<C: Cell>(cell: &str) -> Result<C, CellError> {
    CellReader::new(format!("[{cell}]").as_bytes()).row(1, CellReader::next)
}

/// Asserts that every spelling is read as the value, to the bit.
fn assert_read<C: Cell + Debug>(value: &C, spellings: impl IntoIterator<Item = String>) {
    for spelling in spellings {
        let read = read::<C>(&spelling);
        assert_eq!(format!("{read:?}"), format!("{:?}", Ok::<_, CellError>(value)), "{spelling}");
    }
}

/// Returns the spellings of an integer: with a point, and with exponents.
fn integer_spellings(value: i128) -> Vec<String> {
    let sign = if value < 0 { "-" } else { "" };
    let digits = value.unsigned_abs().to_string();
    let (first, rest) = digits.split_at(1);
    let power = rest.len();
    vec![
        format!("{sign}{digits}"),
        format!("{sign}{digits}.0"),
        format!("{sign}{digits}.000e0"),
        format!("{sign}{first}.{rest}0e{power}"),
        format!("{sign}{first}.{rest}0E+{power}"),
        format!("{sign}{digits}00e-2"),
        format!("{sign}0.{digits}e{}", digits.len()),
    ]
}

/// Returns the spellings of a float: the shortest one, 17 digits, and all digits.
fn float_spellings<F: Display + LowerExp + Debug>(value: &F, digits: usize) -> Vec<String> {
    let shortest = format!("{value:e}");
    vec![
        shortest.replace('e', "E+").replace("+-", "-"),
        shortest,
        format!("{value:?}"),
        format!("{value}"),
        format!("{value:.*e}", digits - 1),
        format!("{value:.*}", 400),
    ]
}

fn written(value: ToWire) -> String {
    value.unwrap().element()
}

macro_rules! integers {
    ($($name:ident $type:ty;)+) => {$(
        #[test]
        fn $name() {
            proptest!(|(value in prop_oneof![any::<$type>(), Just(<$type>::MIN), Just(<$type>::MAX), Just(0), Just(1)])| {
                assert_read(&value, [written(value::int_value(&value))]);
                assert_read(&value, integer_spellings(value.into()));
                assert_read(&Some(value), integer_spellings(value.into()));
            });
            for outside in [i128::from(<$type>::MIN) - 1, i128::from(<$type>::MAX) + 1] {
                for spelling in integer_spellings(outside) {
                    assert_rejected::<$type>(&spelling);
                }
            }
        }
    )+};
}

fn assert_rejected<C: Cell + Debug>(spelling: &str) {
    let read = read::<C>(spelling);
    assert!(matches!(read, Err(CellError::Mismatch { .. })), "{spelling}: {read:?}");
}

integers! {
    i8_is_read_back i8;
    i16_is_read_back i16;
    i32_is_read_back i32;
    i64_is_read_back i64;
    u8_is_read_back u8;
    u16_is_read_back u16;
    u32_is_read_back u32;
}

#[test]
fn f64_is_read_back() {
    let extremes = [0.0, -0.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 1e23, 9_007_199_254_740_992.0, 0.1 + 0.2];
    let value = prop_oneof![any::<f64>(), prop::sample::select(extremes.to_vec())];
    proptest!(|(value in value.prop_filter("finite", |value| value.is_finite()))| {
        assert_read(&value, [written(value::float_value(&value))]);
        assert_read(&value, float_spellings(&value, 17));
    });
}

#[test]
fn f32_is_read_back() {
    let extremes = [0.0, -0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-45, 123_456_789.0, 1e11, 1.5e12, 16_777_216.0];
    let value = prop_oneof![any::<f32>(), prop::sample::select(extremes.to_vec())];
    proptest!(|(value in value.prop_filter("finite", |value| value.is_finite()))| {
        let stored = written(value::float_value(&value));
        assert_read(&value, [stored.clone()]);
        assert_read(&value, float_spellings(&value, 9));
        // A server stores the number as an `f64`, from its digits or from its value.
        for double in [stored.parse::<f64>().unwrap(), f64::from(value)] {
            assert_read(&value, float_spellings(&double, 17));
        }
    });
}

#[test]
fn an_integer_is_never_read_as_another_integer() {
    proptest!(|(value in any::<i64>(), spelling in 0..7_usize)| {
        let spelling = &integer_spellings(value.into())[spelling];
        if let Ok(double) = read::<f64>(spelling) {
            let spellings = [format!("{double:.0}"), format!("{double}"), format!("{double:.16e}")];
            assert!(spellings.iter().any(|other| read::<i64>(other) == Ok(value)), "{spelling}: {double}");
        }
        if let Ok(single) = read::<f32>(spelling) {
            let double = f64::from(single);
            let spellings = [format!("{single}"), format!("{single:.8e}"), format!("{double:.0}"), format!("{double}")];
            assert!(spellings.iter().any(|other| read::<i64>(other) == Ok(value)), "{spelling}: {single}");
        }
    });
}

#[test]
fn strings_are_read_back() {
    proptest!(|(value in any::<String>())| {
        assert_read(&value, [written(value::str_value(&value))]);
        let escaped: String = value.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
        assert_read(&value, [format!("\"{escaped}\"")]);
    });
}

#[test]
fn datetimes_are_read_back() {
    let parts = (-9999_i16..=9999, 1_i8..=12, 1_i8..=28, (0_i8..24, 0_i8..60, 0_i8..60), 0_i32..1_000_000_000);
    let any_value = parts.prop_map(|(year, month, day, (hour, minute, second), nanosecond)| {
        DateTime::new(year, month, day, hour, minute, second, nanosecond).unwrap()
    });
    let value = prop_oneof![any_value, Just(DateTime::MIN), Just(DateTime::MAX), Just(DateTime::ZERO)];
    proptest!(|(value in value)| {
        assert_read(&value, [written(value::datetime_value(&value))]);
    });
    let escaped = r#""2016-06-28\u005412:46:33""#;
    assert_eq!(read::<DateTime>(escaped).unwrap().to_string(), "2016-06-28T12:46:33");
}

#[test]
fn lost_digits_and_invalid_escapes_are_explained() {
    let message = |error: CellError| error.to_string();
    for (found, expected) in [
        (read::<f64>("9007199254740993").map_err(message), "declare the column as `i64`"),
        (read::<f64>("9.007199254740993e15").map_err(message), "declare the column as `i64`"),
        (read::<f64>("18446744073709551617").map_err(message), "an `f64` cannot represent it"),
        (read::<f64>("1e309").map_err(message), "an `f64` cannot represent it"),
    ] {
        assert!(found.as_ref().unwrap_err().contains(expected), "{found:?}");
    }
    let single = message(read::<f32>("16777217").unwrap_err());
    assert!(single.contains("expected a 32-bit number") && single.contains("declare the column as `f64`"), "{single}");
    let value = message(read::<serde_json::Value>("9007199254740993.0").unwrap_err());
    assert!(value.contains("without losing digits"), "{value}");
    for text in [r#""\ud800""#, r#""a\udc00b""#, r#""\x""#] {
        let text = message(read::<String>(text).unwrap_err());
        assert!(text.contains("half of a surrogate pair"), "{text}");
    }
}
