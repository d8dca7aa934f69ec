//! Invalid measures, and measures at the size limit.

use serde_json::json;

use crate::measures::{loaded, named};
use crate::support::LocalEngine;

#[tokio::test]
async fn measure_mistakes_are_reported_by_queries() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    let measures = [
        ("u0", "margin", "[i] - 1"),
        ("u1", "unknown", "2 * [ii]"),
        ("u2", "syntax", "2 *"),
        ("u3", "text", "2 * [k]"),
        ("u4", "total", "[i] - sum([i])"),
        ("u5", "one", "[two]"),
        ("u6", "two", "1 + [three]"),
        ("u7", "three", "[one] * 2"),
        ("u8", "self", "[self]"),
        ("u9", "lead", "[one]"),
        ("v0", "behind", "[deeper] + 1"),
        ("v1", "deeper", "[unknown]"),
        ("v2", "near", "[margn]"),
        ("v3", "function", "agv([i])"),
        ("v4", "time", "-[t]"),
        ("v5", "empty", ""),
    ];
    engine.save_measures(&uuid, &measures).await;
    let cases = [
        (
            "unknown",
            "u1",
            "the formula of the measure `unknown` is invalid: at character 5, there is no column or measure `ii`; did you mean `[i]`?",
        ),
        ("syntax", "u2", "the formula of the measure `syntax` is invalid: at character 4, expected a number"),
        ("text", "u3", "at character 5, `*` needs numbers, found text"),
        (
            "total",
            "u4",
            "at character 1, `[i]` has a value for each row, but a value formula is one number over all rows",
        ),
        (
            "one",
            "u5",
            "the measure `one` refers to `two`, which refers to `three`, which refers to `one`: a circular reference has no value",
        ),
        ("self", "u8", "the measure `self` refers to `self`: a circular reference"),
        ("lead", "u9", "a circular reference has no value"),
        (
            "behind",
            "v0",
            "at character 1, the measure `[deeper]` has an error; the formula of the measure `unknown` is invalid: at character 5",
        ),
        ("near", "v2", "no column or measure `margn`; did you mean `[margin]`?"),
        ("function", "v3", "there is no function `agv`; did you mean `avg`?"),
        ("time", "v4", "at character 2, `-` needs numbers, found a datetime"),
        ("empty", "v5", "at character 1, expected a number"),
        (
            "margn",
            "zz",
            "`margn` has the measureUuid \"zz\", but `flights` does not have this measure; did you mean `margin`, whose uuid is \"u0\"?",
        ),
        ("margin", "zz", "did you mean `margin`, whose uuid is \"u0\"?"),
        ("margin", "u1", "the measure with the uuid \"u1\" is named `unknown`, but the query calls it `margin`"),
        ("i", "u0", "is named `margin`"),
    ];
    for (name, measure, expected) in cases {
        let condition = json!({"name": name, "measureUuid": measure, "op": "is_defined"});
        for stage in [
            json!({"select": [named(name, measure)]}),
            json!({"where": [condition]}),
            json!({"order_by": [named(name, measure)]}),
        ] {
            let error = engine.rejection(&uuid, stage).await;
            assert!(error.contains(expected), "{name}: {error}");
        }
    }
    let error = engine.rejection(&uuid, json!({"select": ["margin", "i"]})).await;
    assert_eq!(error, "`margin` is a measure: add \"measureUuid\": \"u0\" next to the name (item 1 of `select`)");
    assert!(engine.rejection(&uuid, json!({"select": ["margi"]})).await.contains("did you mean `margin`?"));
    let two = json!({"select": [named("text", "u3"), named("total", "u4")]});
    assert!(engine.rejection(&uuid, two).await.contains("; the formula"), "every problem");
    let sum =
        json!({"select": [{"name": "margin", "measureUuid": "u0", "agg_function": "sum"}, named("margin", "u0")]});
    assert!(engine.rejection(&uuid, sum).await.contains("is selected with an aggregate"), "the rules of columns apply");
    assert_eq!(
        engine.rows(&uuid, json!({"select": ["i"], "limit": 1})).await,
        json!([[7]]),
        "queries without the measures still work"
    );

    for (measure, expected) in [
        (json!({"name": "m", "type": "sql", "data": {"formula": "1"}}), "is of type \"sql\""),
        (json!({"name": "m", "type": "formula"}), "has no `data.formula`"),
        (json!({"name": "m", "type": "formula", "data": {"formula": 1}}), "has no `data.formula`"),
    ] {
        let body = json!({"jsonContent": {"measures": {"u": measure}}}).to_string();
        assert_eq!(engine.call("PUT", &format!("/api/data_source/{uuid}"), body).await.0, 200);
        let error = engine.rejection(&uuid, json!({"select": [named("m", "u")]})).await;
        assert!(error.contains(expected), "{error}");
    }
    for measures in [json!([]), json!("x"), json!({"u": 1}), json!(null)] {
        let body = json!({"jsonContent": {"measures": measures}}).to_string();
        assert_eq!(engine.call("PUT", &format!("/api/data_source/{uuid}"), body).await.0, 200);
        assert_eq!(engine.rows(&uuid, json!({"select": ["i"], "limit": 1})).await, json!([[7]]));
    }
}

#[tokio::test]
async fn measure_formulas_are_limited_in_cost() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    // The largest accepted formulas, for every kind of operation.
    for formula in [
        format!("1{}", " + [x]".repeat(64)),
        format!("{}[i]", "[x] / ".repeat(62)),
        format!("{}[i]{}", "-(".repeat(15), ")".repeat(15)),
        format!("{}[x]{}", "1/(".repeat(21), ")".repeat(21)),
        format!("{}[i]{}", "7%(".repeat(21), ")".repeat(21)),
        "[i] * ".repeat(64) + "0",
    ] {
        engine.save_measures(&uuid, &[("u", "m", &formula)]).await;
        let stage = json!({"select": [named("m", "u")], "where": [{"name": "i", "op": "==", "value": "2"}]});
        assert_eq!(engine.rows(&uuid, stage).await.as_array().unwrap().len(), 1, "{formula}");
    }
    // Each measure doubles the previous one.
    let names: Vec<String> = (0..200).map(|index| format!("m{index}")).collect();
    let formulas: Vec<String> = (0..200)
        .map(|index: usize| if index == 0 { "[i]".to_owned() } else { format!("[m{0}] + [m{0}]", index - 1) })
        .collect();
    let doubled: Vec<_> =
        names.iter().zip(&formulas).map(|(name, formula)| (name.as_str(), name.as_str(), formula.as_str())).collect();
    engine.save_measures(&uuid, &doubled).await;
    let stage = json!({"select": [named("m8", "m8")], "limit": 1});
    assert_eq!(engine.rows(&uuid, stage).await, json!([[7 * 256]]));
    let error = engine.rejection(&uuid, json!({"select": [named("m10", "m10")]})).await;
    assert!(
        error.contains("1023 parts; the limit is 1000") || error.contains("2047 parts; the limit is 1000"),
        "{error}"
    );
    let many = json!({"select": vec![named("m7", "m7"); 20]});
    assert!(engine.rejection(&uuid, many).await.contains("a formula counts each time it is used"));

    let chained: Vec<String> = (0..200)
        .map(|index: usize| if index == 0 { "[i]".to_owned() } else { format!("[m{}] + 1", index - 1) })
        .collect();
    let chained: Vec<_> =
        names.iter().zip(&chained).map(|(name, formula)| (name.as_str(), name.as_str(), formula.as_str())).collect();
    engine.save_measures(&uuid, &chained).await;
    let stage = json!({"select": [named("m30", "m30")], "limit": 1});
    assert_eq!(engine.rows(&uuid, stage).await, json!([[37]]));
    let error = engine.rejection(&uuid, json!({"select": [named("m190", "m190")]})).await;
    assert!(error.contains("nested operations; the limit is 64"), "{error}");
}
