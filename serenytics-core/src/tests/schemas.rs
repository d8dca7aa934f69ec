//! Schemas: schema files of live sources, and drift.

use serenytics_query::schema::SourceRef;
use serenytics_query::schema_file::SchemaFile;
use serenytics_query::source::{Source, named, with_uuid};

use super::list;
use super::server::{Reply, TestServer, ok};

/// A source that declares a string and a measure.
struct Sales;

impl Source for Sales {
    const SOURCE: SourceRef = named("sales");
    const ENCODED: &'static str = "name\u{1f}sales\u{1e}country\u{1f}country\u{1f}str\u{1f}\u{1f}\u{1f}\u{1e}margn\u{1f}margn\u{1f}float\u{1f}\u{1f}measure\u{1f}";
    type Columns = ();
    const COLUMNS: () = ();
}

struct ByUuid;

impl Source for ByUuid {
    const SOURCE: SourceRef = with_uuid("u1");
    const ENCODED: &'static str = "uuid\u{1f}u1\u{1e}country\u{1f}country\u{1f}int\u{1f}\u{1f}\u{1f}";
    type Columns = ();
    const COLUMNS: () = ();
}

const TITLES: &str = r#"{"columns_titles":[{"name":"country","type":"str"},{"name":"order date","type":"datetime"},{"name":"shape","type":"geo"}],"status":"ok"}"#;

/// Starts a server with the source. Its measure has another name when the source is read by uuid.
async fn server(titles: &'static str) -> TestServer {
    let source = |measure: &str| {
        format!(
            r#"{{"uuid":"u1","name":"sales","type":"Storage","jsonContent":{{"measures":{{"m1":{{"name":"{measure}"}},"m2":{{}}}}}}}}"#
        )
    };
    TestServer::start(move |_, asked| match asked.line.as_str() {
        "POST /api/formatted_data/u1" => ok(titles),
        "GET /api/data_source/u1" => ok(source("margin")),
        "GET /api/data_source/u2" => Reply::Answer(404, "", String::new()),
        _ => list(&[&source("margins")]),
    })
    .await
}

#[tokio::test]
async fn schema_file_is_created_from_a_live_source() {
    let server = server(TITLES).await;
    let source = server.client().source("sales").await.unwrap();
    let file = source.schema_file().await.unwrap();
    assert_eq!(
        file.to_json().unwrap(),
        r#"{
  "source": "sales",
  "columns": [
    {
      "name": "country",
      "type": "str",
      "nullable": true
    },
    {
      "name": "order date",
      "field": "order_date",
      "type": "datetime",
      "nullable": true
    },
    {
      "name": "margin",
      "type": "float",
      "nullable": true,
      "kind": "measure"
    }
  ]
}
"#
    );
    let before =
        r#"{"source": "sales", "uuid": "u1", "columns": [{"name": "order date", "field": "at", "type": "str"}]}"#;
    let after = source.schema_file_after(&SchemaFile::from_json(before).unwrap()).await.unwrap();
    assert_eq!((after.uuid.as_deref(), after.columns[1].field()), (Some("u1"), "at"));
    assert!(!after.columns[1].nullable);
}

#[tokio::test]
async fn schema_file_of_a_source_without_columns_is_an_error() {
    for (titles, expected) in [
        (r#"{"errors":["Storage source is empty"]}"#, "source `sales` has no columns yet"),
        (
            r#"{"columns_titles":[],"status":"ok"}"#,
            "source `sales` has no columns yet: load data into the storage first",
        ),
    ] {
        let source = server(titles).await.client().source("sales").await.unwrap();
        let error = source.schema_file().await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn drift_compares_a_declaration_with_the_live_source() {
    let server = server(TITLES).await;
    let client = server.client();
    let drift: Vec<String> = client.drift::<Sales>().await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(drift[0], "the source has no measure `margn`; did you mean `margins`?");
    assert_eq!(drift.len(), 4, "{drift:?}");
    let drift: Vec<String> = client.drift::<ByUuid>().await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(drift[0], "column `country` is declared as int but the source has str");

    // A source that was found earlier is compared in its current state.
    let source = client.source("sales").await.unwrap();
    let drift = source.drift(&Sales::schema()).await.unwrap();
    assert_eq!(drift[0].to_string(), "the source has no measure `margn`; did you mean `margin`?");
}
