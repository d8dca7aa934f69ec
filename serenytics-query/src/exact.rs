//! JSON values whose numbers are the nearest ones to what is written.
//!
//! Without its feature `float_roundtrip`, which a user's tree would have to take over, `serde_json` reads a number of 17
//! digits as one of its neighbours now and then: a loaded number would not be the one that was sent, and equal nothing.

use serde_json::value::RawValue;
use serde_json::{Error, Number, Value};

/// A value as it was written.
///
/// # Errors
/// The text is no JSON, or a number of it is larger than a float can be.
pub fn value(raw: &RawValue) -> Result<Value, Error> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'0'..=b'9' | b'-') => match text.parse().ok().and_then(Number::from_f64) {
            Some(float) if text.contains(['.', 'e', 'E']) => Ok(float.into()),
            // An integer, or what is too large, of which serde_json knows best how to say it.
            _ => serde_json::from_str(text),
        },
        Some(b'[') => list(text).map(Value::Array),
        _ => serde_json::from_str(text),
    }
}

/// The values of a list, in a text that holds one.
///
/// # Errors
/// As [`value`].
pub fn list(text: &str) -> Result<Vec<Value>, Error> {
    serde_json::from_str::<Vec<&RawValue>>(text)?.into_iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_nearest_ones() {
        let read = |text: &str| list(&format!("[{text}]")).map(|mut values| values.remove(0));
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..10_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let float = f64::from_bits(bits);
            if float.is_finite() {
                assert_eq!(read(&format!("{float:?}")).unwrap().as_f64().map(f64::to_bits), Some(bits), "{float:?}");
            }
        }
        assert!(read("-0.0").unwrap().as_f64().unwrap().is_sign_negative());
    }

    #[test]
    fn everything_else_is_what_serde_json_reads() {
        let text = r#"[9223372036854775807, -9223372036854775808, 18446744073709551615, 123456789012345678901,
            true, null, "a\"[1.5]", [1, [2]], {"a": 1}]"#;
        assert_eq!(list(text).unwrap(), serde_json::from_str::<Vec<Value>>(text).unwrap());
        for wrong in ["[1e999]", "[1.]", "[01]", "[.5]", "1", "[", "[NaN]"] {
            assert!(list(wrong).is_err(), "{wrong}");
        }
    }
}
