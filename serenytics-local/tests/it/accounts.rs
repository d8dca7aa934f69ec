//! Accounts: the keys of one account cannot see the objects of another.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use serenytics_local::Server;

use crate::support::{TestServer, UNKNOWN};

/// A server with two accounts. The first one has an object of each kind.
struct Two {
    server: TestServer,
    source: String,
    script: String,
    web_app: String,
    task: String,
}

impl Two {
    async fn start() -> Two {
        let server = TestServer::start(|server| {
            let server = server.account_key("a", "key a").account_key("b", "key b").allow_scripts();
            // Nothing listens there.
            server.s3_endpoint("http://127.0.0.1:9")
        })
        .await;
        let (_, source) = server.call("key a", "POST", "/api/data_source", STORAGE).await;
        let source = source["uuid"].as_str().unwrap().to_owned();
        let batch = r#"{"operations": [{"action": "insert", "rows": [{"login": 1}]}]}"#;
        let path = format!("/api/data_source/{source}");
        assert_eq!(server.call("key a", "POST", &format!("{path}/batch"), batch).await.0, 200);
        let (_, reload) = server.call("key a", "POST", &format!("{path}/reload_from_file"), "{}").await;
        let task = reload["task_id"].as_str().unwrap().to_owned();
        let (_, web_app) = server.call("key a", "POST", "/api/web_app", r#"{"name": "sales"}"#).await;
        let web_app = web_app["uuid"].as_str().unwrap().to_owned();
        let nightly = r#"{"name": "nightly", "code": "print(1)"}"#;
        let (_, script) = server.call("key a", "POST", "/api/script", nightly).await;
        let script = script["uuid"].as_str().unwrap().to_owned();
        Two { server, source, script, web_app, task }
    }
}

const STORAGE: &str = r#"{"name": "sales", "type": "Storage", "jsonContent": {}}"#;

#[tokio::test]
async fn account_sees_only_its_own_objects() {
    let two = Two::start().await;
    let server = &two.server;
    for path in ["/api/data_source", "/api/script", "/api/web_app"] {
        assert_eq!(server.call("key a", "GET", path, "").await.1["num_results"], 1, "{path}");
        let nothing = json!({"num_results": 0, "objects": []});
        assert_eq!(server.call("key b", "GET", path, "").await, (200, nothing.clone()));
        let filter = "?q=%7B%22filters%22%3A%5B%7B%22name%22%3A%22name%22%2C%22op%22%3A%22eq%22%2C%22val%22%3A%22";
        for name in ["sales", "nightly"] {
            let by_name = format!("{path}{filter}{name}%22%7D%5D%7D");
            assert_eq!(server.call("key b", "GET", &by_name, "").await, (200, nothing.clone()));
        }
    }
    // Both accounts can use the same name.
    assert_eq!(server.call("key b", "POST", "/api/script", r#"{"name": "nightly"}"#).await.0, 201);
    assert_eq!(server.call("key a", "POST", "/api/script", r#"{"name": "nightly"}"#).await.0, 400);
}

#[tokio::test]
async fn join_over_another_accounts_storage_is_an_unknown_source() {
    let two = Two::start().await;
    let (_, own) = two.server.call("key b", "POST", "/api/data_source", STORAGE).await;
    let own = own["uuid"].as_str().unwrap();
    let answer = async |other: &str| {
        let on = json!([{"left": format!("{own}.n"), "right": "n"}]);
        let join = json!({"name": "j", "type": "InnerJoin", "jsonContent": {"joinConfig": [
            {"uuid": own, "prefix": "a"}, {"uuid": other, "prefix": "b", "on": on}]}});
        let (status, answer) = two.server.call("key b", "POST", "/api/data_source", &join.to_string()).await;
        (status, answer.to_string().replace(other, "UUID"))
    };
    let (status, error) = answer(&two.source).await;
    assert_eq!(status, 400);
    assert!(error.contains("which does not exist"), "{error}");
    assert_eq!((status, error), answer(UNKNOWN).await);
}

#[tokio::test]
async fn user_keys_belong_to_the_account_of_the_login() {
    let server = TestServer::start(|server: serenytics_local::ServerBuilder| {
        server.api_key("plain").account_key("ada", "key of ada").user("ada", "engine").user("default", "motor")
    })
    .await;
    assert_eq!(server.call("plain", "POST", "/api/data_source", STORAGE).await.0, 201);
    let (ada, shared) = (server.log_in("ada", "engine").await, server.log_in("default", "motor").await);
    let count = async |key: &str| server.call(key, "GET", "/api/data_source", "").await.1["num_results"].clone();
    assert_eq!((count("plain").await, count(&shared).await), (json!(1), json!(1)));
    assert_eq!((count("key of ada").await, count(&ada).await), (json!(0), json!(0)));
    assert_eq!(server.call(&ada, "POST", "/api/data_source", STORAGE).await.0, 201);
    assert_eq!(server.call("key of ada", "POST", "/api/script", r#"{"name": "x"}"#).await.0, 201);
    assert_eq!((count("key of ada").await, count("plain").await), (json!(1), json!(1)));
    // A created key still works after its user is removed from the configuration.
    let server = server.restart(|server| server.api_key("plain")).await;
    let (status, scripts) = server.call(&ada, "GET", "/api/script", "").await;
    assert_eq!((status, &scripts["num_results"]), (200, &json!(1)));
    assert_eq!(server.call("key of ada", "GET", "/api/script", "").await.0, 401);
}

#[tokio::test]
async fn push_token_works_for_any_account() {
    let two = Two::start().await;
    let path = format!("/api/data_source/{}", two.source);
    let (_, source) = two.server.call("key a", "GET", &path, "").await;
    let push = format!("{path}/push/{}", source["token"].as_str().unwrap());
    assert_eq!(two.server.call("", "POST", &push, r#"{"login": 2}"#).await.0, 200);
    assert_eq!(two.server.call("key b", "POST", &push, r#"{"login": 3}"#).await.0, 200);
    let query = format!("/api/formatted_data/{}", two.source);
    let (_, answer) = two.server.call("key a", "POST", &query, "{}").await;
    assert_eq!(answer["data"], json!([[1, 2, 3]]));
}

/// Returns every call on an object of an account, with bodies that are valid for the owner.
fn calls(two: &Two) -> Vec<(&'static str, String, &'static str)> {
    let source = format!("/api/data_source/{}", two.source);
    let script = format!("/api/script/{}", two.script);
    let web_app = format!("/api/web_app/{}", two.web_app);
    let batch = r#"{"operations": [{"action": "insert", "rows": [{"login": 1}]}]}"#;
    vec![
        ("GET", source.clone(), ""),
        ("PUT", source.clone(), r#"{"name": "renamed"}"#),
        ("POST", format!("{source}/file"), "login\n1\n"),
        ("POST", format!("{source}/reload_from_file"), "{}"),
        ("POST", format!("{source}/update_from_file"), r#"{"primary_key": "login"}"#),
        ("POST", format!("{source}/reload_from_s3"), r#"{"s3_bucket": "bucket", "s3_key": "key"}"#),
        ("POST", format!("{source}/batch"), batch),
        ("POST", format!("{source}/export_source_data"), "{}"),
        ("POST", format!("{source}/reload_users_metadata"), ""),
        ("POST", format!("{source}/invalidate_cache"), ""),
        ("POST", format!("/api/formatted_data/{}", two.source), "{}"),
        ("GET", format!("/api/task/{}", two.task), ""),
        ("GET", script.clone(), ""),
        ("GET", format!("{script}/storage"), ""),
        ("PUT", format!("{script}/storage"), "[1]"),
        ("POST", format!("{script}/run"), "{}"),
        ("GET", format!("{script}/state"), ""),
        ("GET", format!("{script}/logs"), ""),
        ("DELETE", script, ""),
        ("GET", web_app.clone(), ""),
        ("PUT", web_app.clone(), r#"{"name": "renamed"}"#),
        ("GET", format!("{web_app}/data_sources"), ""),
        ("POST", format!("{web_app}/generate_pdf"), r#"{"store_pdf": false}"#),
        ("POST", format!("{web_app}/sharings"), r#"{"username_to_share_with": "ada"}"#),
        ("POST", format!("{web_app}/embed"), r#"{"expire_in": 60}"#),
        ("DELETE", web_app, ""),
        ("DELETE", source, ""),
    ]
}

#[tokio::test]
async fn other_accounts_objects_look_unknown() {
    let two = Two::start().await;
    for (method, path, body) in calls(&two) {
        for body in [body, "{", r#"{"name": ""}"#] {
            let ids = [&two.source, &two.script, &two.web_app, &two.task];
            let id = ids.into_iter().find(|id| path.contains(id.as_str())).unwrap();
            let (status, theirs) = two.server.call("key b", method, &path, body).await;
            let unknown = two.server.call("key b", method, &path.replace(id, UNKNOWN), body).await;
            let theirs: Value = serde_json::from_str(&theirs.to_string().replace(id, UNKNOWN)).unwrap();
            assert_eq!((status, &theirs), (unknown.0, &unknown.1), "{method} {path} {body}");
            // Invalid bodies are rejected before the owner is checked.
            assert!(status == 404 || (status == 400 && body == "{"), "{method} {path} {body}: {theirs}");
        }
    }
    // No call changed anything, and the owner still sees all objects.
    for (method, path, body) in calls(&two) {
        let (status, answer) = two.server.call("key a", method, &path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    }
}

/// Returns the calls of the OpenAPI document whose path has a uuid and that need a key.
async fn documented(two: &Two) -> BTreeSet<String> {
    let (_, document) = two.server.call("", "GET", "/api/openapi.json", "").await;
    let paths = document["paths"].as_object().unwrap().iter();
    // Clients choose the uuid of an upload, and the data API has separate keys.
    let owned = paths.filter(|(path, _)| path.contains("{uuid}") && path.starts_with("/api/"));
    let owned = owned.filter(|(path, _)| !path.contains("/upload_file/"));
    let calls = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().iter();
        // Requests with a push token or a signed link have their credential in the path.
        let with_key = methods.filter(|(key, call)| *key != "parameters" && call["security"] != json!([]));
        with_key.map(|(method, _)| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
    };
    owned.flat_map(calls).collect()
}

#[tokio::test]
async fn account_isolation_test_covers_every_call() {
    let two = Two::start().await;
    let tried = calls(&two).into_iter().map(|(method, path, _)| {
        let path = [&two.source, &two.script, &two.web_app, &two.task]
            .iter()
            .fold(path, |path, id| path.replace(id.as_str(), "{uuid}"));
        format!("{method} {path}")
    });
    let (tried, documented) = (tried.collect::<BTreeSet<_>>(), documented(&two).await);
    assert_eq!(tried, documented, "add the calls that are missing to `calls`");
}

#[tokio::test]
async fn credentials_with_mistakes_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let start = |server: serenytics_local::ServerBuilder| async { server.start().await.unwrap_err().to_string() };
    let builder = || Server::builder(folder.path());
    let error = start(builder().api_key("same").account_key("b", "same")).await;
    assert_eq!(error, r#"the accounts "default" and "b" have the same API key"#);
    let error = start(builder().user("ada", "one").user("ada", "two")).await;
    assert_eq!(error, r#"the user "ada" is repeated"#);
    let error = start(builder().account_key("a:b", "key")).await;
    assert!(error.starts_with(r#"invalid account name or login "a:b""#), "{error}");
}

#[tokio::test]
async fn emails_and_attachments_belong_to_one_account() {
    let server =
        TestServer::start(|server| server.account_key("a/..", "key a").account_key("b", "key b").mail_quota(1)).await;
    let mail = |more: Value| {
        let mut mail = json!({"subject": "A mail", "recipients": ["ada@example.com"], "html": ""});
        mail.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        mail.to_string()
    };
    let upload = format!("/api/upload_file/{UNKNOWN}");
    assert_eq!(server.call("key a", "POST", &upload, "secret").await.0, 201);
    let attached = mail(json!({"file_to_attach_uuid": UNKNOWN, "file_to_attach_name": "report.csv"}));
    assert_eq!(server.call("key b", "POST", "/api/email", &attached).await.0, 400);
    let (_, web_app) = server.call("key a", "POST", "/api/web_app", r#"{"name": "sales"}"#).await;
    let dashboard = mail(json!({"web_app_uuid": web_app["uuid"]}));
    assert_eq!(server.call("key b", "POST", "/api/email", &dashboard).await.0, 404);

    let (status, task) = server.call("key a", "POST", "/api/email", &attached).await;
    assert_eq!(status, 200, "{task}");
    assert_eq!(server.call("key a", "POST", "/api/email", &mail(json!({}))).await.0, 429);
    let task = format!("/api/task/{}", task["task_id"].as_str().unwrap());
    assert_eq!(server.call("key b", "GET", &task, "").await.0, 404);
    // Each account has a separate quota.
    assert_eq!(server.call("key b", "POST", "/api/email", &mail(json!({}))).await.0, 200);
}

#[tokio::test]
async fn data_api_source_of_another_account_needs_its_uuid() {
    let open = |server: serenytics_local::ServerBuilder| {
        server.api_key("plain").account_key("b", "key b").data_api_key("reader").data_api_source("sales")
    };
    let server = TestServer::start(open).await;
    let (_, theirs) = server.call("key b", "POST", "/api/data_source", STORAGE).await;
    let uuid = theirs["uuid"].as_str().unwrap().to_owned();
    let list = "/data-api/datasources_list";
    assert_eq!(server.call("reader", "GET", list, "").await.1["num_results"], 0);
    assert_eq!(server.call("reader", "POST", &format!("/data-api/query-model/{uuid}"), "").await.0, 404);
    let (_, own) = server.call("plain", "POST", "/api/data_source", STORAGE).await;
    let server = server.restart(|server| open(server).data_api_source(&uuid)).await;
    let (_, listed) = server.call("reader", "GET", list, "").await;
    let listed: Vec<_> = listed["objects"].as_array().unwrap().iter().map(|source| &source["uuid"]).collect();
    assert_eq!(listed, [&own["uuid"], &theirs["uuid"]]);
}
