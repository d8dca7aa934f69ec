//! Time slots: their starts, and the first day of a week.

use serde_json::json;

use crate::support::LocalEngine;

#[tokio::test]
async fn time_slot_values_are_their_starts() {
    let engine = LocalEngine::start().await;
    // A Saturday, in the last week of its year.
    let uuid = engine.loaded("t\n2012-12-29T23:59:58.75\n").await;
    let cases = [
        ("year", json!("2012-01-01T00:00:00")),
        ("quarter", json!("2012-10-01T00:00:00")),
        ("month", json!("2012-12-01T00:00:00")),
        ("week", json!("2012-12-24T00:00:00")),
        ("weekday", json!(6)),
        ("day", json!("2012-12-29T00:00:00")),
        ("hour", json!("2012-12-29T23:00:00")),
        ("minute", json!("2012-12-29T23:59:00")),
    ];
    for (slot, expected) in cases {
        let key = json!({"name": "t", "timeslot": slot});
        let answer = engine.query(&uuid, json!({"group_by": [key], "order_by": [key]})).await;
        assert_eq!(answer["data"], json!([[expected]]), "{slot}");
        let column_type = if slot == "weekday" { "int" } else { "datetime" };
        let title = json!([{"name": format!("{slot}(t)"), "type": column_type}]);
        assert_eq!(answer["columns_titles"], title);
    }
}

#[tokio::test]
async fn time_slot_weeks_begin_on_monday_and_null_is_a_group() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("t,n\n2013-01-06,1\n2013-01-07,2\n2013-01-13T23:59:59,3\n,4\n1969-12-31,5\n").await;
    let stage = json!({
        "group_by": [{"name": "t", "timeslot": "week"}],
        "select": [{"name": "n", "agg_function": "sum"}],
        "order_by": [{"name": "t", "timeslot": "week"}],
    });
    let rows = json!([["1969-12-29T00:00:00", 5], ["2012-12-31T00:00:00", 1], ["2013-01-07T00:00:00", 5], [null, 4],]);
    assert_eq!(engine.rows(&uuid, stage).await, rows);
    let stage = json!({
        "group_by": [{"name": "t", "timeslot": "weekday"}],
        "select": [{"name": "n", "agg_function": "sum"}],
        "order_by": [{"name": "t"}],
    });
    assert_eq!(engine.rows(&uuid, stage).await, json!([[1, 2], [3, 5], [7, 4], [null, 4]]));
}

#[tokio::test]
async fn group_by_several_time_slots_of_one_column() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("t\n2013-01-06\n2013-02-06\n2014-01-06\n").await;
    let (year, month) = (json!({"name": "t", "timeslot": "year"}), json!({"name": "t", "timeslot": "month"}));
    let stage = json!({
        "group_by": [year, month],
        "order_by": [{"name": "t", "timeslot": "month", "direction": "desc"}],
        "limit": 2,
    });
    let rows = json!([["2014-01-01T00:00:00", "2014-01-01T00:00:00"], ["2013-01-01T00:00:00", "2013-02-01T00:00:00"],]);
    assert_eq!(engine.rows(&uuid, stage).await, rows);
}

#[tokio::test]
async fn time_slot_of_distant_years() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("t\n0001-02-03T04:05:06\n1500-06-15\n9999-12-31T23:59:59.999999\n").await;
    let order = json!([{"name": "t"}]);
    let rows = json!([["0001-02-03T04:05:06"], ["1500-06-15T00:00:00"], ["9999-12-31T23:59:59.999999"]]);
    assert_eq!(engine.rows(&uuid, json!({"order_by": order})).await, rows);
    for (slot, expected) in [
        ("year", json!([["0001-01-01T00:00:00"], ["1500-01-01T00:00:00"], ["9999-01-01T00:00:00"]])),
        ("month", json!([["0001-02-01T00:00:00"], ["1500-06-01T00:00:00"], ["9999-12-01T00:00:00"]])),
        ("week", json!([["0001-01-29T00:00:00"], ["1500-06-11T00:00:00"], ["9999-12-27T00:00:00"]])),
        ("day", json!([["0001-02-03T00:00:00"], ["1500-06-15T00:00:00"], ["9999-12-31T00:00:00"]])),
        ("minute", json!([["0001-02-03T04:05:00"], ["1500-06-15T00:00:00"], ["9999-12-31T23:59:00"]])),
        ("weekday", json!([[5], [6]])),
    ] {
        let key = json!({"name": "t", "timeslot": slot});
        assert_eq!(engine.rows(&uuid, json!({"group_by": [key], "order_by": [key]})).await, expected, "{slot}");
    }
}
