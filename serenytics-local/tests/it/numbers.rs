//! Extreme numbers: all digits of floats, both zeros, the bounds of integers, and overflow in late rows.

use serde_json::{Value, json};

use crate::support::LocalEngine;

/// Numbers that need all of their digits, or are close to the limits.
const FLOATS: [f64; 14] = [
    0.1,
    1.0 / 3.0,
    2.0 / 3.0,
    123_456_789.123_456_78,
    9_007_199_254_740_993.0,
    1e21,
    1e22,
    1e23,
    1.797_693_134_862_315_5e308,
    f64::MAX,
    f64::MIN_POSITIVE,
    5e-324,
    7.120_190_555_104_5e-307,
    f64::EPSILON,
];

/// Returns the cells of the first column exactly as the response writes them.
async fn written(engine: &LocalEngine, uuid: &str, stage: Value) -> Vec<String> {
    let options = json!({"order": "row_by_row", "data_processing_pipeline": [stage]});
    let url = format!("{}/api/formatted_data/{uuid}", engine.local.url());
    let request = reqwest::Client::new().post(url).header("x-api-key", engine.local.api_key());
    let text = request.body(options.to_string()).send().await.unwrap().text().await.unwrap();
    let data = text.split_once("\"data\":[").unwrap().1.strip_suffix("]}").unwrap();
    let cell = |row: &str| row.split([',', ']']).next().unwrap().to_owned();
    data.split('[').skip(1).map(cell).collect()
}

#[tokio::test]
async fn float_keeps_every_digit() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let signed: Vec<f64> = FLOATS.iter().flat_map(|float| [*float, -float]).collect();
    engine.insert(&uuid, signed.iter().map(|x| json!({"x": x})).collect()).await;
    let cells = written(&engine, &uuid, json!({})).await;
    assert_eq!(cells.iter().map(|cell| cell.parse().unwrap()).collect::<Vec<f64>>(), signed);
    for x in &signed {
        for (op, value) in [("==", json!(format!("{x:?}"))), ("in", json!(format!("[{x:?}, 7]")))] {
            let stage = json!({"where": [{"name": "x", "op": op, "value": value}]});
            assert_eq!(written(&engine, &uuid, stage).await.len(), 1, "{op} {x:?}");
        }
    }
    let delete = json!([{"action": "delete", "rows": signed, "primaryKey": "x"}]);
    assert_eq!(engine.batch(&uuid, delete).await.0, 200);
    assert_eq!(engine.ask(&uuid, json!({})).await, crate::support::empty());
}

#[tokio::test]
async fn integer_extremes_are_exact() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let bounds = [i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1, 1 << 53, (1 << 53) + 1, 0];
    engine.insert(&uuid, bounds.iter().map(|i| json!({"i": i})).collect()).await;
    let cells = written(&engine, &uuid, json!({"select": ["i"]})).await;
    assert_eq!(cells, bounds.map(|bound| bound.to_string()));
    for bound in bounds {
        for op in ["==", "in"] {
            let value = if op == "in" { json!([bound]) } else { json!(bound) };
            let stage = json!({"where": [{"name": "i", "op": op, "value": value}]});
            assert_eq!(engine.rows(&uuid, stage).await, json!([[bound]]));
        }
    }
}

#[tokio::test]
async fn zeros_of_both_signs_are_equal_in_every_clause() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    engine
        .insert(&uuid, json!([{"n": 1, "x": -0.0}, {"n": 2, "x": 0.0}, {"n": 3, "x": 1.5}, {"n": 4, "x": -1.5}]))
        .await;
    engine.save_measures(&uuid, &[("u", "m", "0 - [x]")]).await;
    let measure = json!({"name": "m", "measureUuid": "u"});
    for zero in ["0", "-0.0", "0.0"] {
        for (op, column, measured) in [
            ("==", json!([[1], [2]]), json!([[1], [2]])),
            ("!=", json!([[3], [4]]), json!([[3], [4]])),
            ("<", json!([[4]]), json!([[3]])),
            ("<=", json!([[1], [2], [4]]), json!([[1], [2], [3]])),
            (">", json!([[3]]), json!([[4]])),
            (">=", json!([[1], [2], [3]]), json!([[1], [2], [4]])),
        ] {
            let stage = json!({"select": ["n"], "where": [{"name": "x", "op": op, "value": zero}]});
            assert_eq!(engine.rows(&uuid, stage).await, column, "{op} {zero}");
            let condition = json!({"name": "m", "measureUuid": "u", "op": op, "value": zero});
            let stage = json!({"select": ["n"], "where": [condition]});
            assert_eq!(engine.rows(&uuid, stage).await, measured, "measure {op} {zero}");
        }
        let within = json!({"select": ["n"], "where": [{"name": "x", "op": "in", "value": [zero]}]});
        assert_eq!(engine.rows(&uuid, within).await, json!([[1], [2]]));
        let outside = json!({"select": ["n"], "where": [{"name": "x", "op": "!in", "value": [zero]}]});
        assert_eq!(engine.rows(&uuid, outside).await, json!([[3], [4]]));
    }
    for key in [json!("x"), measure] {
        let groups = json!({"group_by": [key], "select": [{"name": "n", "agg_function": "dcount"}]});
        assert_eq!(engine.rows(&uuid, groups).await.as_array().unwrap().len(), 3, "{key}");
    }
    let distinct = json!({"select": [{"name": "x", "agg_function": "dcount"}]});
    assert_eq!(engine.rows(&uuid, distinct).await, json!([[3]]));
    // The first key is equal, so the second one decides the order.
    let ordered = json!({"select": ["n"], "order_by": ["x", {"name": "n", "direction": "desc"}]});
    assert_eq!(engine.rows(&uuid, ordered).await, json!([[4], [2], [1], [3]]));
}

#[tokio::test]
async fn min_of_a_column_and_of_a_measure_are_both_correct() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    for file in 0..4 {
        let rows = (0..3).map(|row| json!({"a": file, "b": 100 * file + row, "c": -file})).collect();
        engine.insert(&uuid, rows).await;
    }
    engine.save_measures(&uuid, &[("u", "m", "0 - [b]")]).await;
    let select = json!([
        {"name": "a", "agg_function": "min"},
        {"name": "c", "agg_function": "max"},
        {"name": "m", "measureUuid": "u", "agg_function": "min"},
    ]);
    assert_eq!(engine.rows(&uuid, json!({"select": select})).await, json!([[0, 0, -302]]));
}

#[tokio::test]
async fn measure_overflow_in_a_late_row_is_an_error() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    for file in 0..3 {
        let rows = (0..3000).map(|row| json!({"i": if (file, row) == (2, 2999) { i64::MAX } else { row }})).collect();
        engine.insert(&uuid, rows).await;
    }
    engine.save_measures(&uuid, &[("u", "m", "[i] + 1")]).await;
    let error = engine.rejection(&uuid, json!({"select": [{"name": "m", "measureUuid": "u"}]})).await;
    assert!(error.contains("does not fit 64 bits"), "{error}");
}

#[tokio::test]
async fn order_by_a_measure_uses_its_computed_values() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    engine.insert(&uuid, json!([{"s": "a", "x": 2.0}, {"s": "b", "x": -4.0}, {"s": "c"}, {"s": "z", "x": 1.0}])).await;
    engine.save_measures(&uuid, &[("u", "m", "-([x] % 3 / ([x] + [x]))"), ("v", "n", "-[x]")]).await;
    for (measure, uuid_of, rows) in [("m", "u", json!([["a"], ["b"], ["c"]])), ("n", "v", json!([["a"], ["b"], ["c"]]))]
    {
        let order = json!([{"name": measure, "measureUuid": uuid_of}, "s"]);
        let stage = json!({"select": ["s"], "where": [{"name": "s", "op": "<", "value": "z"}], "order_by": order});
        assert_eq!(engine.rows(&uuid, stage).await, rows, "{measure}");
    }
    let negative = json!({"select": [{"name": "n", "measureUuid": "v"}]});
    assert_eq!(engine.rows(&uuid, negative).await, json!([[-2.0], [4.0], [null], [-1.0]]));
}
