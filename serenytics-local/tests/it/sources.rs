//! Data sources, scripts and tasks: create, find, save, delete.

use serde_json::{Value, json};

use crate::support::{LocalEngine, by_name, empty};

#[tokio::test]
async fn source_is_the_same_object_in_every_response() {
    let engine = LocalEngine::start().await;
    let body = json!({"name": "ventes d'été", "type": "Storage", "jsonContent": {"separator": ";"}});
    let (status, made) = engine.call("POST", "/api/data_source", body.to_string()).await;
    assert_eq!(status, 201);
    let path = format!("/api/data_source/{}", made["uuid"].as_str().unwrap());
    assert_eq!(engine.call("GET", &path, "").await, (200, made.clone()));
    let list = json!({"num_results": 1, "objects": [made]});
    assert_eq!(engine.call("GET", "/api/data_source", "").await, (200, list.clone()));
    let (_, found) = engine.call("GET", &format!("/api/data_source{}", by_name("ventes d'été")), "").await;
    assert_eq!(found, list);
    let (_, found) = engine.call("GET", &format!("/api/data_source{}", by_name("ventes")), "").await;
    assert_eq!(found, json!({"num_results": 0, "objects": []}));

    let mut saved = made.clone();
    saved["name"] = json!("sales");
    saved["originalFileName"] = json!("a.csv");
    saved["jsonContent"] = json!({"measures": {"u": {"name": "m"}}});
    assert_eq!(engine.call("PUT", &path, saved.to_string()).await, (200, saved.clone()));
    assert_eq!(engine.call("GET", &path, "").await, (200, saved.clone()));

    let engine = engine.restart().await;
    assert_eq!(engine.call("GET", &path, "").await, (200, saved));
    assert_eq!(engine.call("DELETE", &path, "").await, (204, Value::Null));
    assert_eq!(engine.call("GET", &path, "").await.0, 404);
    assert_eq!(engine.call("DELETE", &path, "").await.0, 404);
}

#[tokio::test]
async fn source_with_mistakes_is_rejected() {
    let engine = LocalEngine::start().await;
    for (body, status) in [
        (r#"{"type": "Storage"}"#, 400),
        (r#"{"name": " ", "type": "Storage"}"#, 400),
        (r#"{"name": "x"}"#, 400),
        (r#"{"name": "x", "type": "Storage", "jsonContent": 1}"#, 400),
        (r#"{"name": "x", "type": "InnerJoin"}"#, 400),
        (r#"{"name": "x", "type": "MySQL"}"#, 501),
        ("{", 400),
        ("", 400),
    ] {
        assert_eq!(engine.call("POST", "/api/data_source", body).await.0, status, "{body}");
    }
    assert_eq!(engine.call("GET", "/api/data_source", "").await.1["num_results"], 0);
    let uuid = engine.storage().await;
    let path = format!("/api/data_source/{uuid}");
    for body in [r#"{"uuid": "x"}"#, r#"{"token": "x"}"#, r#"{"type": "InnerJoin"}"#, r#"{"name": ""}"#] {
        assert_eq!(engine.call("PUT", &path, body).await.0, 400, "{body}");
    }
    assert_eq!(engine.call("GET", "/api/data_source?q=nonsense", "").await.0, 400);
}

#[tokio::test]
async fn unknown_objects_are_404_and_paths_stay_in_the_data_folder() {
    let engine = LocalEngine::start().await;
    let unknown = "00000000-0000-4000-8000-000000000000";
    for uuid in [unknown, "nope", "..", "%2e%2e%2fcatalogue.sqlite", "..%2F..%2Fetc%2Fpasswd"] {
        for (method, path) in [
            ("GET", format!("/api/data_source/{uuid}")),
            ("POST", format!("/api/formatted_data/{uuid}")),
            ("POST", format!("/api/data_source/{uuid}/batch")),
            ("POST", format!("/api/data_source/{uuid}/file")),
            ("POST", format!("/api/data_source/{uuid}/reload_from_file")),
            ("GET", format!("/api/task/{uuid}")),
            ("GET", format!("/api/script/{uuid}")),
        ] {
            let (status, answer) = engine.call(method, &path, "{}").await;
            // HTTP clients resolve `..` before they send, which results in another path.
            assert!(status == 404 || (uuid == ".." && status >= 400), "{method} {path}: {status} {answer}");
        }
    }
}

#[tokio::test]
async fn source_delete_removes_its_data() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("a\n1\n").await;
    let other = engine.loaded("a\n2\n").await;
    assert_eq!(engine.call("DELETE", &format!("/api/data_source/{uuid}"), "").await.0, 204);
    assert!(!engine.folder.path().join("storages").join(&uuid).exists());
    assert!(!engine.folder.path().join("uploads").join(&uuid).exists());
    assert_eq!(engine.rows(&other, json!({})).await, json!([[2]]));
    assert_eq!(engine.ask(&uuid, json!({})).await.0, 404);
}

#[tokio::test]
async fn query_of_an_empty_storage_is_an_error() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    assert_eq!(engine.ask(&uuid, json!({"only_headers": true})).await, empty());
    assert_eq!(engine.ask(&uuid, json!({"data_processing_pipeline": [{"select": ["x"]}]})).await, empty());
    let (status, answer) = engine.call("POST", &format!("/api/data_source/{uuid}/invalidate_cache"), "").await;
    assert_eq!((status, answer), (200, json!({"status": "ok"})));
    let reload = format!("/api/data_source/{uuid}/reload_from_file");
    assert_eq!(engine.call("POST", &reload, "{}").await.0, 200);
}

#[tokio::test]
async fn sign_s3_directs_uploads_to_this_server() {
    let engine = LocalEngine::start().await;
    let path = "/api/data_source/sign_s3/?s3_object_type=csv%2Fgz&s3_object_name=x";
    let (status, answer) = engine.call("GET", path, "").await;
    assert_eq!((status, &answer["status"]), (200, &json!("error")));
}

#[tokio::test]
async fn reload_users_metadata_needs_login_as_first_column() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let path = format!("/api/data_source/{uuid}/reload_users_metadata");
    assert_eq!(engine.call("POST", &path, "").await, empty());
    engine.load(&uuid, "country,login\nFR,ada\n").await.unwrap();
    let (status, answer) = engine.call("POST", &path, "").await;
    assert_eq!(status, 400);
    assert!(answer["errors"][0].as_str().unwrap().contains("is \"country\", expected \"login\""), "{answer}");
    engine.load(&uuid, "login,country\nada,FR\n").await.unwrap();
    assert_eq!(engine.call("POST", &path, "").await, (200, json!({"status": "ok"})));
    assert_eq!(engine.call_with_key("POST", &path, "", None).await.0, 401);
}

#[tokio::test]
async fn reload_from_s3_needs_a_bucket_and_a_key() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("a\n1\n").await;
    let path = format!("/api/data_source/{uuid}/reload_from_s3");
    for (body, expected) in [
        (json!({"s3_key": "k"}), "needs `s3_bucket`"),
        (json!({"s3_bucket": "bucket"}), "needs `s3_key`"),
        (json!({"s3_bucket": "169.254.169.254/latest", "s3_key": "k"}), "invalid s3_bucket"),
        (json!({"s3_bucket": "bucket", "s3_key": "a/../../other/k"}), "expected the name of an object"),
        (json!({"s3_bucket": "bucket", "s3_key": "k", "s3_region": "evil.example/"}), "invalid s3_region"),
        (json!({"s3_bucket": "bucket", "s3_key": "k", "s3_credentials": "key"}), "aws_access_key_id=.."),
        (json!({"s3_bucket": "bucket", "s3_key": "k", "s3_csv_separator": "::"}), "expected one character"),
        (json!({"s3_bucket": "bucket", "s3_key": "k", "force_types": {"a": "text"}}), "expected one of str"),
    ] {
        let (status, answer) = engine.call("POST", &path, body.to_string()).await;
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(answer["errors"][0].as_str().unwrap().contains(expected), "{body}: {answer}");
    }
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1]]));
}

#[tokio::test]
async fn script_storage_round_trip() {
    let engine = LocalEngine::start().await;
    let body = json!({"name": "nightly", "schedule_infos": "", "code": "", "kind": "GENERIC_PYTHON"}).to_string();
    let (status, script) = engine.call("POST", "/api/script", body.clone()).await;
    assert_eq!(status, 201);
    assert_eq!(engine.call("POST", "/api/script", body).await.0, 400, "names are unique");
    let path = format!("/api/script/{}", script["uuid"].as_str().unwrap());
    assert_eq!(engine.call("GET", &path, "").await, (200, script.clone()));
    let (_, found) = engine.call("GET", &format!("/api/script{}", by_name("nightly")), "").await;
    assert_eq!(found, json!({"num_results": 1, "objects": [script]}));
    let storage = format!("{path}/storage");
    assert_eq!(engine.call("GET", &storage, "").await, (200, Value::Null));
    let stored = json!({"last": {"__type__": "datetime", "value": "2013-01-01T00:00:00"}, "n": [1, 2]});
    assert_eq!(engine.call("PUT", &storage, stored.to_string()).await.0, 200);
    let engine = engine.restart().await;
    assert_eq!(engine.call("GET", &storage, "").await, (200, stored));
    assert_eq!(engine.call("POST", &format!("{path}/run"), "{}").await.0, 501);
    assert_eq!(engine.call("DELETE", &path, "").await.0, 204);
    assert_eq!(engine.call("GET", &path, "").await.0, 404);
}
