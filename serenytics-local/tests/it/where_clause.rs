//! Conditions: each operator on each type, with its rule for NULL.

use serde_json::{Value, json};

use crate::support::LocalEngine;

/// Four rows. The last one is NULL except for its number, and one string is empty.
const ROWS: &str = r#"[
    {"n": 1, "i": -5, "x": -0.5, "t": "2013-01-01T00:00:00", "s": ""},
    {"n": 2, "i": 0, "x": 0.0, "t": "2013-01-02T12:00:00", "s": "b"},
    {"n": 3, "i": 7, "x": 2.5, "t": "2013-01-03T00:00:00.5", "s": "b.C"},
    {"n": 4}
]"#;

async fn matching(engine: &LocalEngine, uuid: &str, conditions: Value) -> Vec<i64> {
    let rows = engine.rows(uuid, json!({"select": ["n"], "where": conditions})).await;
    rows.as_array().unwrap().iter().map(|row| row[0].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn where_operators_on_every_type() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    engine.insert(&uuid, serde_json::from_str(ROWS).unwrap()).await;
    // The values of the second row, one of each type, in the forms that clients send.
    let middles = [
        ("i", vec![json!("0"), json!(0)]),
        ("x", vec![json!("0"), json!("0.0"), json!(0.0), json!("-0")]),
        ("t", vec![json!("2013-01-02T12:00:00"), json!("2013-01-02 12:00"), json!("2013-01-02T13:00:00+01:00")]),
        ("s", vec![json!("b")]),
    ];
    for (column, values) in middles {
        for value in values {
            for (operator, expected) in [
                ("<", vec![1]),
                ("<=", vec![1, 2]),
                (">", vec![3]),
                (">=", vec![2, 3]),
                ("==", vec![2]),
                ("!=", vec![1, 3]),
            ] {
                let condition = json!([{"name": column, "op": operator, "value": value}]);
                assert_eq!(matching(&engine, &uuid, condition).await, expected, "{column} {operator} {value}");
            }
            let scalar = if let Value::String(text) = &value { text.clone() } else { value.to_string() };
            for list in [json!([value]), json!(json!([scalar]).to_string())] {
                for (operator, expected) in [("in", vec![2]), ("!in", vec![1, 3])] {
                    let condition = json!([{"name": column, "op": operator, "value": list}]);
                    assert_eq!(matching(&engine, &uuid, condition).await, expected, "{column} {operator} {list}");
                }
            }
        }
        for (operator, value, expected) in
            [("in", json!("[]"), vec![]), ("!in", json!("[]"), vec![1, 2, 3, 4]), ("in", json!([]), vec![])]
        {
            let condition = json!([{"name": column, "op": operator, "value": value}]);
            assert_eq!(matching(&engine, &uuid, condition).await, expected, "{column} {operator} {value}");
        }
        for (operator, expected) in [("is_defined", vec![1, 2, 3]), ("is_not_defined", vec![4])] {
            let condition = json!([{"name": column, "op": operator}]);
            assert_eq!(matching(&engine, &uuid, condition).await, expected, "{column} {operator}");
        }
    }
    for (operator, expected) in [("is_empty", vec![1, 4]), ("is_not_empty", vec![2, 3])] {
        let condition = json!([{"name": "s", "op": operator}]);
        assert_eq!(matching(&engine, &uuid, condition).await, expected, "s {operator}");
    }
}

#[tokio::test]
async fn where_in_with_several_values_and_several_conditions() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    engine.insert(&uuid, serde_json::from_str(ROWS).unwrap()).await;
    let list = json!([{"name": "s", "op": "in", "value": "[\"\", \"b.C\", \"zz\", \"o'b\", \"--\"]"}]);
    assert_eq!(matching(&engine, &uuid, list).await, [1, 3]);
    let many: Vec<_> = (0..5000).map(|n| n * 7).collect();
    assert_eq!(matching(&engine, &uuid, json!([{"name": "i", "op": "in", "value": many}])).await, [2, 3]);
    let both = json!([
        {"name": "i", "op": ">", "value": "-9"},
        {"name": "x", "op": "<", "value": 1},
        {"name": "t", "op": ">=", "value": "2013-01-01"},
    ]);
    assert_eq!(matching(&engine, &uuid, both).await, [1, 2]);
    let extreme = json!([{"name": "i", "op": ">", "value": i64::MIN.to_string()}]);
    assert_eq!(matching(&engine, &uuid, extreme).await, [1, 2, 3]);
}

#[tokio::test]
async fn where_compares_an_integer_column_with_any_number_exactly() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let long = 9_007_199_254_740_993_i64;
    let rows = json!([{"n": 1, "i": -2}, {"n": 2, "i": 1}, {"n": 3, "i": 2}, {"n": 4, "i": long}, {"n": 5, "i": i64::MAX}, {"n": 6}]);
    engine.insert(&uuid, rows).await;
    engine.save_measures(&uuid, &[("u", "m", "[i] + 0")]).await;
    let (all, none) = (vec![1, 2, 3, 4, 5], vec![]);
    for (operator, value, expected) in [
        (">=", json!("1.5"), vec![3, 4, 5]),
        (">", json!("1.5"), vec![3, 4, 5]),
        ("<", json!(1.5), vec![1, 2]),
        ("<=", json!(1.5), vec![1, 2]),
        ("<=", json!(-2.5), none.clone()),
        (">", json!(-2.5), all.clone()),
        ("==", json!("1.5"), none.clone()),
        ("!=", json!("1.5"), all.clone()),
        ("==", json!("2.0"), vec![3]),
        ("==", json!(2.0), vec![3]),
        ("!=", json!("2e0"), vec![1, 2, 4, 5]),
        (">", json!("1.0"), vec![3, 4, 5]),
        // A float would round these.
        ("==", json!("9007199254740993.0"), vec![4]),
        ("==", json!("9.007199254740993e15"), vec![4]),
        (">", json!("9007199254740992.5"), vec![4, 5]),
        (">", json!("9007199254740993.5"), vec![5]),
        ("<", json!("9007199254740993.5"), vec![1, 2, 3, 4]),
        // Beyond 64 bits.
        ("<", json!("1e30"), all.clone()),
        (">", json!("1e30"), none.clone()),
        (">=", json!("-1e30"), all.clone()),
        ("<=", json!("-1e30"), none.clone()),
        ("==", json!("9223372036854775808"), none.clone()),
        ("<", json!("9223372036854775808"), all.clone()),
        (">=", json!("9223372036854775807.5"), none.clone()),
        ("in", json!([1.5, 2.0, "9007199254740993.0"]), vec![3, 4]),
        ("in", json!("[1.5, 2]"), vec![3]),
        ("in", json!([1.5]), none.clone()),
        ("!in", json!([1.5, 2.0]), vec![1, 2, 4, 5]),
        ("!in", json!([1.5]), all.clone()),
    ] {
        for condition in [
            json!([{"name": "i", "op": operator, "value": value}]),
            json!([{"name": "m", "measureUuid": "u", "op": operator, "value": value}]),
        ] {
            assert_eq!(matching(&engine, &uuid, condition.clone()).await, expected, "{condition}");
        }
    }
    for value in ["x", "", "1,5", "inf", "nan", "1.5.2"] {
        let error = engine.rejection(&uuid, json!({"where": [{"name": "i", "op": ">", "value": value}]})).await;
        assert!(error.contains("cannot be compared with"), "{error}");
    }
}
