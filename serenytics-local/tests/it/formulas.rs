//! Value formulas: one number over all rows.

use serde_json::{Value, json};

use crate::support::LocalEngine;

/// Rows of a string, an integer and a float.
type Row = (Option<&'static str>, Option<i64>, Option<f64>);
const ROWS: [Row; 6] = [
    (Some("a"), Some(7), Some(0.5)),
    (Some("a"), Some(-3), Some(-2.0)),
    (Some(""), Some(0), Some(1.25)),
    (None, None, Some(4.0)),
    (Some("it's"), Some(2), None),
    (None, Some(7), Some(-8.0)),
];

async fn loaded(engine: &LocalEngine) -> String {
    let uuid = engine.storage().await;
    engine.insert(&uuid, ROWS.map(|(k, i, x)| json!({"k": k, "i": i, "x": x})).into()).await;
    uuid
}

/// Returns the value of a formula over the rows that match the conditions, and its type.
async fn value(engine: &LocalEngine, uuid: &str, formula: &str, conditions: Value) -> (Value, String) {
    let answer = engine.query(uuid, json!({"select": [{"name": formula}], "where": conditions})).await;
    let titles = answer["columns_titles"].as_array().unwrap();
    assert_eq!((titles.len(), &titles[0]["name"]), (1, &json!(formula)));
    let rows = answer["data"].as_array().unwrap();
    assert_eq!((rows.len(), rows[0].as_array().unwrap().len()), (1, 1), "{formula}: one row of one number");
    (rows[0][0].clone(), titles[0]["type"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn value_formula_combines_aggregates() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    engine.save_measures(&uuid, &[("u", "double", "2 * [i]")]).await;
    let ints: Vec<i64> = ROWS.iter().filter_map(|row| row.1).collect();
    let floats: Vec<f64> = ROWS.iter().filter_map(|row| row.2).collect();
    let products: Vec<f64> = ROWS.iter().filter_map(|row| Some(row.1? as f64 * row.2?)).collect();
    let (sum, count): (i64, f64) = (ints.iter().sum(), ROWS.len() as f64);
    let total: f64 = floats.iter().sum();
    let cases = [
        ("sum([i]) / count()", json!(sum as f64 / count), "float"),
        ("sum([x]) / count()", json!(total / count), "float"),
        ("sum([i])", json!(sum), "int"),
        ("count()", json!(ROWS.len()), "int"),
        ("100 * count() - sum([i])", json!(100 * 6 - sum), "int"),
        ("avg([x])", json!(total / floats.len() as f64), "float"),
        ("avg([i]) - sum([i]) / 5", json!(0.0), "float"),
        ("dcount([k])", json!(3), "int"),
        ("dcount([i]) + dcount([x])", json!(4 + 5), "int"),
        ("max([i]) - min([i])", json!(10), "int"),
        ("-(max([x]) - min([x])) * 2", json!(-24.0), "float"),
        ("sum([i] * [x])", json!(products.iter().sum::<f64>()), "float"),
        ("sum(2 * [i] + 1)", json!(2 * sum + 5), "int"),
        ("sum([double]) - 2*sum([i])", json!(0), "int"),
        ("sum([i] / [i])", json!(4.0), "float"),
        ("sum(1)", json!(6), "int"),
        ("max(3) * 1.5 + 0*count()", json!(4.5), "float"),
        ("sum([i]) % 4", json!(sum % 4), "int"),
        (" sum( [x] )\n/ count( ) ", json!(total / count), "float"),
    ];
    for (formula, expected, column_type) in cases {
        let answer = value(&engine, &uuid, formula, json!([])).await;
        assert_eq!(answer, (expected, column_type.to_owned()), "{formula}");
    }
    let headers = json!({"only_headers": true, "data_processing_pipeline": [{"select": [{"name": "count() / 2"}]}]});
    let (_, answer) = engine.ask(&uuid, headers).await;
    assert_eq!(answer["columns_titles"], json!([{"name": "count() / 2", "type": "float"}]));
    let columns = json!({"data_processing_pipeline": [{"select": [{"name": "count() * 2"}], "limit": 5}]});
    assert_eq!(engine.ask(&uuid, columns).await.1["data"], json!([[12]]), "the other layout, and a limit");
}

#[tokio::test]
async fn value_formula_applies_conditions_first_and_is_null_without_rows() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    engine.save_measures(&uuid, &[("u", "double", "2 * [i]")]).await;
    let some = json!([{"name": "k", "op": "==", "value": "a"}]);
    assert_eq!(value(&engine, &uuid, "sum([i]) / count()", some).await.0, json!(2.0));
    let measured = json!([{"name": "double", "measureUuid": "u", "op": ">", "value": "4"}]);
    assert_eq!(value(&engine, &uuid, "sum([double])", measured).await.0, json!(28));
    let none = json!([{"name": "k", "op": "==", "value": "zz"}]);
    for formula in
        ["sum([i]) / count()", "sum([i])", "min([x]) - max([x])", "avg([i]) * 2", "1 / count()", "0 * sum([x]) + 1"]
    {
        assert_eq!(value(&engine, &uuid, formula, none.clone()).await.0, Value::Null, "{formula} over nothing");
    }
    // A count over no rows is 0, also inside a formula.
    for (formula, expected) in [("count()", 0), ("dcount([k]) + 1", 1)] {
        assert_eq!(value(&engine, &uuid, formula, none.clone()).await.0, json!(expected), "{formula} over nothing");
    }
    let nulls = json!([{"name": "i", "op": "is_not_defined"}]);
    assert_eq!(value(&engine, &uuid, "sum([i]) + count()", nulls.clone()).await.0, Value::Null);
    assert_eq!(value(&engine, &uuid, "sum([x]) / dcount([i])", nulls.clone()).await.0, Value::Null, "division by zero");
    assert_eq!(value(&engine, &uuid, "count() % dcount([i])", nulls).await.0, Value::Null);
    assert_eq!(value(&engine, &uuid, "sum([x]) / (count() - 6)", json!([])).await.0, Value::Null);
    assert_eq!(
        value(&engine, &uuid, "1e308 * sum([x] * 1e10)", json!([])).await.0,
        Value::Null,
        "no float is so large"
    );
}

#[tokio::test]
async fn value_formula_sums_do_not_overflow_early() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    engine.insert(&uuid, json!([{"i": i64::MAX}, {"i": i64::MAX}, {"i": 1}])).await;
    let largest = i64::MAX as f64;
    assert_eq!(value(&engine, &uuid, "sum([i]) / count()", json!([])).await.0, json!(2.0 * largest / 3.0));
    assert_eq!(value(&engine, &uuid, "sum([i]) - sum([i]) + 3", json!([])).await.0, json!(3));
    assert_eq!(value(&engine, &uuid, "sum([i]) % 10", json!([])).await.0, json!(5));
    assert_eq!(
        value(&engine, &uuid, "sum([i]) - max([i])", json!([{"name": "i", "op": ">", "value": 1}])).await.0,
        json!(i64::MAX)
    );
    for formula in ["sum([i])", "max([i]) + count()", "sum([i] + 1)"] {
        let error = engine.rejection(&uuid, json!({"select": [formula]})).await;
        assert!(error.contains("does not fit 64 bits"), "{formula}: {error}");
    }
}

#[tokio::test]
async fn value_formula_must_be_the_only_output() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    let formula = "sum([x]) / count()";
    for stage in [
        json!({"select": [formula, "i"]}),
        json!({"select": [formula, formula]}),
        json!({"select": [formula, {"name": "$$count$$", "agg_function": "sum"}]}),
        json!({"select": [formula], "group_by": ["k"]}),
        json!({"select": [formula], "order_by": [formula]}),
        json!({"select": [formula], "order_by": ["k"]}),
        json!({"select": ["i"], "where": [{"name": formula, "op": ">", "value": "1"}]}),
        json!({"group_by": [formula]}),
        json!({"select": [{"name": formula, "agg_function": "sum"}]}),
    ] {
        let error = engine.rejection(&uuid, stage.clone()).await;
        assert!(error.contains("is a value formula, one number over all rows"), "{stage}: {error}");
    }
}

#[tokio::test]
async fn value_formula_mistakes_differ_from_unknown_columns() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    engine.save_measures(&uuid, &[("u", "bad", "2 *"), ("v", "text", "[k]")]).await;
    let cases = [
        (
            "sum([xx]) / count()",
            "the value formula `sum([xx]) / count()` is invalid: at character 5, there is no column or measure `xx`; did you mean `[x]`?",
        ),
        (
            "[x]",
            "at character 1, `[x]` has a value for each row, but a value formula is one number over all rows: aggregate it, for example `sum([x])`",
        ),
        ("sum([x]) * [k]", "for example `dcount([k])`"),
        ("sum([k])", "at character 5, `value` of `sum(value)` must be a number, found text; `float` converts it"),
        ("avg([text])", "`value` of `avg(value)` must be a number, found text"),
        ("min([k])", "at character 1, a value formula must be a number, found text"),
        ("1 + max([k])", "at character 5, `+` needs numbers, found text"),
        ("sum(max([x]))", "at character 5, `max` is an aggregate and cannot be used inside another aggregate"),
        ("count([x], 1)", "at character 1, `count([value])` takes 0 to 1 argument, found 2. Counts the rows"),
        ("sum([x], [i])", "`sum(value)` takes 1 argument, found 2. Returns the sum"),
        (
            "max([x], [i])",
            "`max(value)` takes 1 argument, found 2; `greatest` returns the largest of several values. Returns",
        ),
        ("sum()", "`sum(value)` takes 1 argument, found 0"),
        ("median([x])", "there is no function `median`"),
        ("summ([x])", "there is no function `summ`; did you mean `sum`?"),
        ("sum([bad])", "the measure `[bad]` has an error; the formula of the measure `bad` is invalid: at character 4"),
        ("sum([x]", "at character 4, this `(` is never closed"),
        (
            "sum([x]) +",
            "at character 11, expected a number, text, column in brackets, function or parenthesis, found the end",
        ),
        ("sum(x)", "at character 5, unknown word `x`: write `[x]` for a column, `x(..)` for a function"),
        ("xx", "no column `xx` in `flights`; did you mean `x`?"),
        ("order date", "no column `order date`"),
        ("a-b", "no column `a-b`"),
        ("1 + 2", "no column `1 + 2`"),
        ("'a'", "no column `'a'`"),
        ("", "no column ``"),
    ];
    for (formula, expected) in cases {
        let error = engine.rejection(&uuid, json!({"select": [formula]})).await;
        assert!(error.contains(expected), "{formula}: {error}");
    }
    let long = format!("sum({}[x])", "[x]+".repeat(2000));
    assert!(engine.rejection(&uuid, json!({"select": [long]})).await.contains("the limit is 4096"));
    let nested = format!("{}[x]{}", "sum(".repeat(500), ")".repeat(500));
    assert!(engine.rejection(&uuid, json!({"select": [nested]})).await.contains("nested more than 32 deep"));
}

#[tokio::test]
async fn column_name_takes_precedence_over_a_formula() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    engine.insert(&uuid, json!([{"count()": 8, "price (EUR)": 2}, {"count()": 9, "price (EUR)": 3}])).await;
    assert_eq!(engine.rows(&uuid, json!({"select": ["count()"]})).await, json!([[8], [9]]));
    assert_eq!(engine.rows(&uuid, json!({"select": ["sum([count()]) + count()"]})).await, json!([[19]]));
    assert_eq!(engine.rows(&uuid, json!({"select": ["sum([price (EUR)])"]})).await, json!([[5]]));
    let error = engine.rejection(&uuid, json!({"select": ["price (EU)"]})).await;
    assert!(error.contains("no column `price (EU)` in `flights`; did you mean `price (EUR)`?"), "{error}");
}
