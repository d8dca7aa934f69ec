//! Measures: the values of their formulas for each row, in every clause.

use serde_json::{Value, json};

use crate::support::LocalEngine;

/// Rows with a string, an integer, a float and a datetime.
type Row = (Option<&'static str>, Option<i64>, Option<f64>, Option<&'static str>);
const ROWS: [Row; 6] = [
    (Some("a"), Some(7), Some(0.5), Some("2013-01-01T10:00:00")),
    (Some("a"), Some(-3), Some(-2.0), None),
    (Some(""), Some(0), Some(0.0), Some("2013-01-03T00:00:00")),
    (None, None, Some(4.0), Some("2013-01-02T00:00:00")),
    (Some("it's"), Some(2), None, Some("2013-01-02T00:00:00")),
    (None, Some(5), Some(-0.0), None),
];

pub async fn loaded(engine: &LocalEngine) -> String {
    let uuid = engine.storage().await;
    let row = |(k, i, x, t): Row| json!({"k": k, "i": i, "x": x, "t": t});
    engine.insert(&uuid, ROWS.map(row).into()).await;
    uuid
}

/// Returns an item of a query that names a measure.
pub fn named(name: &str, uuid: &str) -> Value {
    json!({"name": name, "measureUuid": uuid})
}

/// Returns the cells and the type of a measure.
async fn computed(engine: &LocalEngine, uuid: &str, formula: &str) -> (Vec<Value>, String) {
    engine.save_measures(uuid, &[("u", "m", formula)]).await;
    let answer = engine.query(uuid, json!({"select": [named("m", "u")]})).await;
    assert_eq!(answer["columns_titles"][0]["name"], "m");
    let cells = answer["data"].as_array().unwrap().iter().map(|row| row[0].clone()).collect();
    (cells, answer["columns_titles"][0]["type"].as_str().unwrap().to_owned())
}

fn column<T: Into<Value>>(cell: impl Fn(Row) -> Option<T>) -> Vec<Value> {
    ROWS.iter().map(|row| cell(*row).map_or(Value::Null, Into::into)).collect()
}

#[tokio::test]
async fn measure_formulas_match_arithmetic() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    type OfInt = fn(i64) -> Option<i64>;
    let ints: [(&str, OfInt); 10] = [
        ("2 * [i]", |i| Some(2 * i)),
        ("[i] + 1 - 2 * [i]", |i| Some(i + 1 - 2 * i)),
        ("-[i]", |i| Some(-i)),
        ("- - [i]", |i| Some(i)),
        ("([i] - 1) * ([i] + 1)", |i| Some((i - 1) * (i + 1))),
        ("[i] % 3", |i| Some(i % 3)),
        ("7 % [i]", |i| 7_i64.checked_rem(i)),
        ("[i] % 0", |_| None),
        ("0 * [i] - 5", |_| Some(-5)),
        (" [i]\n", Some),
    ];
    for (formula, expected) in ints {
        let expected = column(|(_, i, _, _)| expected(i?));
        assert_eq!(computed(&engine, &uuid, formula).await, (expected, "int".to_owned()), "{formula}");
    }
    let divided = |left: f64, right: f64| (right != 0.0).then_some(left / right);
    type OfNumbers<'a> = &'a dyn Fn(i64, f64) -> Option<f64>;
    let floats: [(&str, OfNumbers); 10] = [
        ("-[x] + 0 * [i]", &|_, x| Some(-x + 0.0)),
        ("[i] + [x]", &|i, x| Some(i as f64 + x)),
        ("[x] - 2 * [i]", &|i, x| Some(x - 2.0 * i as f64)),
        ("[i] / [x]", &|i, x| divided(i as f64, x)),
        ("[x] / [i]", &|i, x| divided(x, i as f64)),
        ("1 / (1 / [x]) + 0 * [i]", &|_, x| divided(1.0, x).and_then(|y| divided(1.0, y))),
        ("[x] % [i]", &|i, x| (i != 0).then(|| x % i as f64)),
        ("[i] % [x] * 1.5", &|i, x| (x != 0.0).then(|| i as f64 % x * 1.5)),
        ("1e308 * 10 * [x] * [i]", &|_, _| None),
        ("([x] + [i]) / 2.5e-1", &|i, x| Some((x + i as f64) / 0.25)),
    ];
    for (formula, expected) in floats {
        let expected = column(|(_, i, x, _)| expected(i?, x?));
        assert_eq!(computed(&engine, &uuid, formula).await, (expected, "float".to_owned()), "{formula}");
    }
    let halves = column(|(_, i, _, _)| Some(i? as f64 / 2.0));
    assert_eq!(computed(&engine, &uuid, "[i] / 2").await, (halves, "float".to_owned()), "a quotient is a float");
    let others = [
        ("[k]", "str", column(|(k, ..)| k)),
        ("[t]", "datetime", column(|(.., t)| t)),
        ("'it''s \"x\"'", "str", column(|_| Some("it's \"x\""))),
        ("\"\"", "str", column(|_| Some(""))),
        ("3", "int", column(|_| Some(3))),
        ("-2.5", "float", column(|_| Some(-2.5))),
        ("-[x]", "float", column(|(_, _, x, _)| Some(-x?))),
    ];
    for (formula, column_type, expected) in others {
        assert_eq!(computed(&engine, &uuid, formula).await, (expected, column_type.to_owned()), "{formula}");
    }
}

#[tokio::test]
async fn measure_integers_never_wrap() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let extremes = [i64::MAX, i64::MIN, -1, 3];
    engine.insert(&uuid, extremes.map(|i| json!({"i": i})).into()).await;
    type OfInt = fn(i128) -> i128;
    let fitting: [(&str, OfInt); 9] = [
        ("[i] + 1 - 1", |i| i),
        ("[i] * 4 % 1000", |i| i * 4 % 1000),
        ("[i] % -1", |_| 0),
        ("-(-[i])", |i| i),
        ("[i] * [i] % 1000000007", |i| i * i % 1_000_000_007),
        ("-1 - [i]", |i| -1 - i),
        ("-9223372036854775808 + 0 * [i]", |_| i128::from(i64::MIN)),
        ("[i] % 18446744073709551615", |i| i),
        ("[i] - [i]", |_| 0),
    ];
    for (formula, expected) in fitting {
        let expected: Vec<_> =
            extremes.iter().map(|i| json!(i64::try_from(expected(i128::from(*i))).unwrap())).collect();
        assert_eq!(computed(&engine, &uuid, formula).await, (expected, "int".to_owned()), "{formula}");
    }
    let halves: Vec<_> = extremes.iter().map(|i| json!(2.0 * *i as f64 / 4.0)).collect();
    assert_eq!(computed(&engine, &uuid, "[i] * 2 / 4").await.0, halves);
    for formula in
        ["[i] + 1", "[i] - 2", "-[i]", "2 * [i]", "[i] * [i] * [i] * [i] * [i]", "9223372036854775808 + 0*[i]"]
    {
        engine.save_measures(&uuid, &[("u", "m", formula)]).await;
        for stage in [
            json!({"select": [named("m", "u")]}),
            json!({"select": [{"name": "m", "measureUuid": "u", "agg_function": "min"}]}),
        ] {
            let error = engine.rejection(&uuid, stage).await;
            assert!(error.contains("does not fit 64 bits"), "{formula}: {error}");
        }
        let small = json!({"select": [named("m", "u")], "where": [{"name": "i", "op": "==", "value": "99"}]});
        assert_eq!(engine.rows(&uuid, small).await, json!([]), "only what is computed can be too large");
    }
    // A sum of values that fit does not wrap either.
    engine.save_measures(&uuid, &[("u", "m", "[i] % 18446744073709551615"), ("v", "n", "[i] + 0 * [i]")]).await;
    let large = json!([{"name": "i", "op": ">", "value": "1"}]);
    let sum = |name, uuid| json!({"name": name, "measureUuid": uuid, "agg_function": "sum"});
    for (name, uuid_of_measure) in [("m", "u"), ("n", "v")] {
        let error = engine.rejection(&uuid, json!({"select": [sum(name, uuid_of_measure)], "where": large})).await;
        assert!(error.contains("a sum is 9223372036854775810"), "{error}");
    }
}

#[tokio::test]
async fn measure_works_in_every_clause() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    engine.save_measures(&uuid, &[("u1", "double", "2 * [i]"), ("u2", "when", "[t]"), ("u3", "rest", "[i] % 2")]).await;
    let double = |extra: Value| {
        let mut item = named("double", "u1");
        item.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        item
    };
    let stage = json!({
        "where": [double(json!({"op": ">", "value": "-6"})), {"name": "double", "measureUuid": "u1", "op": "!in", "value": "[4]"}],
        "select": ["i", double(json!({}))],
        "order_by": [double(json!({"direction": "desc"}))],
        "limit": 2,
    });
    let answer = engine.query(&uuid, stage).await;
    assert_eq!(answer["columns_titles"], json!([{"name": "i", "type": "int"}, {"name": "double", "type": "int"}]));
    assert_eq!(answer["data"], json!([[7, 14], [5, 10]]));

    let stage = json!({
        "group_by": [named("rest", "u3"), {"name": "when", "measureUuid": "u2", "timeslot": "day"}],
        "select": [double(json!({"agg_function": "sum"})), double(json!({"agg_function": "dcount"}))],
        "order_by": [named("rest", "u3"), {"name": "when", "measureUuid": "u2", "timeslot": "day", "direction": "asc"}],
    });
    let answer = engine.query(&uuid, stage).await;
    let titles: Vec<_> = answer["columns_titles"].as_array().unwrap().iter().map(|title| &title["name"]).collect();
    assert_eq!(titles, ["rest", "day(when)", "sum(double)", "dcount(double)"]);
    let rows = json!([
        [-1, null, -6, 1],
        [0, "2013-01-02T00:00:00", 4, 1],
        [0, "2013-01-03T00:00:00", 0, 1],
        [1, "2013-01-01T00:00:00", 14, 1],
        [1, null, 10, 1],
        [null, "2013-01-02T00:00:00", null, 0],
    ]);
    assert_eq!(answer["data"], rows);

    let stage = json!({
        "group_by": ["k"],
        "select": [double(json!({"agg_function": "avg"}))],
        "order_by": [double(json!({"agg_function": "avg", "direction": "desc"})), "k"],
    });
    assert_eq!(engine.rows(&uuid, stage).await, json!([[null, 10.0], ["a", 4.0], ["it's", 4.0], ["", 0.0]]));
    let undefined = json!({"select": ["x"], "where": [double(json!({"op": "is_not_defined"}))]});
    assert_eq!(engine.rows(&uuid, undefined).await, json!([[4.0]]));
    engine.save_measures(&uuid, &[("u", "constant", "'c'")]).await;
    let constant = |value: &str| json!({"group_by": [named("constant", "u")], "where": [{"name": "k", "op": "==", "value": value}]});
    assert_eq!(engine.rows(&uuid, constant("a")).await, json!([["c"]]));
    assert_eq!(engine.rows(&uuid, constant("z")).await, json!([]), "no rows have no group");
}

#[tokio::test]
async fn zeros_of_both_signs_are_equal() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    engine.save_measures(&uuid, &[("u", "m", "-[x]")]).await;
    let stage = json!({"select": ["i"], "where": [{"name": "m", "measureUuid": "u", "op": "==", "value": "0"}]});
    assert_eq!(engine.rows(&uuid, stage).await, json!([[0], [5]]));
}

#[tokio::test]
async fn measures_are_not_listed_as_columns() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    engine.save_measures(&uuid, &[("u", "m", "2 * [i]")]).await;
    assert_eq!(engine.columns(&uuid).await, ["i int", "k str", "t datetime", "x float"]);
    let stage = json!({"where": [{"name": "m", "measureUuid": "u", "op": "==", "value": "14"}]});
    assert_eq!(engine.rows(&uuid, stage).await, json!([[7, "a", "2013-01-01T10:00:00", 0.5]]));
}

#[tokio::test]
async fn measures_refer_to_each_other() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    let measures = [
        ("u1", "quadruple", "2 * [double]"),
        ("u2", "double", "2 * [i]"),
        ("u3", "i", "100 * [i]"),
        ("u4", "j", "[i] + [quadruple]"),
    ];
    engine.save_measures(&uuid, &measures).await;
    let stage = json!({
        "select": [named("quadruple", "u1"), named("i", "u3"), "i", named("j", "u4")],
        "where": [{"name": "i", "op": ">", "value": "0"}],
        "order_by": [{"name": "i", "measureUuid": "u3", "direction": "desc"}],
    });
    let answer = engine.query(&uuid, stage).await;
    assert_eq!(
        answer["data"],
        json!([[28, 700, 7, 35], [20, 500, 5, 25], [8, 200, 2, 10]]),
        "a column goes before a measure"
    );
    let titles: Vec<_> = answer["columns_titles"].as_array().unwrap().iter().map(|title| &title["name"]).collect();
    assert_eq!(titles, ["quadruple", "i", "i", "j"], "the uuid distinguishes a measure from a column of the same name");

    engine.save_measures(&uuid, &[("u1", "m", "1"), ("u2", "m", "2"), ("u3", "n", "[m]")]).await;
    let both = json!({"select": [named("m", "u2"), named("m", "u1")], "limit": 1});
    assert_eq!(engine.rows(&uuid, both).await, json!([[2, 1]]));
    let error = engine.rejection(&uuid, json!({"select": [named("n", "u3")]})).await;
    assert!(error.contains("2 measures are called `m`"), "{error}");
}

#[tokio::test]
async fn measure_names_with_brackets_quotes_and_dots() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let (first, second) = ("a.b [\"c\"] 'd'", "é`%(1)");
    engine.insert(&uuid, json!([{first: 2, second: 5, "[": 7}])).await;
    let formula = "[a.b [\"c\"]] 'd'] * [é`%(1)] - [[]";
    engine.save_measures(&uuid, &[("\"u\"", "m \"[x]'; --", formula)]).await;
    let stage = json!({"select": [named("m \"[x]'; --", "\"u\""), second]});
    assert_eq!(engine.rows(&uuid, stage).await, json!([[3, 5]]));
}
