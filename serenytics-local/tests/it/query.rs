//! Queries: aggregates, groups, orders, layouts, and invalid queries.

use serde_json::{Value, json};

use crate::support::LocalEngine;

const CSV: &str = "k,i,x,t,s\n\
                   a,1,0.5,2013-01-01T10:00:00,u\n\
                   a,3,,2013-01-03,v\n\
                   b,,2.5,,u\n\
                   ,5,-1,2013-01-02,\n\
                   ,5,-1,2013-01-02,\n";

fn aggregate(function: &str, name: &str) -> Value {
    json!({"name": name, "agg_function": function})
}

fn count() -> Value {
    aggregate("sum", "$$count$$")
}

#[tokio::test]
async fn query_aggregates_on_every_type() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded(CSV).await;
    let (t1, t3) = ("2013-01-01T10:00:00", "2013-01-03T00:00:00");
    let cases = [
        ("i", "int", "sum", json!(14)),
        ("i", "int", "min", json!(1)),
        ("i", "int", "max", json!(5)),
        ("i", "float", "avg", json!(3.5)),
        ("i", "int", "dcount", json!(3)),
        ("x", "float", "sum", json!(1.0)),
        ("x", "float", "min", json!(-1.0)),
        ("x", "float", "max", json!(2.5)),
        ("x", "float", "avg", json!(0.25)),
        ("x", "int", "dcount", json!(3)),
        ("t", "datetime", "min", json!(t1)),
        ("t", "datetime", "max", json!(t3)),
        ("t", "int", "dcount", json!(3)),
        ("s", "str", "min", json!("u")),
        ("s", "str", "max", json!("v")),
        ("s", "int", "dcount", json!(2)),
    ];
    for (column, result, function, expected) in cases {
        let answer = engine.query(&uuid, json!({"select": [aggregate(function, column)]})).await;
        assert_eq!(answer["data"], json!([[expected]]), "{function}({column})");
        let title = json!([{"name": format!("{function}({column})"), "type": result}]);
        assert_eq!(answer["columns_titles"], title);
        // Aggregates over no rows return one row: NULL, or 0 for counts.
        let nothing =
            json!({"select": [aggregate(function, column)], "where": [{"name": "k", "op": "==", "value": "z"}]});
        let expected = if function == "dcount" { json!([[0]]) } else { json!([[null]]) };
        assert_eq!(engine.rows(&uuid, nothing).await, expected, "{function}({column}) over nothing");
    }
    assert_eq!(engine.rows(&uuid, json!({"select": [count()]})).await, json!([[5]]));
}

#[tokio::test]
async fn query_aggregates_over_no_rows() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded(CSV).await;
    // Use a value between the bounds of its column, so that statistics cannot exclude it.
    for (column, value) in [("k", "ab"), ("s", "uu"), ("i", "2"), ("x", "1.5"), ("t", "2013-01-02T01:00:00")] {
        let conditions = json!([{"name": column, "op": "==", "value": value}]);
        let select = ["min", "max", "dcount"].map(|function| aggregate(function, column));
        let stage = json!({"select": select, "where": conditions});
        assert_eq!(engine.rows(&uuid, stage).await, json!([[null, null, 0]]), "{column}");
        for (function, expected) in [("min", json!(null)), ("max", json!(null)), ("dcount", json!(0))] {
            let stage = json!({"select": [aggregate(function, column)], "where": conditions});
            assert_eq!(engine.rows(&uuid, stage).await, json!([[expected]]), "{function}({column})");
        }
        let stage = json!({"select": [count()], "where": conditions});
        assert_eq!(engine.rows(&uuid, stage).await, json!([[0]]));
    }
}

#[tokio::test]
async fn query_groups_null_keys_and_returns_keys_first() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded(CSV).await;
    let stage = json!({
        "group_by": ["k", "s"],
        "select": [aggregate("sum", "i"), count()],
        "order_by": [{"name": "k"}, {"name": "s", "direction": "desc"}],
    });
    let answer = engine.query(&uuid, stage).await;
    let titles = json!([
        {"name": "k", "type": "str"},
        {"name": "s", "type": "str"},
        {"name": "sum(i)", "type": "int"},
        {"name": "count()", "type": "int"},
    ]);
    assert_eq!(answer["columns_titles"], titles);
    let rows = json!([["a", "v", 3, 1], ["a", "u", 1, 1], ["b", "u", null, 1], [null, null, 10, 2]]);
    assert_eq!(answer["data"], rows);
    let keys = json!({"group_by": ["k"], "order_by": [{"name": "k", "direction": "desc"}]});
    assert_eq!(engine.rows(&uuid, keys).await, json!([[null], ["b"], ["a"]]));
}

#[tokio::test]
async fn query_order_by_and_limit() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded(CSV).await;
    let by_sum = json!({
        "group_by": ["k"],
        "select": [aggregate("sum", "i"), count()],
        "order_by": [{"name": "i", "agg_function": "sum", "direction": "desc"}],
    });
    let rows = json!([["b", null, 1], [null, 10, 2], ["a", 4, 2]]);
    assert_eq!(engine.rows(&uuid, by_sum).await, rows, "NULLs come first in a descending order");
    let by_count = json!({
        "group_by": ["k"],
        "select": [count()],
        "order_by": [{"name": "$$count$$", "agg_function": "sum"}, {"name": "k"}],
        "limit": 2,
    });
    assert_eq!(engine.rows(&uuid, by_count).await, json!([["b", 1], ["a", 2]]));
    let plain = json!({"select": ["i"], "order_by": [{"name": "x", "direction": "asc"}, "i"], "limit": 4});
    assert_eq!(engine.rows(&uuid, plain).await, json!([[5], [5], [1], [null]]), "by a column that is not selected");
    let limited = json!({"select": ["i"], "limit": 2});
    assert_eq!(engine.rows(&uuid, limited).await, json!([[1], [3]]));
}

#[tokio::test]
async fn query_may_select_an_output_twice() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded(CSV).await;
    let twice = json!({"select": ["i", "i"], "limit": 1});
    assert_eq!(engine.rows(&uuid, twice).await, json!([[1, 1]]));
    let twice = json!({"group_by": ["k"], "select": [count(), count()], "order_by": ["k"], "limit": 1});
    assert_eq!(engine.rows(&uuid, twice).await, json!([["a", 2, 2]]));
}

#[tokio::test]
async fn query_returns_columns_by_default() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("a,b\n1,x\n2,\n").await;
    let (status, answer) = engine.ask(&uuid, json!({})).await;
    assert_eq!((status, &answer["data"]), (200, &json!([[1, 2], ["x", null]])));
    let none = json!({"data_processing_pipeline": [{"where": [{"name": "a", "op": ">", "value": "9"}]}]});
    assert_eq!(engine.ask(&uuid, none).await.1["data"], json!([[], []]));
}

#[tokio::test]
async fn query_sum_overflow_is_an_error() {
    let engine = LocalEngine::start().await;
    let csv = format!("k,n\na,{}\na,{}\nb,1\n", i64::MAX, i64::MAX);
    let uuid = engine.loaded(&csv).await;
    let error = engine.rejection(&uuid, json!({"select": [aggregate("sum", "n")]})).await;
    assert!(error.contains("a sum is 18446744073709551615, which does not fit an integer of 64 bits"), "{error}");
    let stage = json!({"where": [{"name": "k", "op": "==", "value": "b"}], "select": [aggregate("sum", "n")]});
    assert_eq!(engine.rows(&uuid, stage).await, json!([[1]]));
    let stage = json!({"select": [aggregate("max", "n"), aggregate("avg", "n")]});
    assert_eq!(engine.rows(&uuid, stage).await[0][0], json!(i64::MAX));
    let (status, _) =
        engine.ask(&uuid, json!({"data_processing_pipeline": [{"select": [aggregate("sum", "n")]}]})).await;
    assert_eq!(status, 400, "in columns too");
}

#[tokio::test]
async fn query_with_mistakes_is_rejected_with_every_problem() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded(CSV).await;
    let cases = [
        (json!({"select": ["nope"]}), "no column `nope`"),
        (json!({"select": [aggregate("sum", "s")]}), "needs a numeric column"),
        (json!({"where": [{"name": "i", "op": ">", "value": "x"}]}), "cannot be compared"),
        (json!({"where": [{"name": "i", "op": "is_empty"}]}), "is_empty"),
        (json!({"group_by": ["k"], "select": ["i"]}), "needs an aggregate"),
        (json!({"group_by": [{"name": "k", "timeslot": "month"}]}), "needs a datetime column"),
        (json!({"group_by": ["k"], "order_by": ["i"]}), "neither grouped nor selected"),
        (json!({"limit": 0}), "at least 1"),
    ];
    for (stage, expected) in cases {
        let error = engine.rejection(&uuid, stage.clone()).await;
        assert!(error.contains(expected), "{stage}: {error}");
    }
    let two = json!({"select": ["nope", "neither"]});
    assert_eq!(engine.rejection(&uuid, two).await.matches("no column").count(), 2);

    for options in [
        json!({"data_processing_pipeline": [{}, {}]}),
        json!({"data_processing_pipeline": [{"where": [{"name": "i", "op": "like", "value": "x"}]}]}),
        json!({"data_processing_pipeline": 1}),
        json!([]),
    ] {
        let (status, answer) = engine.ask(&uuid, options.clone()).await;
        assert_eq!(status, 400, "{options}: {answer}");
    }
    let many: Vec<_> = (0..10_000).map(|_| json!({"name": "i", "op": ">", "value": "0"})).collect();
    assert!(
        engine
            .rejection(&uuid, json!({"where": many}))
            .await
            .contains("`where` has 10000 and may have at most 256 conditions")
    );
    let some: Vec<_> = (0..250).map(|_| json!({"name": "i", "op": ">", "value": "0"})).collect();
    assert_eq!(engine.rows(&uuid, json!({"where": some, "select": [count()]})).await, json!([[4]]));
    let list: Vec<_> = (0..200_000).collect();
    let long = json!({"where": [{"name": "i", "op": "in", "value": list}]});
    assert!(engine.rejection(&uuid, long).await.contains("values in its lists"));
    assert!(engine.rejection(&uuid, json!({"select": vec!["i"; 5000]})).await.contains("may have at most 4000 items"));
    let path = format!("/api/formatted_data/{uuid}");
    assert_eq!(engine.call("POST", &path, "{").await.0, 400);
    assert_eq!(engine.call("POST", &path, " ".repeat(5 * 1024 * 1024)).await.0, 413);
}

#[tokio::test]
async fn query_strings_and_numbers_survive_json() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let row = json!({"a": "a\"b\\c\n\u{1}é😀/", "b": 0.1, "c": 1e300, "d": -0.0, "e": i64::MIN});
    engine.insert(&uuid, json!([row])).await;
    let rows = engine.rows(&uuid, json!({})).await;
    assert_eq!(rows, json!([["a\"b\\c\n\u{1}é😀/", 0.1, 1e300, -0.0, i64::MIN]]));
}

#[tokio::test]
async fn query_error_after_the_response_started_closes_the_connection() {
    let engine = LocalEngine::start().await;
    let mut csv = String::from("k,n\n");
    for k in 0..60_000 {
        csv.push_str(&format!("a long key with the number {k},1\n"));
    }
    csv.push_str(&format!("z,{max}\nz,{max}\n", max = i64::MAX));
    let uuid = engine.loaded(&csv).await;
    let stage = json!({"group_by": ["k"], "select": [aggregate("sum", "n")], "order_by": ["k"]});
    let options = json!({"order": "row_by_row", "data_processing_pipeline": [stage]}).to_string();
    let request = reqwest::Client::new()
        .post(format!("{}/api/formatted_data/{uuid}", engine.local.url()))
        .header("x-api-key", engine.local.api_key())
        .body(options);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "the first rows are right");
    assert!(answer.bytes().await.is_err(), "an incomplete response is not valid JSON");
}
