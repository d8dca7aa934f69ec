//! Numbers that a numeric column would change, and the spellings of NULL: in files, batches and
//! pushes.

use serde_json::{Value, json};

use crate::support::LocalEngine;

/// Numbers that would change, each with a number that decides the type of the column otherwise.
const CHANGED: [(&str, &str); 11] = [
    ("01234", "75001"),
    ("007", "7"),
    ("-01", "5"),
    ("00.5", "1.5"),
    ("00", "1"),
    ("+33612345678", "1"),
    ("+1.7035555555", "1.5"),
    ("9007199254740993", "1.5"),
    ("12345678901234567891", "1.5"),
    ("9007199254740993.5", "1.5"),
    ("1e-400", "1.5"),
];

async fn update(engine: &LocalEngine, uuid: &str, csv: &str, forced: Value) -> Result<Value, String> {
    let options = json!({"force_types": forced}).to_string();
    let config = json!({"originalFileName": "a.csv", "jsonContent": {"advanced_options": options}});
    engine.attach(uuid, csv, config).await;
    engine.run(uuid, "update_from_file", json!({"primary_key": "id", "async": true})).await
}

#[tokio::test]
async fn number_that_would_change_makes_the_column_of_a_file_text() {
    let engine = LocalEngine::start().await;
    for (number, other) in CHANGED {
        for (first, second) in [(number, other), (other, number)] {
            let uuid = engine.loaded(&format!("id,n\n1,{first}\n2,{second}\n")).await;
            assert_eq!(engine.columns(&uuid).await, ["id int", "n str"], "{first} {second}");
            assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1, first], [2, second]]));
        }
    }
    for (file, column) in [
        ("n\n9007199254740993\n1\n", "n int"),
        ("n\n0\n0.5\n-0.25\n", "n float"),
        ("n\n100000000000000000000\n1.5\n", "n float"),
        ("n\n1e300\n0.16666666666666666667\n", "n float"),
        ("n\n 42\n7 \n", "n int"),
    ] {
        let uuid = engine.loaded(file).await;
        assert_eq!(engine.columns(&uuid).await, [column], "{file:?}");
    }
}

#[tokio::test]
async fn forced_type_accepts_a_number_that_changes() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let options = json!({"force_types": {"zip": "int", "phone": "int", "x": "float"}}).to_string();
    let config = json!({"originalFileName": "a.csv", "jsonContent": {"advanced_options": options}});
    engine.load_file(&uuid, "zip,phone,x\n01234,+33612345678,9007199254740993\n", config).await.unwrap();
    let row = json!([1234, 33_612_345_678_i64, 9_007_199_254_740_992.0]);
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([row]));
    engine.insert(&uuid, json!([{"zip": "01234", "phone": "+33612345678", "x": 9_007_199_254_740_993_i64}])).await;
    engine.push(&uuid, json!({"zip": "01234", "phone": "+33612345678", "x": "9007199254740993"})).await;
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([row, row, row]));
    // A pushed row is read again from the write-ahead log.
    let engine = engine.restart().await;
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([row, row, row]));
}

#[tokio::test]
async fn number_that_would_change_is_rejected_by_a_numeric_column() {
    let engine = LocalEngine::start().await;
    let file = "id,zip,x\n1,75001,1.5\n";
    let uuid = engine.loaded(file).await;
    let before = engine.rows(&uuid, json!({})).await;
    for (column, number, lost) in [
        ("zip", "01234", "its leading zeros in a column of ints"),
        ("zip", "+33612345678", "its plus sign in a column of ints"),
        ("x", "01.5", "its leading zeros in a column of floats"),
        ("x", "9007199254740993", "some of its digits in a column of floats"),
    ] {
        let error = update(&engine, &uuid, &format!("id,{column}\n2,{number}\n"), json!({})).await.unwrap_err();
        let expected = format!("line 2, column {column:?}: {number:?} would lose {lost}: set its type in force_types");
        assert!(error.starts_with(&expected), "{error}");

        let rows = json!([{"action": "insert", "rows": [{"id": 2, column: number}]}]);
        let (status, answer) = engine.batch(&uuid, rows).await;
        let place = answer["errors"][1].as_str().unwrap();
        assert_eq!(status, 400);
        let expected = format!("operation 1, row 1, column {column:?}: it would lose {lost}");
        assert!(place.starts_with(&expected), "{answer}");

        let error = engine.push_rejection(&uuid, json!({"id": 2, column: number})).await;
        assert!(error.contains(number), "{error}");
        assert_eq!(engine.rows(&uuid, json!({})).await, before, "{column} {number}");
    }
    let rows = json!([{"action": "insert", "rows": [{"x": 9_007_199_254_740_993_i64}]}]);
    assert_eq!(engine.batch(&uuid, rows).await.0, 400);
    let key = json!([{"action": "delete", "rows": ["01"], "primaryKey": "id"}]);
    assert_eq!(engine.batch(&uuid, key).await.0, 400);
    assert_eq!(engine.rows(&uuid, json!({})).await, before);
    update(&engine, &uuid, "id,zip\n1,01234\n", json!({"zip": "int"})).await.unwrap();
    assert_eq!(engine.rows(&uuid, json!({"select": ["zip"]})).await, json!([[1234]]));
}

#[tokio::test]
async fn batch_and_push_keep_numbers_that_would_change() {
    let engine = LocalEngine::start().await;
    for (row, other, column, rows) in [
        (json!({"n": "01234"}), json!({"n": 5}), "n str", json!([["01234"], ["5"]])),
        (json!({"n": "+33612345678"}), json!({"n": "1"}), "n str", json!([["+33612345678"], ["1"]])),
        (json!({"n": 9_007_199_254_740_993_i64}), json!({"n": 1.5}), "n str", json!([["9007199254740993"], ["1.5"]])),
        (json!({"n": i64::MAX}), json!({"n": 1}), "n int", json!([[i64::MAX], [1]])),
    ] {
        let uuid = engine.storage().await;
        engine.insert(&uuid, json!([row, other])).await;
        assert_eq!(engine.columns(&uuid).await, [column], "{row}");
        assert_eq!(engine.rows(&uuid, json!({})).await, rows, "{row}");
        let uuid = engine.storage().await;
        engine.push(&uuid, row.clone()).await;
        engine.push(&uuid, row.clone()).await;
        assert_eq!(engine.rows(&uuid, json!({})).await, json!([[row["n"]], [row["n"]]]), "{row}");
    }
    let uuid = engine.storage().await;
    engine.insert(&uuid, json!([{"n": u64::MAX}, {"n": 1.5}])).await;
    engine.push(&uuid, json!({"m": u64::MAX})).await;
    let rows = json!([["18446744073709551615", null], ["1.5", null], [null, "18446744073709551615"]]);
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
    // An integer column keeps all digits, and a later float does not change them.
    let uuid = engine.storage().await;
    engine.push(&uuid, json!({"n": 9_007_199_254_740_993_i64})).await;
    engine.push_rejection(&uuid, json!({"n": 1.5})).await;
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[9_007_199_254_740_993_i64]]));
    for name in ["$$count$$"] {
        let error = engine.push_rejection(&uuid, json!({name: 1})).await;
        assert!(error.contains("means the number of rows"), "{error}");
        let empty = engine.storage().await;
        let (status, answer) = engine.batch(&empty, json!([{"action": "insert", "rows": [{name: 1}]}])).await;
        assert_eq!(status, 400, "{answer}");
    }
}

#[tokio::test]
async fn json_number_of_more_than_64_bits_is_rejected() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    engine.insert(&uuid, json!([{"s": "a", "x": 1.5}])).await;
    for number in ["12345678901234567891234", "-12345678901234567891234", "9007199254740993.0", "9.007199254740993e15"]
    {
        let expected = format!("the number `{number}` would lose some of its digits: send it as a string");
        for column in ["s", "x", "new"] {
            let row = format!("{{\"{column}\": {number}}}");
            let push = engine.call_with_key("POST", &engine.push_path(&uuid).await, row.clone(), None).await;
            let body = format!(r#"{{"operations": [{{"action": "insert", "rows": [{row}]}}]}}"#);
            let batch = engine.call("POST", &format!("/api/data_source/{uuid}/batch"), body).await;
            for (status, answer) in [push, batch] {
                assert_eq!((status, answer["errors"][0].as_str()), (400, Some(expected.as_str())), "{row}");
            }
        }
    }
    engine.insert(&uuid, json!([{"s": "12345678901234567891234", "x": 1_180_591_620_717_411_303_424.0}])).await;
    let rows = json!([["a", 1.5], ["12345678901234567891234", 1_180_591_620_717_411_303_424.0]]);
    assert_eq!(engine.rows(&uuid, json!({})).await, rows);
}

/// The spellings of a missing value: those of `read_csv` of pandas.
const MISSING: [&str; 18] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL",
    "NaN", "None", "n/a", "nan", "null",
];

#[tokio::test]
async fn missing_values_are_null_in_columns_of_numbers_and_datetimes() {
    let engine = LocalEngine::start().await;
    let columns = ["i int", "x float", "t datetime", "s str", "only str"];
    let value = json!([1, 1.5, "2013-01-01T00:00:00", "a"]);
    for text in MISSING {
        let missing = json!([null, null, null, text, text]);
        let mut first = value.as_array().unwrap().clone();
        first.push(json!(text));
        let uuid = engine
            .loaded(&format!("i,x,t,s,only\n1,1.5,2013-01-01,a,{text}\n{text},{text},{text},{text},{text}\n"))
            .await;
        assert_eq!(engine.columns(&uuid).await, columns, "{text}");
        assert_eq!(engine.rows(&uuid, json!({})).await, json!([first, missing]), "{text}");
        // Into columns that exist.
        let row = json!({"i": text, "x": text, "t": text, "s": text, "only": text});
        engine.insert(&uuid, json!([row])).await;
        engine.push(&uuid, row.clone()).await;
        assert_eq!(engine.rows(&uuid, json!({})).await, json!([first, missing, missing, missing]), "{text}");
        // Into a new storage.
        let uuid = engine.storage().await;
        let body = format!(
            r#"{{"operations": [{{"action": "insert", "rows": [
                {{"i": {text:?}, "x": {text:?}, "t": {text:?}, "s": {text:?}, "only": {text:?}}},
                {{"i": 1, "x": 1.5, "t": "2013-01-01", "s": "a", "only": {text:?}}}]}}]}}"#
        );
        let (status, answer) = engine.call("POST", &format!("/api/data_source/{uuid}/batch"), body).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(engine.columns(&uuid).await, columns, "{text}");
        assert_eq!(engine.rows(&uuid, json!({})).await, json!([missing, first]), "{text}");
    }
    let engine = engine.restart().await;
    for text in ["-", "--", "na", "Null", ".", "?", "inf", " NA"] {
        let uuid = engine.loaded(&format!("n\n1\n{text}\n")).await;
        assert_eq!(engine.columns(&uuid).await, ["n str"], "{text:?}");
        assert_eq!(engine.rows(&uuid, json!({})).await, json!([["1"], [text]]), "{text:?}");
    }
}

#[tokio::test]
async fn impossible_datetimes_stay_text() {
    let engine = LocalEngine::start().await;
    for text in [
        "2016-12-31T23:59:60",
        "2016-12-31 23:59:60",
        "2016-12-31T23:59:60Z",
        "2016-12-31T23:59:60.5+01:00",
        "2016-12-31T10:00:00+25:00",
        "2016-12-31T10:00:00-24:00",
        "2016-12-31T24:00:00",
    ] {
        let uuid = engine.loaded(&format!("t\n2013-01-01\n{text}\n")).await;
        assert_eq!(engine.columns(&uuid).await, ["t str"], "{text}");
        assert_eq!(engine.rows(&uuid, json!({})).await, json!([["2013-01-01"], [text]]));
        let uuid = engine.loaded("t\n2013-01-01\n").await;
        engine.push_rejection(&uuid, json!({"t": text})).await;
        let error = engine.rejection(&uuid, json!({"where": [{"name": "t", "op": ">", "value": text}]})).await;
        assert!(error.contains("is not a datetime"), "{error}");
    }
}
