//! Refused queries: each message names the clause, the item and what to write.

use serde_json::{Value, json};

use crate::support::LocalEngine;

const CSV: &str = "k,i,x,t\na,1,1.5,2013-01-01\nb,2,2.5,2013-02-01\n";

#[tokio::test]
async fn refused_query_names_the_clause_the_item_and_what_to_write() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded(CSV).await;
    engine.save_measures(&uuid, &[("u", "margin", "[x] * 2")]).await;
    let condition = |name: &str, op: &str, value: Value| json!({"where": [{"name": "k", "op": "is_defined"}, {"name": name, "op": op, "value": value}]});
    let null = "NULL is tested by `is_defined` and `is_not_defined`, in a separate condition";
    let cases = [
        // NULL and other values that no operator accepts.
        (condition("k", "in", json!(["e", null])), "item 2 of `where`", "`in` on `k` lists NULL", null),
        (condition("k", "!in", json!("[\"e\", null]")), "item 2 of `where`", "`!in` on `k` lists NULL", null),
        (condition("x", "in", json!([null])), "item 2 of `where`", "`in` on `x` lists NULL", null),
        (condition("k", "==", json!(null)), "item 2 of `where`", "`==` on `k` needs a `value`", null),
        (condition("i", ">", json!(null)), "item 2 of `where`", "`>` on `i` needs a `value`", null),
        (condition("k", "in", json!(["e", {}])), "item 2 of `where`", "lists {}", "neither a string nor a number"),
        (condition("k", "in", json!([["e"]])), "item 2 of `where`", "lists [\"e\"]", "neither a string nor a number"),
        (
            condition("k", "in", json!("e")),
            "item 2 of `where`",
            "found \"e\"",
            "a list, or a string that holds a JSON list",
        ),
        (condition("k", "in", json!(3)), "item 2 of `where`", "found 3", "a list, or a string that holds a JSON list"),
        (condition("k", "==", json!(["e"])), "item 2 of `where`", "found [\"e\"]", "use `in` or `!in` with a list"),
        (condition("k", "==", json!({"a": 1})), "item 2 of `where`", "found {\"a\":1}", "a string or a number"),
        // Types.
        (
            condition("i", ">", json!("x")),
            "item 2 of `where`",
            "`i` is an integer column",
            "cannot be compared with `\"x\"`; write a number such as `3`",
        ),
        (
            condition("t", ">", json!("x")),
            "item 2 of `where`",
            "`t` is a datetime column",
            "write a datetime as `\"2013-01-31\"`",
        ),
        (
            condition("i", "is_empty", json!("")),
            "item 2 of `where`",
            "`is_empty` needs a text column",
            "use `is_not_defined`",
        ),
        (
            json!({"select": [{"name": "k", "agg_function": "sum"}]}),
            "item 1 of `select`",
            "needs a numeric column",
            "`k` is a text column",
        ),
        (
            json!({"group_by": ["i", {"name": "k", "timeslot": "month"}]}),
            "item 2 of `group_by`",
            "needs a datetime column",
            "`k` is a text column",
        ),
        // Names.
        (json!({"select": ["k", "ii"]}), "item 2 of `select`", "no column `ii`", "did you mean `i`?"),
        (json!({"group_by": ["kk"]}), "item 1 of `group_by`", "no column `kk`", "did you mean `k`?"),
        (json!({"select": ["zzzzzz"]}), "item 1 of `select`", "no column `zzzzzz`", "the columns of `flights` are"),
        (condition("xx", ">", json!(1)), "item 2 of `where`", "no column `xx`", "did you mean `x`?"),
        (
            json!({"select": ["k"], "order_by": ["k", "zzzzzz"]}),
            "item 2 of `order_by`",
            "no column `zzzzzz`",
            "the columns of the result are",
        ),
        (
            json!({"select": ["k", "margin"]}),
            "item 2 of `select`",
            "`margin` is a measure",
            "add \"measureUuid\": \"u\"",
        ),
        (
            json!({"select": ["k", "sum([xx])"]}),
            "item 2 of `select`",
            "the value formula `sum([xx])` is invalid",
            "did you mean `[x]`?",
        ),
        // Shapes.
        (
            json!({"group_by": ["k"], "select": ["i"]}),
            "item 1 of `select`",
            "is not grouped and needs an aggregate",
            "`sum(i)`",
        ),
        (
            json!({"group_by": ["k"], "order_by": ["i"]}),
            "item 1 of `order_by`",
            "neither grouped nor selected",
            "the columns of the result are",
        ),
        (
            json!({"group_by": [{"name": "k", "agg_function": "max"}]}),
            "item 1 of `group_by`",
            "does not accept an aggregate",
            "move the item to `select`",
        ),
        (
            json!({"select": [{"name": "t", "agg_function": "max", "timeslot": "month"}]}),
            "item 1 of `select`",
            "both an aggregate and a time slot",
            "remove `agg_function` or `timeslot`",
        ),
        (
            json!({"select": [{"name": "t", "timeslot": "month"}]}),
            "item 1 of `select`",
            "`month` is a time slot",
            "move it to `group_by`",
        ),
        (json!({"select": ["k", "count()"]}), "item 2 of `select`", "is a value formula", "write a separate query"),
        (json!({"limit": 0}), "`limit`", "`limit` is 0", "must be at least 1"),
        (json!({"limit": -1}), "`limit`", "`limit` is -1", "must be at least 1"),
    ];
    for (stage, place, problem, advice) in cases {
        let error = engine.rejection(&uuid, stage.clone()).await;
        println!("{error}");
        for expected in [place, problem, advice] {
            assert!(error.contains(expected), "{stage}: {expected}: {error}");
        }
    }
    let two =
        engine.rejection(&uuid, json!({"select": ["ii"], "where": [{"name": "k", "op": "==", "value": null}]})).await;
    assert!(two.contains("item 1 of `where`"), "{two}");
}
