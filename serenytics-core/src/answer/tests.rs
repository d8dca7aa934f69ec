//! Tests of the decoder: chunks that end at every byte, keys in every order, and many kinds of
//! malformed responses.

use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::vocabulary::{ColumnType, TimeSlot};

use super::decoder::Head;
use super::{AnswerError, Decoder, RawRows, Rows, TypedRows};
use crate::ApiKey;

type Row = (String, f64, Option<i64>);

fn read_row(cells: &mut CellReader<'_>) -> Result<Row, CellError> {
    Ok((cells.next()?, cells.next()?, cells.next()?))
}

const SHAPE: &[OutputColumn] = &[
    OutputColumn::fixed("country", "country", OutputType::Column(ColumnType::Str), false, true),
    OutputColumn::fixed("amount", "revenue", OutputType::Column(ColumnType::Float), false, true),
    OutputColumn::fixed("invoice", "invoice", OutputType::Column(ColumnType::Int), true, true),
];

const TITLES: &str =
    r#"[{"name":"country","type":"str"},{"name":"revenue","type":"float"},{"name":"invoice","type":"int"}]"#;
const DATA: &str = r#"[["FR",12.5,7],["d\u00e9j\u00e0 \"vu\", [x]",1e3,null],["été",3,NaN]]"#;

fn rows() -> Vec<Row> {
    vec![("FR".to_owned(), 12.5, Some(7)), ("déjà \"vu\", [x]".to_owned(), 1000.0, None), ("été".to_owned(), 3.0, None)]
}

fn decode_into(chunks: &[&[u8]], rows: &mut dyn Rows) -> Result<Head, AnswerError> {
    let mut decoder = Decoder::default();
    for chunk in chunks {
        decoder.feed(chunk, rows)?;
    }
    decoder.finish(rows)
}

fn decode_chunks(chunks: &[&[u8]]) -> Result<Vec<Row>, AnswerError> {
    let mut rows = TypedRows::new(SHAPE.into(), read_row);
    decode_into(chunks, &mut rows).map(|_| rows.into_rows())
}

fn decode(answer: &str) -> Result<Vec<Row>, AnswerError> {
    decode_chunks(&[answer.as_bytes()])
}

fn malformed(answer: &str) -> String {
    match decode(answer) {
        Err(AnswerError::Malformed(message) | AnswerError::Truncated(message)) => message,
        other => panic!("{answer}: {other:?}"),
    }
}

fn with_data(data: &str) -> String {
    format!(r#"{{"status":"ok","columns_titles":{TITLES},"data":{data}}}"#)
}

/// Returns the response with its keys in every order, and unknown ones between them.
fn orders() -> Vec<String> {
    let pairs = [
        r#""status": "ok""#.to_owned(),
        format!(r#""columns_titles":{TITLES}"#),
        format!("\"data\" :\n {DATA}"),
        r#""newer": {"a": [1, {"b": "]}"}], "c": null}"#.to_owned(),
    ];
    let mut answers = Vec::new();
    for first in 0..4 {
        for second in 0..4 {
            for third in 0..4 {
                let order = [first, second, third, 6_usize.wrapping_sub(first + second + third)];
                let distinct = (0..4).all(|key| order.contains(&key));
                if distinct {
                    let keys: Vec<_> = order.iter().map(|key| pairs[*key].as_str()).collect();
                    answers.push(format!("\n{{ {} }} \n", keys.join(" , ")));
                }
            }
        }
    }
    answers
}

#[test]
fn decoder_accepts_keys_in_any_order() {
    let answers = orders();
    assert_eq!(answers.len(), 24);
    for answer in answers {
        assert_eq!(decode(&answer).unwrap(), rows(), "{answer}");
    }
}

#[test]
fn decoder_accepts_chunks_that_end_at_any_byte() {
    for answer in orders() {
        let bytes = answer.as_bytes();
        for at in 0..=bytes.len() {
            assert_eq!(decode_chunks(&[&bytes[..at], &bytes[at..]]).unwrap(), rows(), "{answer} at {at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(decode_chunks(&single).unwrap(), rows(), "{answer}");
    }
}

#[test]
fn decoder_accepts_a_byte_order_mark() {
    let answer = format!("\u{feff} {}", with_data(DATA));
    assert_eq!(decode(&answer).unwrap(), rows());
    let single: Vec<&[u8]> = answer.as_bytes().chunks(1).collect();
    assert_eq!(decode_chunks(&single).unwrap(), rows());
    assert!(malformed("\u{fefe}{}").contains("not valid JSON"));
}

#[test]
fn response_truncated_at_any_byte_is_an_error() {
    for answer in orders() {
        let whole = answer.trim_end().len();
        for at in 0..whole {
            let outcome = decode_chunks(&[&answer.as_bytes()[..at]]);
            match outcome {
                Err(AnswerError::Truncated(message)) => {
                    assert!(message.contains("truncated") || message.contains("empty"), "{message}");
                }
                other => panic!("{answer} at {at}: {other:?}"),
            }
        }
    }
    let inside = with_data(r#"[["FR",1,2],["FR",1"#);
    assert_eq!(malformed(inside.trim_end_matches('}')), "the response is truncated: it ends after row 1");
    assert_eq!(malformed(""), "the response is empty");
}

#[test]
fn long_rows_are_scanned_a_bounded_number_of_times() {
    let text = "x".repeat(8 << 20);
    let answer = with_data(&format!(r#"[["{text}",1,2]]"#));
    let chunks: Vec<&[u8]> = answer.as_bytes().chunks(1024).collect();
    let started = std::time::Instant::now();
    let rows = decode_chunks(&chunks).unwrap();
    assert_eq!(rows[0].0.len(), text.len());
    // One scan for each chunk would read 32 GB.
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

#[test]
fn response_without_rows_is_valid() {
    assert_eq!(decode(&with_data("[]")).unwrap(), vec![]);
    assert_eq!(decode(&with_data(" [ ] ")).unwrap(), vec![]);
}

#[test]
fn mismatched_cell_error_names_row_and_column() {
    let wrong = |data: &str| malformed(&with_data(data));
    assert_eq!(
        wrong(r#"[["FR",1,2],["DE","much",2]]"#),
        "row 2, column `amount` (revenue): expected a number, found `\"much\"`"
    );
    assert_eq!(
        wrong("[[null,1,2]]"),
        "row 1, column `country`: expected a string, found `null`; declare the column as an `Option` if it may be NULL"
    );
    assert_eq!(
        wrong(r#"[["FR",NaN,2]]"#),
        "row 1, column `amount` (revenue): expected a number, found `NaN`; declare the column as an `Option` if it may be NULL"
    );
    assert_eq!(wrong(r#"[["FR",1,2.5]]"#), "row 1, column `invoice`: expected a 64-bit integer, found `2.5`");
    assert_eq!(wrong(r#"[["FR",1,{"a":1}]]"#), "row 1, column `invoice`: expected a 64-bit integer, found `{\"a\":1`");
    assert_eq!(wrong(r#"[["FR",true,1]]"#), "row 1, column `amount` (revenue): expected a number, found `true`");
    assert_eq!(wrong(r#"[["FR",1]]"#), "row 1: the row has 2 cells, but the query has 3 columns");
    assert_eq!(wrong("[[]]"), "row 1: the row has 0 cells, but the query has 3 columns");
    assert_eq!(wrong(r#"[["FR",1,2,3]]"#), "row 1: the row has more cells than the 3 columns of the query");
}

#[test]
fn invalid_json_in_a_response_is_an_error() {
    assert!(malformed(&with_data(r#"[{"country":"FR"}]"#)).starts_with("row 1: expected a JSON row"));
    assert!(malformed(&with_data(r#"[["FR",1,2],]"#)).starts_with("row 2: expected a JSON row"));
    assert!(malformed(&with_data(r#"[["FR",1,2] ["FR",1,2]]"#)).contains("not valid JSON"));
    assert_eq!(malformed(&with_data(r#"{"a": [1]}"#)), "`data` of the response is not a list of rows");
    assert!(malformed("<html><h1>Hello</h1></html>").contains("`<html><h1>Hello</h1></html>`"));
    assert!(malformed(r#"{"status":"ok",}"#).contains("not valid JSON"));
    assert!(malformed(r#"{1:2}"#).contains("not valid JSON"));
    assert_eq!(malformed("{} x"), "unexpected data after the end of the response");
    let invalid = [with_data("[[\"F").as_bytes(), b"\xff\xfe\",1,2]]}"].concat();
    assert!(matches!(decode_chunks(&[&invalid]), Err(AnswerError::Malformed(_))));
}

#[test]
fn repeated_key_in_a_response_is_an_error() {
    let twice = |key: &str, value: &str| malformed(&format!(r#"{{"status":"ok","{key}":{value},"{key}":{value}}}"#));
    assert_eq!(twice("data", DATA), "the response has `data` twice");
    assert_eq!(twice("columns_titles", TITLES), "the response has `columns_titles` twice");
}

fn with_titles(titles: &str) -> String {
    format!(r#"{{"status":"ok","columns_titles":{titles},"data":{DATA}}}"#)
}

#[test]
fn drift_error_names_the_column() {
    let drift = |from: &str, to: &str| malformed(&with_titles(&TITLES.replace(from, to)));
    assert_eq!(
        drift(r#""revenue","type":"float""#, r#""revenue","type":"str""#),
        "column `amount` (revenue) is declared as float, but the server returned str; declare it as str"
    );
    assert_eq!(drift("\"revenue\"", "\"profit\""), "column 2 of the result is `profit`, expected `revenue`");
    assert_eq!(
        drift(r#",{"name":"invoice","type":"int"}"#, ""),
        "the query has 3 columns but the result has 2: `country`, `revenue`; the source may have changed since the query was written"
    );
    assert!(drift("\"float\"", "3").contains("invalid `columns_titles` in the response"));
}

#[test]
fn numeric_and_unknown_column_types_are_checked_by_cell() {
    for (from, to) in [("\"float\"", "\"int\""), ("\"int\"", "\"float\""), ("\"int\"", "\"decimal(9)\"")] {
        assert_eq!(decode(&with_titles(&TITLES.replace(from, to))).unwrap(), rows());
    }
}

#[test]
fn column_names_are_compared_only_if_all_columns_are_plain() {
    const GROUPED: &[OutputColumn] = &[
        OutputColumn::fixed("month", "month(date)", OutputType::Slot(TimeSlot::Month), false, false),
        OutputColumn::fixed("country", "country", OutputType::Column(ColumnType::Str), false, true),
    ];
    fn read(cells: &mut CellReader<'_>) -> Result<(i64, String), CellError> {
        Ok((cells.next()?, cells.next()?))
    }
    let answer = r#"{"status":"ok","columns_titles":[{"name":"date (m)","type":"str"},{"name":"Country","type":"str"}],"data":[[3,"FR"]]}"#;
    let mut rows = TypedRows::new(GROUPED.into(), read);
    decode_into(&[answer.as_bytes()], &mut rows).unwrap();
    assert_eq!(rows.into_rows(), vec![(3, "FR".to_owned())]);
}

#[test]
fn error_of_the_server_has_priority() {
    let rejected = |answer: &str| match decode(answer) {
        Err(AnswerError::Rejected(message)) => message,
        other => panic!("{answer}: {other:?}"),
    };
    assert_eq!(rejected(r#"{"status":"error","errors":["no column `x`","second"]}"#), "no column `x`; second");
    assert_eq!(rejected(r#"{"errors":["no"],"data":null,"columns_titles":null,"status":"error"}"#), "no");
    assert_eq!(rejected(r#"{"columns_titles":[],"data":[],"errors":["no"],"status":"error"}"#), "no");
    let rows = r#"{"columns_titles":[],"data":[[1],["a",{"b":[2]}]],"errors":["no"],"status":"error"}"#;
    assert_eq!(rejected(rows), "no");
    assert_eq!(rejected(r#"{"errors":"gone"}"#), "gone");
    assert_eq!(rejected(r#"{"status":"busy"}"#), "the server reported no reason, only the status `busy`");
    assert_eq!(
        rejected(r#"{"status":"error","columns_titles":[],"data":[]}"#),
        "the server reported no reason, only the status `error`"
    );
    assert_eq!(rejected(&with_data(DATA).replace("\"status\"", "\"errors\":[\"late\"],\"status\"")), "late");
    assert_eq!(rejected(r#"{"status":"ok","errors":["no"],"data":[["x"]]}"#), "no");
    assert_eq!(malformed("{}"), "the response has no `status`");
}

#[test]
fn row_error_is_reported_after_the_status_is_known() {
    let titles = TITLES.replace("\"float\"", "\"str\"");
    let answer = format!(r#"{{"data":{DATA},"columns_titles":{titles},"status":"ok"}}"#);
    assert!(malformed(&answer).contains("declared as float, but the server returned str"));
    let late = format!(r#"{{"data":[["FR",1,2],["x"],[7]],"columns_titles":{TITLES},"status":"ok"}}"#);
    assert_eq!(malformed(&late), "row 2: the row has 1 cells, but the query has 3 columns");
}

#[test]
fn unknown_status_is_not_an_error() {
    for status in ["\"success\"", "\"OK\"", "200", "null"] {
        for answer in orders() {
            assert_eq!(decode(&answer.replace("\"ok\"", status)).unwrap(), rows(), "{status}");
        }
    }
    for errors in ["[]", "null", "{}", "\"\""] {
        let answer = with_data(DATA).replace("\"status\"", &format!("\"errors\":{errors},\"status\""));
        assert_eq!(decode(&answer).unwrap(), rows(), "{errors}");
    }
    let short = with_data(r#"[["FR"]]"#).replace("\"ok\"", "\"newer\"");
    assert_eq!(malformed(&short), "row 1: the row has 1 cells, but the query has 3 columns");
}

#[test]
fn raw_rows_must_be_as_wide_as_the_titles() {
    let key = ApiKey::from("canary-7f3a91");
    let titles = r#""columns_titles":[{"name":"a","type":"int"},{"name":"b","type":"int"}]"#;
    for (data, cells) in [("[[1,2],[3]]", 1), ("[[1,2],[3,4,5]]", 3), ("[[1,2],[]]", 0)] {
        for answer in [
            format!(r#"{{"status":"ok",{titles},"data":{data}}}"#),
            format!(r#"{{"data":{data},{titles},"status":"ok"}}"#),
            format!(r#"{{{titles},"data":{data},"status":"ok"}}"#),
        ] {
            let outcome = decode_into(&[answer.as_bytes()], &mut RawRows::new(&key));
            let message = format!("row 2: the row has {cells} cells but the result has 2 columns");
            assert_eq!(outcome, Err(AnswerError::Malformed(message)), "{answer}");
        }
    }
}

#[test]
fn invalid_row_is_shown_without_the_key() {
    let key = ApiKey::from("canary-7f3a91");
    for before in 20..45 {
        let data = format!("[[{}canary-7f3a91x]]", "x".repeat(before));
        let outcome = decode_into(&[with_data(&data).as_bytes()], &mut RawRows::new(&key));
        assert!(matches!(&outcome, Err(AnswerError::Malformed(text)) if !text.contains("ca")), "{outcome:?}");
    }
}

#[test]
fn raw_rows_contain_json() {
    let key = ApiKey::from("canary-7f3a91");
    let mut rows = RawRows::new(&key);
    let answer = with_data(r#"[["NaN, \"NaN\"",NaN,-NaN],[1.5,[true],{"a":"b"}]]"#).replace("-NaN", "null");
    let head = decode_into(&[answer.as_bytes()], &mut rows).unwrap();
    assert_eq!(head.rows, Some(2));
    assert_eq!(head.titles.unwrap()[1].type_name, "float");
    assert_eq!(
        rows.into_rows(),
        vec![
            vec!["NaN, \"NaN\"".into(), serde_json::Value::Null, serde_json::Value::Null],
            vec![1.5.into(), serde_json::json!([true]), serde_json::json!({"a": "b"})],
        ]
    );
    let headers = decode_into(&[with_titles("[]").replace(DATA, "null").as_bytes()], &mut RawRows::new(&key));
    assert_eq!(headers.unwrap(), Head { titles: Some(vec![]), rows: None });
    for data in [r#"[{"a":1}]"#, "[[1,,2]]", "[[x]]", "[3]"] {
        let wrong = decode_into(&[with_data(data).as_bytes()], &mut RawRows::new(&key));
        assert!(matches!(&wrong, Err(AnswerError::Malformed(m)) if m.starts_with("row 1")), "{data}: {wrong:?}");
    }
}

#[test]
fn raw_rows_lose_no_digits() {
    let key = ApiKey::from("canary-7f3a91");
    let read = |data: &str| {
        let mut rows = RawRows::new(&key);
        let head = decode_into(&[with_data(data).as_bytes()], &mut rows);
        head.map(|_| rows.into_rows())
    };
    let exact =
        r#"[[9007199254740993, 1e23 ,18446744073709551615],[-9223372036854775808,9.007199254740992e15,[true]]]"#;
    assert_eq!(read(exact).unwrap()[0][0], serde_json::json!(9_007_199_254_740_993_i64));
    for cell in ["18446744073709551617", "9007199254740993.0", "-9.007199254740993e15"] {
        match read(&format!(r#"[["a,]", {cell} ,null]]"#)) {
            Err(AnswerError::Malformed(message)) => {
                let expected = format!("row 1: cell 2: expected a string, a 64-bit number or NULL, found `{cell}`");
                assert!(message.starts_with(&expected) && message.contains("without losing digits"), "{message}");
            }
            other => panic!("{cell}: {other:?}"),
        }
    }
}
