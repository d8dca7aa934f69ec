//! Numbers in JSON text that a JSON parser would change before the engine sees them.

use serenytics_query::vocabulary::ColumnType;

use super::number::number_loss;
use crate::base::Error;

/// The maximum number of characters of a number that a message shows.
const MAX_SHOWN: usize = 100;

/// Checks that parsing a JSON text changes no number in it. Integers of 64 bits are kept; other
/// numbers become floats.
///
/// # Errors
/// A number has digits that a float does not keep. The error contains the number.
pub fn check_json_numbers(json: &[u8]) -> Result<(), Error> {
    let mut rest = json;
    let mut in_string = false;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            b'"' => {
                in_string = !in_string;
                after
            }
            b'\\' if in_string => after.get(1..).unwrap_or_default(),
            b'-' | b'0'..=b'9' if !in_string => {
                let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
                let (number, after) = rest.split_at(length);
                check_one(&String::from_utf8_lossy(number))?;
                after
            }
            _ => after,
        };
    }
    Ok(())
}

fn check_one(number: &str) -> Result<(), Error> {
    // The parser keeps these, and rejects a number with leading zeros.
    let is_integer = number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    if is_integer || number_loss(number, ColumnType::Float).is_none() {
        return Ok(());
    }
    let shown: String = number.chars().take(MAX_SHOWN).collect();
    let more = if shown.len() < number.len() { ".." } else { "" };
    Err(Error::rejected(format!("the number `{shown}{more}` would lose some of its digits: send it as a string")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_that_json_changes_is_rejected() {
        for json in [
            "12345678901234567891234",
            r#"{"a": [1, {"b": -12345678901234567891234}]}"#,
            r#"{"a": 9007199254740993.0}"#,
            "[9.007199254740993e15,1]",
            r#"{"a\"": 1e-400}"#,
        ] {
            let error = check_json_numbers(json.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("would lose some of its digits: send it as a string"), "{json}: {error}");
        }
    }

    #[test]
    fn number_that_json_keeps_is_accepted() {
        for json in [
            "9007199254740993",
            "-9223372036854775808",
            "18446744073709551615",
            "[1180591620717411303424, 1e300, 0.1, 0.10000000000000000555, -0.0]",
            r#"{"12345678901234567891234": "12345678901234567891234", "b\\": "\" 12345678901234567891234"}"#,
            "NaN",
            "",
        ] {
            assert!(check_json_numbers(json.as_bytes()).is_ok(), "{json}");
        }
    }
}
