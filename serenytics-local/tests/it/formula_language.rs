//! Comparisons, conditions, lists and NULL in formulas, compared with a reference implementation.

use serde_json::{Value, json};

use crate::formula_functions::{hold, loaded};
use crate::measures::named;
use crate::support::LocalEngine;

const VALUES: [Option<bool>; 3] = [Some(true), Some(false), None];

/// Returns the cells of one measure.
async fn cells(engine: &LocalEngine, uuid: &str, formula: &str) -> Vec<Value> {
    engine.save_measures(uuid, &[("u", "m", formula)]).await;
    let rows = engine.rows(uuid, json!({"select": [named("m", "u")]})).await;
    rows.as_array().unwrap().iter().map(|row| row[0].clone()).collect()
}

fn number(value: Option<bool>) -> Value {
    value.map_or(Value::Null, |value| json!(i64::from(value)))
}

fn and(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn or(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    and(left.map(|left| !left), right.map(|right| !right)).map(|neither| !neither)
}

#[tokio::test]
async fn formula_conditions_are_true_false_or_null() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let pairs: Vec<(Option<bool>, Option<bool>)> = VALUES.iter().flat_map(|a| VALUES.map(|b| (*a, b))).collect();
    let rows: Vec<Value> = pairs.iter().map(|(a, b)| json!({"a": number(*a), "b": number(*b)})).collect();
    engine.insert(&uuid, rows.into()).await;
    engine.save_measures(&uuid, &[("p", "p", "[a] = 1"), ("q", "q", "[b] = 1")]).await;
    type OfTwo = fn(Option<bool>, Option<bool>) -> Option<bool>;
    let cases: [(&str, OfTwo); 14] = [
        ("[a] = 1 and [b] = 1", and),
        ("[a] = 1 or [b] = 1", or),
        ("not [a] = 1", |a, _| a.map(|a| !a)),
        ("not ([a] = 1 or [b] = 1) and not [b] = 1", |a, b| and(or(a, b).map(|x| !x), b.map(|b| !b))),
        ("[a] = 1 or [b] = 1 and [a] = 0", |a, b| or(a, and(b, a.map(|a| !a)))),
        ("[a] = [b]", |a, b| Some(a? == b?)),
        ("[a] != [b]", |a, b| Some(a? != b?)),
        ("[a] < [b]", |a, b| Some(!a? & b?)),
        ("([a] = 1) = ([b] = 1)", |a, b| Some(a? == b?)),
        ("[a] in (1, 5)", |a, _| a),
        ("[a] not in (1, 5)", |a, _| a.map(|a| !a)),
        ("[a] in [[b], 7]", |a, b| match (a?, b) {
            (_, None) => None,
            (a, Some(b)) => Some(a == b),
        }),
        ("if([a] = 1, [b] = 1, is_not_defined([b]))", |a, b| if a == Some(true) { b } else { Some(b.is_none()) }),
        ("[a] = 1 and is_defined([b]) or false", |a, b| and(a, Some(b.is_some()))),
    ];
    for (formula, expected) in cases {
        let expected: Vec<Value> = pairs.iter().map(|(a, b)| number(expected(*a, *b))).collect();
        assert_eq!(cells(&engine, &uuid, formula).await, expected, "{formula}");
    }
}

#[tokio::test]
async fn formula_comparisons_depend_on_the_types() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    let yes = [
        "[i] = 7",
        "[i] == 7.0",
        "[x] > 2 and [x] <= 2.5 and 2.5 >= [x]",
        "[y] < [m] + 1",
        "[o] = 0 and [o] = [z] and [z] = [o] and [o] in (0.0) and not [o] < 0.0 and [z] * -1.5 = 0",
        "[large] + 1 > [large]",
        "[large] * 2 = [large] + [large]",
        "[small] - 1 < [small] and -[small] > [large]",
        "-[small] in ([large] + 1, 5)",
        "18446744073709551615 > [large]",
        "[t] = \"Crème brûlée\" and [t] > \"Creme\"",
        "\"a\" < \"b\" and \"B\" < \"a\" and \"\" < \"a\" and \"é\" > \"z\"",
        "[t] <> [s] and [b] = ''",
        "[e] in (\"a👍b\", 'x')",
        "[q] = 'it''s \"x\"'",
        "[d] > \"2020-02-28\" and [d] < \"2020-02-29T14:00\"",
        "\"2020-02-29T13:45:59.25Z\" = [d]",
        "[p] < [d] and [p] < \"1970-01-01\" and [p] >= \"1969-12-31T23:59:59\"",
        "[d] in (\"2020-01-01\", \"2020-02-29T13:45:59.25\")",
        "[d] not in (\"2020-02-29\")",
        "true != false and (true and not false) = true",
        "1 + 2 * 3 = 7 and -3 < -2",
        "[h] * [h] > 0 or is_not_defined([h] * [h])",
        "is_not_defined([h] * [h] > 0)",
        "[i] / [z] > 1 or [i] % [z] = 0 or true",
    ];
    let cases: Vec<(&str, Value)> = yes.iter().map(|formula| (*formula, json!(1))).collect();
    hold(&engine, &uuid, &cases).await;
    let null = [
        "[ni] = 1",
        "[nt] != \"x\"",
        "not [nx] > 0",
        "[nd] in (\"2020-01-01\")",
        "-2.5 not in (if([z] = 1, 3.0, null), 0)",
        "[i] / [z] > 1",
        "[i] % [z] = 0",
    ];
    let cases: Vec<(&str, Value)> = null.iter().map(|formula| (*formula, Value::Null)).collect();
    hold(&engine, &uuid, &cases).await;
}

#[tokio::test]
async fn formula_integer_overflow_is_an_error_except_in_unused_branches() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    let lost =
        ["[large] + 1", "abs([small])", "round([large], -1)", "if([i] = 7, [large] * 2, 0)", "least([large] + 1, 5)"];
    for formula in lost {
        engine.save_measures(&uuid, &[("u", "m", formula)]).await;
        let error = engine.rejection(&uuid, json!({"select": [named("m", "u")]})).await;
        assert!(error.contains("does not fit 64 bits"), "{formula}: {error}");
    }
    hold(
        &engine,
        &uuid,
        &[
            ("if([i] = 8, [large] * 2, [i])", json!(7)),
            ("abs([small] + 1)", json!(i64::MAX)),
            ("round([small] + 9, -1)", json!(i64::MIN + 8)),
            ("coalesce([i], [large] + [i])", json!(7)),
            ("if([z] = 0, null, [i] / [z])", Value::Null),
        ],
    )
    .await;
}

#[tokio::test]
async fn formula_with_long_conditions_works_and_expensive_formulas_are_rejected() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    let list = (0..700).map(|value| value.to_string()).collect::<Vec<_>>().join(", ");
    let nested = |open: &str, inside: &str, close: &str, times: usize| {
        format!("{}{inside}{}", open.repeat(times), close.repeat(times))
    };
    let large = [
        (format!("[i] in ({list})"), json!(1)),
        (format!("[i] = 1{}", " or [i] = 7".repeat(160)), json!(1)),
        (nested("not (", "[i] = 7", ")", 15), json!(0)),
        (nested("if([i] = 7, ", "[i]", ", 0)", 15), json!(7)),
        (nested("coalesce([ni], ", "[i]", ")", 15), json!(7)),
        (nested("concat([e], ", "[e]", ")", 7), json!("a👍b".repeat(8))),
        (format!("concat({})", vec!["[e]"; 100].join(", ")), json!("a👍b".repeat(100))),
        (nested("replace(", "[t]", ", \"xx\", \"yy\")", 20), json!("Crème brûlée")),
        (nested("upper(lower(", "[e]", "))", 8), json!("A👍B")),
        (nested("abs(", "[x]", ")", 12), json!(2.5)),
        (nested("date_trunc(", "[d]", ", \"day\")", 4), json!("2020-02-29T00:00:00")),
    ];
    let cases: Vec<(&str, Value)> =
        large.iter().map(|(formula, expected)| (formula.as_str(), expected.clone())).collect();
    let started = std::time::Instant::now();
    hold(&engine, &uuid, &cases).await;
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    let too_large = [
        (nested("date_trunc(", "[d]", ", \"week\")", 30), "parts; the limit is 1000"),
        (nested("date_add(", "[d]", ", 1, \"month\")", 30), "parts; the limit is 1000"),
        (nested("round(", "[x]", ", 2)", 30), "the limit is"),
        (nested("if([i] = 7, ", "[i]", ", 0)", 31), "nested operations; the limit is 64"),
        (nested("replace(", "[t]", ", \"x\", \"0123456789\")", 3), "text 1000 times as long as its input"),
        (format!("concat({})", vec!["[e]"; 101].join(", ")), "text 101 times as long"),
    ];
    for (formula, expected) in too_large {
        engine.save_measures(&uuid, &[("u", "m", &formula)]).await;
        let error = engine.rejection(&uuid, json!({"select": [named("m", "u")]})).await;
        assert!(error.contains(expected), "{formula}: {error}");
    }
}
