//! Formulas with conditions, strings, datetimes and aggregates, in every clause of a query and over joins.

use serde_json::{Value, json};

use crate::measures::named;
use crate::support::LocalEngine;

type Sale = (&'static str, f64, Option<i64>, &'static str);
const SALES: [Sale; 6] = [
    ("Jewelry", 120.5, Some(1), "2020-02-29T10:00:00"),
    ("watch", 80.0, Some(2), "2020-02-29T12:00:00"),
    ("Leather goods", 10.0, None, "1969-12-31T23:59:00"),
    ("Toys", 5.0, Some(3), "2019-03-01T00:00:00"),
    ("Watch", -20.0, Some(1), "2020-03-01T00:00:00"),
    ("Toys", 7.5, None, "2020-03-31T00:00:00"),
];
const GOLD: [&str; 3] = ["Jewelry", "Watch", "Leather goods"];

async fn loaded(engine: &LocalEngine) -> String {
    let uuid = engine.storage().await;
    let row = |(kind, price, cost, day): Sale| json!({"kind": kind, "price": price, "cost": cost, "day": day});
    engine.insert(&uuid, SALES.map(row).into()).await;
    let measures = [
        ("gold", "GOLD Product", r#"[kind] in ["Jewelry", "Watch", "Leather goods"]"#),
        ("class", "class", r#"if([price] > 100, "big", [price] > 9, "middle", "small")"#),
        ("label", "label", r#"concat(upper([kind]), "/", [class])"#),
        ("next", "next month", r#"date_add([day], 1, "month")"#),
        ("gap", "gap", r#"date_diff("2020-01-01", [day])"#),
        ("margin", "margin", "[price] - coalesce([cost], 0)"),
        ("total", "total", "sum([price])"),
        ("ratio", "gold ratio", "round(sum_if([price], [GOLD Product]) / [total], 3)"),
    ];
    engine.save_measures(&uuid, &measures).await;
    uuid
}

fn is_gold(sale: &Sale) -> bool {
    GOLD.contains(&sale.0)
}

#[tokio::test]
async fn formula_conditions_are_integers_in_every_clause() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    let gold = || named("GOLD Product", "gold");
    let rows = engine.rows(&uuid, json!({"select": [gold(), "kind"]})).await;
    let expected: Vec<_> = SALES.iter().map(|sale| json!([i64::from(is_gold(sale)), sale.0])).collect();
    assert_eq!(rows, json!(expected));
    let condition = json!([{"name": "GOLD Product", "measureUuid": "gold", "op": "==", "value": "1"}]);
    let rows = engine.rows(&uuid, json!({"select": ["price"], "where": condition})).await;
    assert_eq!(rows, json!(SALES.iter().filter(|sale| is_gold(sale)).map(|sale| json!([sale.1])).collect::<Vec<_>>()));
    let sum = json!({"name": "GOLD Product", "measureUuid": "gold", "agg_function": "sum"});
    let count = SALES.iter().filter(|sale| is_gold(sale)).count();
    assert_eq!(engine.rows(&uuid, json!({"select": [sum]})).await, json!([[count]]));
    let grouped = json!({
        "group_by": [gold()], "select": [{"name": "price", "agg_function": "sum"}], "order_by": [gold()],
    });
    let answer = engine.query(&uuid, grouped).await;
    assert_eq!(answer["columns_titles"][0], json!({"name": "GOLD Product", "type": "int"}));
    let price = |gold: bool| SALES.iter().filter(|sale| is_gold(sale) == gold).map(|sale| sale.1).sum::<f64>();
    assert_eq!(answer["data"], json!([[0, price(false)], [1, price(true)]]));
}

#[tokio::test]
async fn string_and_datetime_formulas_work_in_every_clause() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    let grouped = json!({
        "group_by": [named("class", "class")], "select": [{"name": "margin", "measureUuid": "margin", "agg_function": "sum"}],
        "order_by": [named("class", "class")],
    });
    assert_eq!(engine.rows(&uuid, grouped).await, json!([["big", 119.5], ["middle", 88.0], ["small", -11.5]]));
    let ordered = json!({"select": [named("label", "label")], "order_by": [named("label", "label")], "limit": 2});
    assert_eq!(engine.rows(&uuid, ordered).await, json!([["JEWELRY/big"], ["LEATHER GOODS/middle"]]));
    let months = json!({
        "group_by": [{"name": "next month", "measureUuid": "next", "timeslot": "month"}],
        "select": [{"name": "$$count$$", "agg_function": "sum"}],
        "order_by": [{"name": "next month", "measureUuid": "next", "timeslot": "month"}],
    });
    let expected = json!([
        ["1970-01-01T00:00:00", 1],
        ["2019-04-01T00:00:00", 1],
        ["2020-03-01T00:00:00", 2],
        ["2020-04-01T00:00:00", 2]
    ]);
    assert_eq!(engine.rows(&uuid, months).await, expected);
    let later = json!({
        "select": [named("gap", "gap"), named("next month", "next")],
        "where": [{"name": "next month", "measureUuid": "next", "op": ">=", "value": "2020-03-29"},
                  {"name": "gap", "measureUuid": "gap", "op": "in", "value": "[59, 60, 90]"}],
        "order_by": [{"name": "gap", "measureUuid": "gap", "direction": "desc"}],
    });
    let expected = json!([
        [90, "2020-04-30T00:00:00"],
        [60, "2020-04-01T00:00:00"],
        [59, "2020-03-29T10:00:00"],
        [59, "2020-03-29T12:00:00"],
    ]);
    let mut rows = engine.rows(&uuid, later).await;
    rows.as_array_mut().unwrap()[2..].sort_by_key(ToString::to_string);
    assert_eq!(rows, expected);
    let like = json!([{"name": "label", "measureUuid": "label", "op": "!=", "value": "TOYS/small"}]);
    assert_eq!(engine.rows(&uuid, json!({"select": ["kind"], "where": like})).await.as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn measure_with_an_aggregate_is_a_value_formula() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    let total: f64 = SALES.iter().map(|sale| sale.1).sum();
    let gold: f64 = SALES.iter().filter(|sale| is_gold(sale)).map(|sale| sale.1).sum();
    let ratio = (gold / total * 1000.0).round() / 1000.0;
    let answer = engine.query(&uuid, json!({"select": [named("gold ratio", "ratio")]})).await;
    assert_eq!(answer["columns_titles"], json!([{"name": "gold ratio", "type": "float"}]));
    assert_eq!(answer["data"], json!([[ratio]]));
    // A formula over measures of both kinds.
    assert_eq!(engine.rows(&uuid, json!({"select": ["[total] / count()"]})).await, json!([[total / 6.0]]));
    let text = "sum_if([price], [GOLD Product] and [class] = \"big\") / [total]";
    assert_eq!(engine.rows(&uuid, json!({"select": [text]})).await, json!([[120.5 / total]]));
    let toys = json!([{"name": "kind", "op": "==", "value": "Toys"}]);
    assert_eq!(engine.rows(&uuid, json!({"select": [named("total", "total")], "where": toys})).await, json!([[12.5]]));
    for stage in [
        json!({"select": [named("total", "total"), "kind"]}),
        json!({"select": [named("total", "total")], "group_by": ["kind"]}),
        json!({"select": ["kind"], "order_by": [named("total", "total")]}),
        json!({"select": ["kind"], "where": [{"name": "total", "measureUuid": "total", "op": ">", "value": "1"}]}),
        json!({"select": [{"name": "total", "measureUuid": "total", "agg_function": "sum"}]}),
    ] {
        let error = engine.rejection(&uuid, stage.clone()).await;
        assert!(error.contains("is a value formula, one number over all rows"), "{stage}: {error}");
    }
    let measures =
        [("a", "total", "sum([price])"), ("b", "share", "[price] / [total]"), ("c", "twice", "sum([total])")];
    engine.save_measures(&uuid, &measures).await;
    for (name, measure, expected) in [
        ("share", "b", "at character 1, `[price]` has a value for each row"),
        ("twice", "c", "at character 5, `[total]` is one value over all rows, but a value for each row is needed here"),
    ] {
        let error = engine.rejection(&uuid, json!({"select": [named(name, measure)]})).await;
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn formula_over_a_join() {
    let engine = LocalEngine::start().await;
    let sales = loaded(&engine).await;
    let kinds = engine.storage().await;
    let rows = json!([{"kind": "Toys", "family": "Jeux d'été"}, {"kind": "Watch", "family": null}]);
    engine.insert(&kinds, rows).await;
    let join = json!({"name": "join", "type": "InnerJoin", "jsonContent": {"joinConfig": [
        {"uuid": sales, "prefix": "s"},
        {"uuid": kinds, "prefix": "k", "on": [{"left": format!("{sales}.kind"), "right": "kind"}]},
    ]}});
    let (_, source) = engine.call("POST", "/api/data_source", join.to_string()).await;
    let uuid = source["uuid"].as_str().unwrap();
    let formula = format!(
        r#"if(is_defined([{kinds}.family]), concat([{kinds}.family], ":", str(year([{sales}.day]))), [{sales}.kind])"#
    );
    engine.save_measures(uuid, &[("u", "where", &formula)]).await;
    let rows = engine.rows(uuid, json!({"group_by": [named("where", "u")], "order_by": [named("where", "u")]})).await;
    assert_eq!(rows, json!([["Jeux d'été:2019"], ["Jeux d'été:2020"], ["Watch"]]));
    let formula = format!("sum_if([{sales}.price], [{kinds}.family] = \"Jeux d'été\") + 0 * count()");
    assert_eq!(engine.rows(uuid, json!({"select": [formula]})).await, json!([[12.5]]));
    assert_eq!(engine.rows(uuid, json!({"select": ["count_if(true)"]})).await[0][0], Value::from(3));
}

#[tokio::test]
async fn value_formula_of_constants_is_one_number() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("i\n1\n2\n3\n").await;
    for (formula, type_name, expected) in [
        ("round(2.5)", "float", json!(3.0)),
        (r#"date_diff("2026-01-01", "2026-01-31")"#, "int", json!(30)),
        ("abs(-7) + 1", "int", json!(8)),
        ("is_defined(1)", "int", json!(1)),
        ("sqrt(-1)", "float", json!(null)),
        ("coalesce(null, 2)", "int", json!(2)),
        ("if(null, 1, 2)", "int", json!(2)),
        ("if(null or 1 = 1, 1, 2)", "int", json!(1)),
        ("if(null and 1 = 1, 1, 2)", "int", json!(2)),
        ("if(not null, 1, 2)", "int", json!(2)),
        ("sum_if(1, null)", "int", json!(null)),
        ("count_if(null)", "int", json!(0)),
        ("count() + round(0.4)", "float", json!(3.0)),
    ] {
        let stage = json!({"select": [formula]});
        let headers = engine.ask(&uuid, json!({"only_headers": true, "data_processing_pipeline": [stage]})).await.1;
        assert_eq!(headers["columns_titles"], json!([{"name": formula, "type": type_name}]), "{headers}");
        let answer = engine.query(&uuid, stage.clone()).await;
        assert_eq!((&answer["data"], &answer["columns_titles"]), (&json!([[expected]]), &headers["columns_titles"]));
        let filtered = json!({"select": [formula], "where": [{"name": "i", "op": ">", "value": "9"}]});
        assert_eq!(engine.rows(&uuid, filtered).await.as_array().unwrap().len(), 1, "{formula} over no rows");
    }
    let today = engine.rows(&uuid, json!({"select": [r#"date_diff("2026-01-01", today())"#]})).await;
    assert!(today[0][0].is_i64(), "{today}");
    engine.save_measures(&uuid, &[("u", "m", "null or 1 = 1"), ("v", "n", "null and [i] > 1")]).await;
    let measures = json!({"select": [{"name": "m", "measureUuid": "u"}, {"name": "n", "measureUuid": "v"}]});
    assert_eq!(engine.rows(&uuid, measures).await, json!([[1, 0], [1, null], [1, null]]));
}
