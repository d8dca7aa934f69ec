//! Queries with measures: where their uuids are sent, where they are read, and when they are read
//! again.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use serenytics_query::query::Query;
use serenytics_query::schema::SourceRef;
use serenytics_query::source::{named, with_uuid};

use super::server::{Asked, CANARY, Reply, TestServer, ok};
use super::{ANSWER, COUNTRY, list, printed, read_country};

const JSON: &str = concat!(
    r#"{"order":"row_by_row","data_processing_pipeline":[{"group_by":["margin","country"],"#,
    r#""select":[{"name":"margin","agg_function":"sum"},{"name":"country","agg_function":"dcount"}],"#,
    r#""order_by":[{"name":"margin","agg_function":"sum","direction":"desc"}],"#,
    r#""where":[{"name":"margin","op":">","value":"20"},{"name":"country","op":"==","value":"FR"},{"name":"cost","op":"<","value":"3"}],"#,
    r#""limit":9}]}"#,
);

fn query(source: SourceRef) -> Query<String> {
    const NAMES: &[Cow<'static, str>] = &[Cow::Borrowed("margin"), Cow::Borrowed("cost")];
    Query::fixed(source, JSON, Cow::Borrowed(COUNTRY), read_country, Cow::Borrowed(NAMES))
}

fn source(measures: &[(&str, &str)]) -> String {
    let measures: serde_json::Map<String, Value> =
        measures.iter().map(|(uuid, name)| ((*uuid).to_owned(), json!({"name": name, "type": "formula"}))).collect();
    json!({"uuid": "u1", "name": "sales", "type": "Storage", "jsonContent": {"measures": measures}}).to_string()
}

/// Starts a server whose source has the next list of measures each time that its configuration is
/// read.
async fn changing(
    measures: &'static [&'static [(&'static str, &'static str)]],
    reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> TestServer {
    let asked_for = Arc::new(AtomicUsize::new(0));
    TestServer::start(move |_, asked| {
        if asked.line.contains("formatted_data") {
            return reply(asked);
        }
        let time = asked_for.fetch_add(1, Ordering::SeqCst);
        let source = source(measures[time.min(measures.len() - 1)]);
        if asked.line.contains("?q=") { list(&[&source]) } else { ok(source) }
    })
    .await
}

/// Summarizes the requests: `list`, `source`, or the uuids next to the names of a query.
fn history(server: &TestServer) -> Vec<String> {
    let short = |asked: Asked| match asked.line.as_str() {
        "POST /api/formatted_data/u1" => {
            let body: Value = serde_json::from_slice(&asked.body).unwrap();
            let stage = &body["data_processing_pipeline"][0];
            format!("{} {}", uuid(&stage["where"][0]), uuid(&stage["where"][2]))
        }
        "GET /api/data_source/u1" => "source".to_owned(),
        line if line.starts_with("GET /api/data_source?q=") => "list".to_owned(),
        line => line.to_owned(),
    };
    server.asked().into_iter().map(short).collect()
}

fn uuid(item: &Value) -> &str {
    item["measureUuid"].as_str().unwrap_or("none")
}

const BOTH: &[(&str, &str)] = &[("m1", "margin"), ("c1", "cost"), ("o1", "other")];

#[tokio::test]
async fn measure_uuids_are_sent_in_every_clause() {
    let server = changing(&[BOTH], |_| ok(ANSWER)).await;
    let client = server.client();
    for _ in 0..2 {
        assert_eq!(client.fetch(&query(named("sales"))).await.unwrap(), ["FR", "DE"]);
    }
    assert_eq!(history(&server), ["list", "m1 c1", "m1 c1"]);
    let sent: Value = serde_json::from_slice(&server.asked()[1].body).unwrap();
    assert_eq!(
        sent,
        json!({"order": "row_by_row", "data_processing_pipeline": [{
            "group_by": [{"name": "margin", "measureUuid": "m1"}, "country"],
            "select": [
                {"name": "margin", "agg_function": "sum", "measureUuid": "m1"},
                {"name": "country", "agg_function": "dcount"},
            ],
            "order_by": [{"name": "margin", "agg_function": "sum", "direction": "desc", "measureUuid": "m1"}],
            "where": [
                {"name": "margin", "op": ">", "value": "20", "measureUuid": "m1"},
                {"name": "country", "op": "==", "value": "FR"},
                {"name": "cost", "op": "<", "value": "3", "measureUuid": "c1"},
            ],
            "limit": 9,
        }]})
    );
}

#[tokio::test]
async fn measure_uuids_are_read_without_additional_calls() {
    let server = changing(&[BOTH], |_| ok(ANSWER)).await;
    let client = server.client();
    client.fetch(&query(with_uuid("u1"))).await.unwrap();
    client.clone().fetch(&query(with_uuid("u1"))).await.unwrap();
    assert_eq!(history(&server), ["source", "m1 c1", "m1 c1"]);

    let server = changing(&[BOTH], |_| ok(ANSWER)).await;
    let client = server.client();
    let source = client.source("sales").await.unwrap();
    client.fetch_from(&source, &query(named("another"))).await.unwrap();
    assert_eq!(history(&server), ["list", "m1 c1"]);
}

#[tokio::test]
async fn unknown_measure_is_looked_up_once() {
    let server = changing(&[&[("m1", "margin")], BOTH], |_| ok(ANSWER)).await;
    assert_eq!(server.client().fetch(&query(named("sales"))).await.unwrap().len(), 2);
    assert_eq!(history(&server), ["list", "source", "m1 c1"]);

    let server = changing(&[&[("m1", "margin"), ("c1", "costs"), ("k1", CANARY)]], |_| ok(ANSWER)).await;
    let client = server.client();
    let error = client.fetch(&query(named("sales"))).await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
    assert_eq!(
        error.to_string(),
        "source `sales` has no measure `cost`; did you mean `costs`? it has `[API key]`, `costs`, `margin`"
    );
    assert!(!printed(&error).contains(CANARY));
    assert_eq!(history(&server), ["list", "source"]);

    let server = changing(&[&[]], |_| ok(ANSWER)).await;
    let error = server.client().fetch(&query(with_uuid("u1"))).await.unwrap_err();
    assert_eq!(error.to_string(), "source `sales` has no measure `margin`; it has none");

    let server = changing(&[&[("m1", "margin"), ("m2", "margin"), ("c1", "cost")]], |_| ok(ANSWER)).await;
    let error = server.client().fetch(&query(with_uuid("u1"))).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "source `sales` has 2 measures named `margin`; rename all but one of them: `m1`, `m2`"
    );
}

#[tokio::test]
async fn rejected_query_is_retried_with_the_current_measures() {
    // The error follows a row, which must not be in the result of the retry.
    const REFUSAL: &str =
        r#"{"columns_titles":[{"name":"x","type":"str"}],"data":[["IT"]],"status":"error","errors":["no m1"]}"#;
    for status in [200, 400] {
        let server = changing(&[BOTH, &[("m2", "margin"), ("c1", "cost")]], move |asked| {
            let is_old = String::from_utf8_lossy(&asked.body).contains("m1");
            if is_old { Reply::Answer(status, "", REFUSAL.to_owned()) } else { ok(ANSWER) }
        })
        .await;
        let client = server.client();
        for _ in 0..2 {
            assert_eq!(client.fetch(&query(named("sales"))).await.unwrap(), ["FR", "DE"]);
        }
        assert_eq!(history(&server), ["list", "m1 c1", "source", "m2 c1", "m2 c1"]);
    }
}

#[tokio::test]
async fn rejected_query_with_current_measures_reports_the_error() {
    let server = changing(&[BOTH], |_| Reply::Answer(400, "", r#"{"errors":["too large"]}"#.to_owned())).await;
    let error = server.client().fetch(&query(named("sales"))).await.unwrap_err();
    assert!(error.to_string().ends_with("too large"), "{error}");
    assert_eq!(history(&server), ["list", "m1 c1", "source"]);

    let server = changing(&[BOTH, &[("m1", "margin")]], |_| Reply::Answer(400, "", "\"no\"".to_owned())).await;
    let error = server.client().fetch(&query(named("sales"))).await.unwrap_err();
    assert!(error.to_string().starts_with("source `sales` has no measure `cost`"), "{error}");

    let server = changing(&[BOTH], |_| Reply::Answer(401, "", String::new())).await;
    assert!(server.client().fetch(&query(named("sales"))).await.unwrap_err().is_unauthorized());
    assert_eq!(history(&server), ["list", "m1 c1"]);
}

#[tokio::test]
async fn untyped_query_is_sent_with_known_measure_uuids() {
    let server = changing(&[&[("m1", "margin"), ("d1", "double"), ("d2", "double")]], |_| ok(ANSWER)).await;
    let source = server.client().source("sales").await.unwrap();
    let json = json!({"order": "row_by_row", "data_processing_pipeline": [{
        "select": ["margin", {"name": "margin"}, {"name": "double"}, {"name": "margin", "measureUuid": "mine"}],
        "where": [{"name": "margin", "op": ">", "value": "20"}],
    }]});
    source.query(&serde_json::from_value(json).unwrap()).await.unwrap();
    let sent: Value = serde_json::from_slice(&server.asked()[1].body).unwrap();
    let stage = &sent["data_processing_pipeline"][0];
    let select = json!([
        "margin", {"name": "margin", "measureUuid": "m1"}, {"name": "double"}, {"name": "margin", "measureUuid": "mine"},
    ]);
    assert_eq!(stage["select"], select);
    assert_eq!(uuid(&stage["where"][0]), "m1");
}

#[tokio::test]
async fn value_formula_may_be_the_name_of_a_measure() {
    let answer = r#"{"columns_titles":[{"name":"margin","type":null}],"data":[[0.5]],"status":"ok"}"#;
    let server = changing(&[BOTH], move |_| ok(answer)).await;
    let source = server.client().source("sales").await.unwrap();
    assert_eq!(source.value_formula("margin").await.unwrap(), Some(0.5));
    assert_eq!(source.value_formula("sum([revenue]) / 2").await.unwrap(), Some(0.5));
    let selected = |number: usize| {
        let sent: Value = serde_json::from_slice(&server.asked()[number].body).unwrap();
        sent["data_processing_pipeline"][0]["select"].clone()
    };
    assert_eq!(selected(1), json!([{"name": "margin", "measureUuid": "m1"}]));
    assert_eq!(selected(2), json!([{"name": "sum([revenue]) / 2"}]));
}
