//! Formulas that are checked before they are sent, and declared measures that are saved to a source.

use std::sync::Mutex;

use serde_json::{Value, json};
use serenytics_query::schema::SourceRef;
use serenytics_query::source::{Source, named};

use super::list;
use super::server::{Asked, CANARY, TestServer, ok};

/// A source with a string, a float and two measures with formulas.
struct Sales;

impl Source for Sales {
    const SOURCE: SourceRef = named("sales");
    const ENCODED: &'static str = "name\u{1f}sales\u{1e}country\u{1f}country\u{1f}str\u{1f}\u{1f}\u{1f}\u{1e}revenue\u{1f}revenue\u{1f}float\u{1f}\u{1f}\u{1f}\u{1e}tax\u{1f}tax\u{1f}float\u{1f}\u{1f}measure\u{1f}\u{1f}[revenue] * 0.2\u{1e}net\u{1f}net\u{1f}float\u{1f}\u{1f}measure\u{1f}\u{1f}[revenue] - [tax]";
    type Columns = ();
    const COLUMNS: () = ();
}

fn formula(name: &str, formula: &str) -> Value {
    json!({"name": name, "type": "formula", "data": {"formula": formula}, "kept": 1})
}

const TITLES: &str =
    r#"{"columns_titles":[{"name":"country","type":"str"},{"name":"revenue","type":"float"}],"status":"ok"}"#;

/// Starts a server with one source that has these measures and saves what it is sent, except for the measures of the first
/// `overwritten` saves, which another program overwrites.
async fn server(measures: Value, titles: &'static str, overwritten: usize) -> TestServer {
    let config = json!({"uuid": "u1", "name": "sales", "type": "Storage", "jsonContent": {"separator": ";", "measures": measures}});
    let state = Mutex::new((config, overwritten));
    TestServer::start(move |_, asked| {
        let mut state = state.lock().unwrap();
        match asked.line.as_str() {
            "POST /api/formatted_data/u1" => ok(titles),
            "PUT /api/data_source/u1" => {
                let sent: Value = serde_json::from_slice(&asked.body).unwrap();
                if state.1 > 0 {
                    state.1 -= 1;
                } else {
                    state.0 = sent.clone();
                }
                ok(sent.to_string())
            }
            "GET /api/data_source/u1" => ok(state.0.to_string()),
            _ => list(&[&state.0.to_string()]),
        }
    })
    .await
}

fn saved(server: &TestServer) -> Vec<Value> {
    let is_save = |asked: &Asked| asked.line.starts_with("PUT");
    server
        .asked()
        .iter()
        .filter(|asked| is_save(asked))
        .map(|asked| serde_json::from_slice(&asked.body).unwrap())
        .collect()
}

#[tokio::test]
async fn apply_measures_creates_and_updates_by_name_and_keeps_the_rest() {
    let others = json!({"m1": formula("tax", "[revenue] * 0.1"), "o1": {"name": "other", "type": "sql", "data": 3}});
    let server = server(others, TITLES, 0).await;
    let client = server.client();
    let applied = client.apply_measures::<Sales>().await.unwrap();
    assert_eq!(
        (applied.created.as_slice(), applied.updated.as_slice()),
        (&["net".to_owned()][..], &["tax".to_owned()][..])
    );
    assert_eq!(applied.to_string(), "created `net`; updated `tax`");
    let [sent] = &saved(&server)[..] else { panic!("expected one save") };
    assert_eq!(sent["jsonContent"]["separator"], ";");
    let measures = sent["jsonContent"]["measures"].as_object().unwrap();
    assert_eq!(measures["m1"], formula("tax", "[revenue] * 0.2"), "the uuid and unknown fields are kept");
    assert_eq!(measures["o1"], json!({"name": "other", "type": "sql", "data": 3}));
    let (uuid, created) = measures.iter().find(|(_, measure)| measure["name"] == "net").unwrap();
    assert_eq!(created, &json!({"name": "net", "type": "formula", "data": {"formula": "[revenue] - [tax]"}}));
    assert_eq!(uuid.len(), 36);

    let again = client.apply_measures::<Sales>().await.unwrap();
    assert_eq!(again.to_string(), "unchanged `tax`, `net`");
    assert!(!again.has_changes());
    assert_eq!(saved(&server).len(), 1, "an unchanged source is not saved");
}

#[tokio::test]
async fn equal_formulas_may_have_other_spaces_and_parentheses() {
    let server = server(
        json!({"m1": formula("tax", "([revenue]*0.2)"), "m2": formula("net", "[revenue] - ( [tax] )")}),
        TITLES,
        0,
    )
    .await;
    assert!(!server.client().apply_measures::<Sales>().await.unwrap().has_changes());
    assert!(saved(&server).is_empty());
}

#[tokio::test]
async fn overwritten_measures_are_saved_again() {
    let server = server(json!({}), TITLES, 2).await;
    let applied = server.client().apply_measures::<Sales>().await.unwrap();
    assert_eq!(applied.created, ["tax", "net"]);
    assert_eq!(saved(&server).len(), 3);
}

#[tokio::test]
async fn measures_that_others_keep_overwriting_are_an_error() {
    let server = server(json!({}), TITLES, 99).await;
    let error = server.client().apply_measures::<Sales>().await.unwrap_err();
    assert!(error.to_string().contains("were saved 3 times, but other programs overwrote them"), "{error}");
    assert_eq!(saved(&server).len(), 3);
}

#[tokio::test]
async fn measures_that_do_not_fit_the_source_are_not_saved() {
    let titles =
        r#"{"columns_titles":[{"name":"country","type":"str"},{"name":"revenues","type":"float"}],"status":"ok"}"#;
    let server = server(json!({}), titles, 0).await;
    let error = server.client().apply_measures::<Sales>().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the measures of source `sales` were not saved:\n  `tax`: there is no column or measure `revenue`; did you mean \
         `[revenues]`? [SRN065]\n  at character 1 of the formula:\n      [revenue] * 0.2\n      ^^^^^^^^^\n  `net`: there is \
         no column or measure `revenue`; did you mean `[revenues]`? [SRN065]\n  at character 1 of the formula:\n      \
         [revenue] - [tax]\n      ^^^^^^^^^"
    );
    assert!(saved(&server).is_empty());
}

#[tokio::test]
async fn measures_without_columns_to_check_are_saved() {
    let server = server(json!({}), r#"{"columns_titles":[],"status":"ok"}"#, 0).await;
    assert_eq!(server.client().apply_measures::<Sales>().await.unwrap().created, ["tax", "net"]);
}

#[tokio::test]
async fn ambiguous_measures_are_not_changed() {
    for (measures, expected) in [
        (
            json!({"a1": formula("tax", "1"), "a2": formula("tax", "2")}),
            "source `sales` has 2 measures named `tax`; rename all but one of them: `a1`, `a2`",
        ),
        (
            json!({"a1": {"name": "tax", "type": CANARY}}),
            "the measure `tax` of source `sales` is not computed by a formula: rename or delete it first",
        ),
    ] {
        let server = server(measures, TITLES, 0).await;
        assert_eq!(server.client().apply_measures::<Sales>().await.unwrap_err().to_string(), expected);
        assert!(saved(&server).is_empty());
    }
}

#[tokio::test]
async fn drift_reports_another_formula() {
    let measures = json!({"m1": formula("tax", "[revenue] * 0.1"), "m2": {"name": "net", "type": "sql"}});
    let server = server(measures, TITLES, 0).await;
    let drift = server.client().drift::<Sales>().await.unwrap();
    let texts: Vec<String> = drift.iter().map(|drift| format!("{}: {drift}", drift.is_breaking())).collect();
    assert_eq!(
        texts,
        [
            "true: measure `tax` is declared as `[revenue] * 0.2` but the source has `[revenue] * 0.1`: `apply_measures` \
             updates the source"
        ]
    );
}

#[tokio::test]
async fn invalid_value_formula_is_not_sent() {
    let server = server(json!({"m1": formula("margin (%", "1")}), TITLES, 0).await;
    let client = server.client();
    let error = client.value_formula::<Sales>("sum([revnue]) / count(1, [cuntry])").await.unwrap_err();
    assert!(error.is_invalid_query(), "{error:?}");
    assert_eq!(error.problems().len(), 3, "{error}");
    assert!(error.to_string().contains("did you mean `[revenue]`?"), "{error}");
    let error = client.value_formula::<Sales>("[tax]").await.unwrap_err();
    assert!(error.to_string().contains("aggregate it, for example `sum([tax])`"), "{error}");
    assert_eq!(server.asked().len(), 0);

    let source = client.source("sales").await.unwrap();
    let error = source.value_formula("sum([revenue]").await.unwrap_err();
    assert!(error.to_string().starts_with("the query was not sent:\n  this `(` is never closed"), "{error}");
    assert_eq!(server.asked().len(), 1, "only the source was read");
    // The name of a measure may look like a formula.
    let _ = source.value_formula("margin (%").await;
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn valid_value_formula_is_sent() {
    let answer = r#"{"columns_titles":[{"name":"x","type":"float"}],"data":[[0.5]],"status":"ok"}"#;
    let server = server(json!({}), answer, 0).await;
    for formula in ["sum([revenue]) / count()", "sum([tax])", "quantile([revenue], 0.5)"] {
        assert_eq!(server.client().value_formula::<Sales>(formula).await.unwrap(), Some(0.5), "{formula}");
    }
}
