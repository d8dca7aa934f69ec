//! The data API: access of its keys, and the JSON and CSV formats.

use serde_json::{Value, json};
use serenytics_local::{Server, ServerBuilder};

use crate::support::TestServerWithKey;

fn opened(builder: ServerBuilder) -> ServerBuilder {
    builder.data_api_key("reader").data_api_key("other reader").data_api_source("sales")
}

/// Creates a storage with rows and returns its uuid.
async fn storage(served: &TestServerWithKey, name: &str, rows: Value) -> String {
    let body = json!({"name": name, "type": "Storage", "jsonContent": {}}).to_string();
    let (_, source) = served.call("POST", "/api/data_source", body).await;
    let uuid = source["uuid"].as_str().unwrap().to_owned();
    let batch = json!({"async": false, "operations": [{"action": "insert", "rows": rows}]}).to_string();
    assert_eq!(served.call("POST", &format!("/api/data_source/{uuid}/batch"), batch).await.0, 200);
    uuid
}

fn sales() -> Value {
    json!([
        {"country": "F,\"R", "revenue": 12.5, "invoice": 1, "day": "2013-01-01T05:00:00"},
        {"country": "", "revenue": 3.0, "invoice": null, "day": null},
        {"country": "été", "revenue": 1e300, "invoice": -4, "day": "2013-01-02T05:00:00.25"},
    ])
}

async fn asked(served: &TestServerWithKey, path: &str, body: Value) -> (u16, String) {
    served.text("POST", path, body.to_string(), Some("reader")).await
}

#[tokio::test]
async fn data_api_key_reads_only_its_sources() {
    let served = TestServerWithKey::start(opened).await;
    let uuid = storage(&served, "sales", sales()).await;
    let hidden = storage(&served, "wages", sales()).await;
    for key in ["reader", "other reader"] {
        let (status, list) = served.text("GET", "/data-api/datasources_list", "", Some(key)).await;
        let list: Value = serde_json::from_str(&list).unwrap();
        let expected = json!({"num_results": 1, "objects": [{"uuid": uuid, "name": "sales"}]});
        assert_eq!((status, list), (200, expected));
    }
    let (status, model) = served.text("POST", &format!("/data-api/query-model/{uuid}"), "", Some("reader")).await;
    let model: Value = serde_json::from_str(&model).unwrap();
    let columns = json!([
        {"name": "country", "type": "str"},
        {"name": "day", "type": "datetime"},
        {"name": "invoice", "type": "int"},
        {"name": "revenue", "type": "float"},
    ]);
    assert_eq!((status, &model["columns_titles"]), (200, &columns));
    for call in ["query-model", "query-data"] {
        for uuid in [hidden.as_str(), "00000000-0000-4000-8000-000000000000", "no uuid"] {
            let (status, answer) = asked(&served, &format!("/data-api/{call}/{uuid}"), json!({})).await;
            assert_eq!(status, 404);
            assert!(answer.contains("there is no data source with uuid"), "{answer}");
        }
    }
}

#[tokio::test]
async fn data_api_returns_json_or_csv() {
    let served = TestServerWithKey::start(|builder| builder.data_api_key("reader").data_api_source("sales")).await;
    let uuid = storage(&served, "sales", sales()).await;
    let path = format!("/data-api/query-data/{uuid}");
    let all = json!([
        ["F,\"R", "2013-01-01T05:00:00", 1, 12.5],
        ["", null, null, 3.0],
        ["été", "2013-01-02T05:00:00.25", -4, 1e300],
    ]);
    for body in ["", "{}", r#"{"format": "json"}"#, r#"{"format": "json", "query": null}"#] {
        let (status, answer) = served.text("POST", &path, body, Some("reader")).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((status, &answer["data"]), (200, &all), "{body}");
    }
    let (status, csv) = asked(&served, &path, json!({"format": "csv"})).await;
    assert_eq!(status, 200);
    assert_eq!(
        csv,
        "country,day,invoice,revenue\n\
         \"F,\"\"R\",2013-01-01T05:00:00,1,12.5\n\
         \"\",,,3.0\n\
         été,2013-01-02T05:00:00.25,-4,1e+300\n"
    );
    let stage = json!({"select": [{"name": "revenue", "agg_function": "sum"}], "where": [{"name": "revenue", "op": "<", "value": "20"}]});
    for query in [stage.clone(), json!({"data_processing_pipeline": [stage]})] {
        let (_, answer) = asked(&served, &path, json!({"query": query})).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["data"], json!([[15.5]]));
        let (_, csv) = asked(&served, &path, json!({"format": "csv", "query": query})).await;
        assert_eq!(csv, "sum(revenue)\n15.5\n");
    }
    for (body, expected) in [
        (json!({"format": "xml"}), "unknown variant"),
        (json!({"query": {"select": ["revenu"]}}), "did you mean `revenue`"),
        (json!({"query": {"where": [{"name": "revenue", "op": "~", "value": 1}]}}), "invalid `query`"),
        (json!({"query": [1]}), "invalid `query`"),
        (json!({"query": {"were": []}}), "unknown field `were` in `query`; did you mean `where`?"),
        (json!({"qery": {}}), "unknown field `qery`; did you mean `query`?"),
        (json!({"query": {"order": "column_by_column"}}), "leave out `order`, or write `row_by_row`"),
        (json!({"query": {"order": "row"}}), "unknown `order`: `row`"),
        (json!({"query": {"only_headers": true}}), "get the columns from /data-api/query-model"),
        (
            json!({"query": {"data_processing_pipeline": [{"were": []}]}}),
            "unknown field `were` in `query.data_processing_pipeline[0]`",
        ),
        (json!({"format": "csv", "query": {"select": ["revenu"]}}), "did you mean `revenue`"),
    ] {
        let (status, answer) = asked(&served, &path, body.clone()).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer.contains(expected), "{answer}");
    }
}

#[tokio::test]
async fn data_api_keys_and_api_keys_are_not_interchangeable() {
    let served = TestServerWithKey::start(opened).await;
    let uuid = storage(&served, "sales", sales()).await;
    for path in ["/data-api/datasources_list".to_owned(), format!("/data-api/query-data/{uuid}")] {
        let method = if path.ends_with("list") { "GET" } else { "POST" };
        for key in [None, Some(""), Some("key"), Some("read")] {
            assert_eq!(served.text(method, &path, "", key).await.0, 401, "{path} {key:?}");
        }
    }
    for (method, path) in [
        ("GET", "/api/data_source".to_owned()),
        ("POST", format!("/api/formatted_data/{uuid}")),
        ("DELETE", format!("/api/data_source/{uuid}")),
    ] {
        assert_eq!(served.text(method, &path, "{}", Some("reader")).await.0, 401, "{path}");
    }
    let served = TestServerWithKey::start(|builder| builder).await;
    assert_eq!(served.text("GET", "/data-api/datasources_list", "", Some("key")).await.0, 401);

    let folder = tempfile::tempdir().unwrap();
    for (key, expected) in [("key", "is also an API key"), (" ", "is empty")] {
        let server = Server::builder(folder.path()).api_key("key").data_api_key(key);
        let error = server.start().await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn data_api_csv_writes_non_finite_floats_as_empty_fields() {
    let served = TestServerWithKey::start(opened).await;
    let uuid = storage(&served, "sales", json!([{"revenue": 1e308}, {"revenue": 1e308}])).await;
    let query = json!({"select": [
        {"name": "revenue", "agg_function": "sum"}, {"name": "revenue", "agg_function": "min"}]});
    let path = format!("/data-api/query-data/{uuid}");
    let (status, csv) = asked(&served, &path, json!({"format": "csv", "query": query})).await;
    assert_eq!((status, csv.lines().nth(1)), (200, Some(",1e+308")), "{csv:?}");
    let (_, json) = asked(&served, &path, json!({"query": query})).await;
    assert!(json.contains("[[null,1e+308]]"), "{json}");
}
