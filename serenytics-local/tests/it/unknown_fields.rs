//! Fields of JSON bodies that the server does not know: rejected with a suggestion, or ignored if the server is told to.

use serde_json::{Value, json};

use crate::support::{LocalEngine, TestServer};

/// Sends a body and returns the errors of the rejection.
async fn rejected(engine: &LocalEngine, method: &str, path: &str, body: &str) -> Vec<String> {
    let (status, answer) = engine.call(method, path, body.to_owned()).await;
    assert_eq!((status, &answer["status"]), (400, &json!("error")), "{path} {body}: {answer}");
    answer["errors"].as_array().unwrap().iter().map(|error| error.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn unknown_field_of_a_query_is_rejected_with_a_suggestion() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    engine.insert(&uuid, json!([{"n": 1, "a": "x"}, {"n": 2, "a": "y"}])).await;
    let query = format!("/api/formatted_data/{uuid}");
    for (body, expected) in [
        (
            r#"{"data_processing_pipline": [{"limit": 1}]}"#,
            "unknown field `data_processing_pipline`; did you mean `data_processing_pipeline`?",
        ),
        (r#"{"Order": "row_by_row"}"#, "unknown field `Order`; did you mean `order`?"),
        (r#"{"only_header": true}"#, "unknown field `only_header`; did you mean `only_headers`?"),
        (
            r#"{"filters": []}"#,
            "unknown field `filters`; expected one of `order`, `format`, `only_headers`, `data_processing_pipeline`",
        ),
        // A clause outside its stage.
        (
            r#"{"where": [{"name": "n", "op": "==", "value": "1"}]}"#,
            "unknown field `where`; expected one of `order`, `format`, `only_headers`, `data_processing_pipeline`",
        ),
        (r#"{"order": "row_by_rows"}"#, "unknown `order`: `row_by_rows`; did you mean `row_by_row`?"),
        (r#"{"order": "x"}"#, "unknown `order`: `x`; expected one of `row_by_row`, `column_by_column`"),
        (r#"{"format": "csv"}"#, "unknown `format`: `csv`; expected one of `simple_array`"),
        (
            r#"{"data_processing_pipeline": [{"limit": NaN}]}"#,
            "invalid JSON body: expected value at line 1 column 41; `NaN` is allowed only in rows and stored values: \
             use `null`",
        ),
        (
            r#"{"data_processing_pipeline": [{"limit": "3"}]}"#,
            "invalid JSON body: `data_processing_pipeline[0].limit`: invalid type: string \"3\", expected i64 at line 1 \
             column 43",
        ),
        (
            r#"{"data_processing_pipeline": [["n"]]}"#,
            "invalid JSON body: `data_processing_pipeline[0]`: invalid type: sequence, expected an object at line 1 \
             column 31",
        ),
    ] {
        assert_eq!(rejected(&engine, "POST", &query, body).await, [expected], "{body}");
    }
    for (stage, expected) in [
        (json!({"were": []}), "unknown field `were` in `data_processing_pipeline[0]`; did you mean `where`?"),
        (
            json!({"group-by": ["a"]}),
            "unknown field `group-by` in `data_processing_pipeline[0]`; did you mean `group_by`?",
        ),
        (json!({"sort": ["a"]}), "unknown field `sort` in `data_processing_pipeline[0]`; expected one of"),
        (
            json!({"select": ["a", {"name": "n", "agg_fonction": "sum"}]}),
            "unknown field `agg_fonction` in `data_processing_pipeline[0].select[1]`; did you mean `agg_function`?",
        ),
        (
            json!({"select": ["n"], "order_by": [{"name": "n", "dir": "desc"}]}),
            "unknown field `dir` in `data_processing_pipeline[0].order_by[0]`; did you mean `direction`?",
        ),
        (
            json!({"where": [{"name": "n", "op": "==", "value": "1", "negate": true}]}),
            "unknown field `negate` in `data_processing_pipeline[0].where[0]`; expected one of `name`, `op`, `value`",
        ),
        (
            json!({"select": [{"name": "n", "agg_function": "smu"}]}),
            "invalid JSON body: `data_processing_pipeline[0].select[0].agg_function`: unknown variant `smu`",
        ),
        (
            json!({"select": [["n"]]}),
            "invalid JSON body: `data_processing_pipeline[0].select[0]`: invalid type: sequence",
        ),
    ] {
        let error = engine.rejection(&uuid, stage.clone()).await;
        assert!(error.starts_with(expected), "{stage}: {error}");
    }
    // Each unknown field is reported.
    let errors = engine.rejection(&uuid, json!({"were": [], "limt": 1, "select": [{"name": "n", "x": 1}]})).await;
    assert_eq!(errors.matches("unknown field").count(), 3, "{errors}");
    // Known fields without a value, and those of other clients.
    let stage =
        json!({"select": [{"name": "n", "agg_function": null, "measureUuid": null}], "where": [], "limit": null});
    assert_eq!(engine.rows(&uuid, stage).await, json!([[1], [2]]));
    let (status, answer) = engine.ask(&uuid, json!({"order": "row_by_row", "format": "simple_array"})).await;
    assert_eq!((status, &answer["data"]), (200, &json!([["x", 1], ["y", 2]])));
}

#[tokio::test]
async fn unknown_field_of_every_other_body_is_rejected() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    engine.insert(&uuid, json!([{"n": 1}])).await;
    let source = format!("/api/data_source/{uuid}");
    let (_, web_app) = engine.call("POST", "/api/web_app", r#"{"name": "w"}"#).await;
    let web_app = format!("/api/web_app/{}", web_app["uuid"].as_str().unwrap());
    let path = |end: &str| format!("{source}/{end}");
    let calls = [
        ("POST", path("batch"), r#"{"operations": [{"action": "delete", "row": [1], "primaryKey": "n"}]}"#, "row"),
        (
            "POST",
            path("batch"),
            r#"{"operations": [{"action": "delete", "rows": [1], "primary_key": "n"}]}"#,
            "primary_key",
        ),
        ("POST", path("batch"), r#"{"operations": [], "asinc": true}"#, "asinc"),
        ("POST", path("reload_from_file"), r#"{"primary_key": "n", "async": true}"#, "primary_key"),
        ("POST", path("update_from_file"), r#"{"primary_key": "n", "asynchronous": true}"#, "asynchronous"),
        ("POST", path("reload_from_s3"), r#"{"s3_bucket": "b", "s3_key": "k", "csv_separator": ";"}"#, "csv_separator"),
        ("POST", path("export_source_data"), r#"{"format": "parquet"}"#, "format"),
        (
            "POST",
            "/api/data_source".to_owned(),
            r#"{"name": "x", "type": "Storage", "json_content": {}}"#,
            "json_content",
        ),
        ("PUT", source.clone(), r#"{"Name": "x"}"#, "Name"),
        ("POST", format!("{web_app}/sharings"), r#"{"username_to_share_with": "ada", "rigths": "w"}"#, "rigths"),
        ("POST", format!("{web_app}/embed"), r#"{"expire_in": 60, "paylod": {}}"#, "paylod"),
        ("POST", format!("{web_app}/generate_pdf"), r#"{"store_pdf": false, "tab_options": []}"#, "tab_options"),
        (
            "POST",
            format!("{web_app}/generate_pdf"),
            r#"{"store_pdf": false, "tabs_options": [{"tabIndex": 1, "dynfilter": []}]}"#,
            "dynfilter",
        ),
        ("POST", "/api/email".to_owned(), r#"{"subject": "s", "recipients": ["a@b.c"], "html": "h", "cc": []}"#, "cc"),
        (
            "POST",
            "/api/integrations/slack/post_msg".to_owned(),
            r#"{"channel": "c", "text_msg": "t", "text": 1}"#,
            "text",
        ),
    ];
    for (method, path, body, field) in calls {
        let errors = rejected(&engine, method, &path, body).await;
        assert_eq!(errors.len(), 1, "{path}: {errors:?}");
        assert!(errors[0].starts_with(&format!("unknown field `{field}`")), "{path}: {errors:?}");
    }
    let listed = engine.call("GET", "/api/data_source?q=%7B%22filtres%22%3A%5B%5D%7D", "").await;
    assert_eq!(
        listed,
        (400, json!({"status": "error", "errors": ["unknown field `filtres`; did you mean `filters`?"]}))
    );
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1]]), "a rejected batch changed rows");
    // The columns of rows, parameters and stored configurations are the user's.
    engine.insert(&uuid, json!([{"n": 2, "where": 1}])).await;
    let (_, read) = engine.call("GET", &source, "").await;
    let (status, saved) = engine.call("PUT", &source, read.to_string()).await;
    assert_eq!((status, &saved), (200, &read), "a source cannot be saved as it was read");
    let own = json!({"jsonContent": {"anything": {"at": "all"}}}).to_string();
    assert_eq!(engine.call("PUT", &source, own.clone()).await.0, 200);
    assert_eq!(engine.call("PUT", &web_app, own).await.0, 200);
    // The bodies that the official client sends, with the fields that the server does not use.
    let email = json!({"subject": "s", "recipients": ["a@example.com"], "html": "h", "web_app_uuid": null,
        "pdf_file_name": null, "from_address": null, "file_to_attach_uuid": null, "file_to_attach_name": null,
        "dashboard_payload": null});
    assert_eq!(engine.call("POST", "/api/email", email.to_string()).await.0, 200);
    assert_eq!(engine.call("POST", &path("batch"), r#"{"async": true, "operations": []}"#).await.0, 200);
}

#[tokio::test]
async fn unknown_fields_are_ignored_if_the_server_is_told_to() {
    let server = TestServer::start(|s| s.api_key("key").ignore_unknown_fields()).await;
    let uuid = server.storage("key", json!([{"n": 1}, {"n": 2}])).await;
    let rows = async |body: Value| {
        let (status, answer) =
            server.call("key", "POST", &format!("/api/formatted_data/{uuid}"), &body.to_string()).await;
        assert_eq!(status, 200, "{body}: {answer}");
        answer["data"].clone()
    };
    let by_row = |stage: Value| json!({"order": "row_by_row", "version": 2, "data_processing_pipeline": [stage]});
    assert_eq!(rows(by_row(json!({"select": [{"name": "n", "label": "N"}], "were": []}))).await, json!([[1], [2]]));
    assert_eq!(rows(json!({"order": "by_column", "format": "arrow"})).await, json!([[1, 2]]));
    let body = r#"{"name": "x", "type": "Storage", "folder": "f"}"#;
    assert_eq!(server.call("key", "POST", "/api/data_source", body).await.0, 201);
    let (status, list) = server.call("key", "GET", "/api/data_source?q=%7B%22filtres%22%3A%5B%5D%7D", "").await;
    assert_eq!((status, &list["num_results"]), (200, &json!(2)));
}

#[tokio::test]
async fn batch_row_of_nothing_but_unknown_columns_is_rejected() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    engine.insert(&uuid, json!([{"country": "FR", "revenue": 1}])).await;
    for (operation, expected) in [
        (
            json!({"action": "insert", "rows": [{"country": "US"}, {"contry": "US", "revenu": 2}]}),
            "the storage has none of the columns `contry`, `revenu` of the row; did you mean `country`?; operation 1, row 2",
        ),
        (
            json!({"action": "insert", "rows": [{"x": 1}]}),
            "the storage has none of the columns `x` of the row; its columns are `country`, `revenue`; operation 1, row 1",
        ),
        (
            json!({"action": "insertOrUpdate", "primaryKey": "country", "rows": [{"Pays": "FR"}]}),
            "the storage has none of the columns `Pays` of the row",
        ),
    ] {
        let (status, answer) = engine.batch(&uuid, json!([operation])).await;
        assert_eq!(status, 400, "{answer}");
        let errors: Vec<_> = answer["errors"].as_array().unwrap().iter().map(|e| e.as_str().unwrap()).collect();
        assert!(errors.join("; ").starts_with(expected), "{errors:?}");
    }
    // Unknown columns next to known ones are ignored, as on the platform.
    engine.insert(&uuid, json!([{"country": "US", "x": 1}])).await;
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([["FR", 1], ["US", null]]));
}
