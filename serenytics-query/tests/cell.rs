//! Reading the cells of a response from its bytes.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use serde_json::{Value, json};
use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::datetime::DateTime;
use serenytics_query::slot::SlotValue;

type Cells = (String, Option<i64>, f64);

fn read(json: &str) -> Result<Cells, CellError> {
    CellReader::new(json.as_bytes()).row(3, |cells| Ok((cells.next()?, cells.next()?, cells.next()?)))
}

fn mismatch(json: &str) -> (usize, &'static str, String) {
    match read(json) {
        Err(CellError::Mismatch { column, expected, found }) => (column, expected, found),
        other => panic!("{json}: {other:?}"),
    }
}

#[test]
fn a_row_may_contain_spaces_and_escapes() {
    assert_eq!(read(r#"["FR",3,2.5]"#), Ok(("FR".to_owned(), Some(3), 2.5)));
    let spaced = " [ \"a\\\"b\\u00e9\\n\\ud83d\\ude00é\" ,\n null , -1.5e3 ] ";
    assert_eq!(read(spaced), Ok(("a\"bé\n😀é".to_owned(), None, -1500.0)));
}

#[test]
fn integers_and_floats_interchange_without_loss() {
    assert_eq!(read(r#"["",120.0,7]"#), Ok((String::new(), Some(120), 7.0)));
    assert_eq!(mismatch(r#"["",2.5,7]"#), (1, "a 64-bit integer", "`2.5`".to_owned()));
    assert_eq!(read(r#"["",-9223372036854775808,7]"#).unwrap().1, Some(i64::MIN));
    assert_eq!(mismatch(r#"["",9223372036854775808,7]"#).0, 1);
}

#[test]
fn a_number_that_would_lose_a_digit_is_rejected() {
    for integer in ["2.5", "0.99999999999999999999", "4503599627370497.4", "9223372036854775808.0"] {
        assert_eq!(mismatch(&format!(r#"["",{integer},1]"#)).0, 1, "{integer}");
    }
    assert_eq!(read(r#"["",9007199254740993.0,1]"#).unwrap().1, Some(9_007_199_254_740_993));
    for number in ["9007199254740993", "1e999", "-1e999"] {
        assert_eq!(mismatch(&format!(r#"["",1,{number}]"#)).0, 2, "{number}");
    }
    assert_eq!(read(r#"["",1,9007199254740992]"#).unwrap().2, 9_007_199_254_740_992.0);
    assert_eq!(read(r#"["",1,1e300]"#).unwrap().2, 1e300);
    assert_eq!(read(r#"["",1e+16,1]"#).unwrap().1, Some(10_000_000_000_000_000));
    assert_eq!(read(r#"["",-1.25e2,1]"#).unwrap().1, Some(-125));
    for fraction in ["1.5e0", "1e30", "1e-1"] {
        assert_eq!(mismatch(&format!(r#"["",{fraction},1]"#)).0, 1, "{fraction}");
    }
    let raw = |text: &str| CellReader::new(format!("[{text}]").as_bytes()).row(1, |cells| cells.next::<Value>());
    assert_eq!(raw("18446744073709551615"), Ok(json!(u64::MAX)));
    assert_eq!(raw("18446744073709551616.0"), Ok(json!(18_446_744_073_709_551_616.0)));
    // It would lose digits.
    assert!(matches!(raw("18446744073709551617"), Err(CellError::Mismatch { .. })));
    let single = |text: &str| CellReader::new(format!("[{text}]").as_bytes()).row(1, |cells| cells.next::<f32>());
    assert_eq!(single("0.1"), Ok(0.1));
    assert_eq!(single("16777216"), Ok(16_777_216.0));
    assert!(single("16777217").is_err() && single("1e39").is_err());
}

#[test]
fn a_bare_nan_is_null_and_null_is_not_a_number() {
    assert_eq!(read(r#"["",NaN,1]"#).unwrap().1, None);
    assert_eq!(mismatch(r#"["",1,NaN]"#), (2, "a number", "`NaN`".to_owned()));
    assert_eq!(mismatch(r#"[null,1,1]"#), (0, "a string", "`null`".to_owned()));
}

#[test]
fn a_mismatch_shows_the_start_of_the_value() {
    assert_eq!(mismatch(r#"[3,1,1]"#), (0, "a string", "`3`".to_owned()));
    assert_eq!(mismatch(r#"["",true,1]"#).2, "`true`");
    assert_eq!(mismatch(r#"["",{"a":[1,2]},1]"#).2, "`{\"a\":[1`");
    assert_eq!(mismatch(r#"["",1,Infinity]"#).2, "`Infinity`");
}

#[test]
fn a_row_with_the_wrong_number_of_cells_is_rejected() {
    assert_eq!(read(r#"["FR",3]"#), Err(CellError::Count { expected: 3, found: 2 }));
    assert_eq!(read("[]"), Err(CellError::Count { expected: 3, found: 0 }));
    assert_eq!(read(r#"["FR",3,1,4]"#), Err(CellError::Count { expected: 3, found: 4 }));
}

#[test]
fn a_row_truncated_anywhere_is_incomplete() {
    let row = r#"["F\"R",3,2.5]"#;
    for length in 0..row.len() {
        assert_eq!(read(&row[..length]), Err(CellError::Incomplete), "{}", &row[..length]);
    }
}

#[test]
fn invalid_json_is_rejected() {
    for json in ["3", "{}", r#"["a";3]"#, "[\"a\" 3]", "[,]"] {
        assert!(matches!(read(json), Err(CellError::Syntax { .. })), "{json}: {:?}", read(json));
    }
    let invalid: &[u8] = b"[\"\xff\",1,1]";
    let row = CellReader::new(invalid).row(3, |cells| Ok((cells.next::<String>()?, cells.next::<i64>()?)));
    assert!(matches!(row, Err(CellError::Encoding { .. })), "{row:?}");
}

#[test]
fn datetimes_and_time_slots_are_read_in_every_form() {
    let row = r#"["2013-01-01T05:00:00","2013-01-01","2013-02-01T00:00:00",7,"f\u00e9vrier",2013.0]"#;
    let cells = CellReader::new(row.as_bytes()).row(6, |cells| {
        let datetimes: [DateTime; 2] = [cells.next()?, cells.next()?];
        let slots: [SlotValue; 4] = [cells.next()?, cells.next()?, cells.next()?, cells.next()?];
        Ok((datetimes, slots))
    });
    let (datetimes, slots) = cells.unwrap();
    assert_eq!(datetimes.map(|datetime| datetime.to_string()), ["2013-01-01T05:00:00", "2013-01-01T00:00:00"]);
    assert_eq!(slots.map(|slot| slot.to_string()), ["2013-02-01", "7", "février", "2013"]);
}
