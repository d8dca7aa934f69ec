//! Accounts: what belongs to one does not exist for the keys of another.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use serenytics_local::Server;

use crate::support::{Served, UNKNOWN};

/// A server of two accounts, of which the first has one of everything.
struct Two {
    server: Served,
    source: String,
    script: String,
    task: String,
}

impl Two {
    async fn start() -> Two {
        let server = Served::start(|server| server.account_key("a", "key a").account_key("b", "key b")).await;
        let (_, source) = server.call("key a", "POST", "/api/data_source", STORAGE).await;
        let source = source["uuid"].as_str().unwrap().to_owned();
        let batch = r#"{"operations": [{"action": "insert", "rows": [{"n": 1}]}]}"#;
        let path = format!("/api/data_source/{source}");
        assert_eq!(server.call("key a", "POST", &format!("{path}/batch"), batch).await.0, 200);
        let (_, reload) = server.call("key a", "POST", &format!("{path}/reload_from_file"), "{}").await;
        let task = reload["task_id"].as_str().unwrap().to_owned();
        let (_, script) = server.call("key a", "POST", "/api/script", r#"{"name": "nightly"}"#).await;
        let script = script["uuid"].as_str().unwrap().to_owned();
        Two { server, source, script, task }
    }
}

const STORAGE: &str = r#"{"name": "sales", "type": "Storage", "jsonContent": {}}"#;

#[tokio::test]
async fn an_account_sees_its_own_only() {
    let two = Two::start().await;
    let server = &two.server;
    for path in ["/api/data_source", "/api/script"] {
        assert_eq!(server.call("key a", "GET", path, "").await.1["num_results"], 1, "{path}");
        let nothing = json!({"num_results": 0, "objects": []});
        assert_eq!(server.call("key b", "GET", path, "").await, (200, nothing.clone()));
        let filter = "?q=%7B%22filters%22%3A%5B%7B%22name%22%3A%22name%22%2C%22op%22%3A%22eq%22%2C%22val%22%3A%22";
        for name in ["sales", "nightly"] {
            let by_name = format!("{path}{filter}{name}%22%7D%5D%7D");
            assert_eq!(server.call("key b", "GET", &by_name, "").await, (200, nothing.clone()));
        }
    }
    // Names are an account's own.
    assert_eq!(server.call("key b", "POST", "/api/script", r#"{"name": "nightly"}"#).await.0, 201);
    assert_eq!(server.call("key a", "POST", "/api/script", r#"{"name": "nightly"}"#).await.0, 400);
}

#[tokio::test]
async fn a_join_over_anothers_storage_is_as_over_an_unknown_one() {
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
    let (status, told) = answer(&two.source).await;
    assert_eq!(status, 400);
    assert!(told.contains("which does not exist"), "{told}");
    assert_eq!((status, told), answer(UNKNOWN).await);
}

#[tokio::test]
async fn a_users_keys_are_of_the_account_called_like_the_login() {
    let server = Served::start(|server: serenytics_local::ServerBuilder| {
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
    // A key that was made stays the account's, also when the user is not given any more.
    let server = server.restart(|server| server.api_key("plain")).await;
    let (status, scripts) = server.call(&ada, "GET", "/api/script", "").await;
    assert_eq!((status, &scripts["num_results"]), (200, &json!(1)));
    assert_eq!(server.call("key of ada", "GET", "/api/script", "").await.0, 401);
}

#[tokio::test]
async fn a_push_token_is_good_whatever_the_account() {
    let two = Two::start().await;
    let path = format!("/api/data_source/{}", two.source);
    let (_, source) = two.server.call("key a", "GET", &path, "").await;
    let push = format!("{path}/push/{}", source["token"].as_str().unwrap());
    assert_eq!(two.server.call("", "POST", &push, r#"{"n": 2}"#).await.0, 200);
    assert_eq!(two.server.call("key b", "POST", &push, r#"{"n": 3}"#).await.0, 200);
    let query = format!("/api/formatted_data/{}", two.source);
    let (_, answer) = two.server.call("key a", "POST", &query, "{}").await;
    assert_eq!(answer["data"], json!([[1, 2, 3]]));
}

/// Every call over something of an account, with bodies that are good for its owner.
fn calls(two: &Two) -> Vec<(&'static str, String, &'static str)> {
    let source = format!("/api/data_source/{}", two.source);
    let script = format!("/api/script/{}", two.script);
    let batch = r#"{"operations": [{"action": "insert", "rows": [{"n": 1}]}]}"#;
    vec![
        ("GET", source.clone(), ""),
        ("PUT", source.clone(), r#"{"name": "renamed"}"#),
        ("POST", format!("{source}/file"), "n\n1\n"),
        ("POST", format!("{source}/reload_from_file"), "{}"),
        ("POST", format!("{source}/batch"), batch),
        ("POST", format!("{source}/invalidate_cache"), ""),
        ("POST", format!("/api/formatted_data/{}", two.source), "{}"),
        ("GET", format!("/api/task/{}", two.task), ""),
        ("GET", script.clone(), ""),
        ("GET", format!("{script}/storage"), ""),
        ("PUT", format!("{script}/storage"), "[1]"),
        ("DELETE", script, ""),
        ("DELETE", source, ""),
    ]
}

#[tokio::test]
async fn anothers_entity_is_as_unknown_as_one_that_does_not_exist() {
    let two = Two::start().await;
    for (method, path, body) in calls(&two) {
        for body in [body, "{", r#"{"name": ""}"#] {
            let ids = [&two.source, &two.script, &two.task];
            let id = ids.into_iter().find(|id| path.contains(id.as_str())).unwrap();
            let (status, theirs) = two.server.call("key b", method, &path, body).await;
            let unknown = two.server.call("key b", method, &path.replace(id, UNKNOWN), body).await;
            let theirs: Value = serde_json::from_str(&theirs.to_string().replace(id, UNKNOWN)).unwrap();
            assert_eq!((status, &theirs), (unknown.0, &unknown.1), "{method} {path} {body}");
            // A body that cannot be read is told before anybody looks who has what.
            assert!(status == 404 || (status == 400 && body == "{"), "{method} {path} {body}: {theirs}");
        }
    }
    // Nothing of it did anything, and all of it is there for the owner.
    for (method, path, body) in calls(&two) {
        let (status, answer) = two.server.call("key a", method, &path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    }
}

/// The calls of the server's own document over something that has a uuid. A push has a credential of its own.
async fn documented(two: &Two) -> BTreeSet<String> {
    let (_, document) = two.server.call("", "GET", "/api/openapi.json", "").await;
    let paths = document["paths"].as_object().unwrap().iter();
    let owned = paths.filter(|(path, _)| path.contains("{uuid}") && !path.contains("/push/"));
    let calls = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().keys().filter(|key| *key != "parameters");
        methods.map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
    };
    owned.flat_map(calls).collect()
}

#[tokio::test]
async fn every_call_over_an_entity_is_tried_with_anothers_key() {
    let two = Two::start().await;
    let tried = calls(&two).into_iter().map(|(method, path, _)| {
        let path =
            [&two.source, &two.script, &two.task].iter().fold(path, |path, id| path.replace(id.as_str(), "{uuid}"));
        format!("{method} {path}")
    });
    let (tried, documented) = (tried.collect::<BTreeSet<_>>(), documented(&two).await);
    assert_eq!(tried, documented, "add the calls that are missing to `calls`");
}

#[tokio::test]
async fn credentials_that_are_no_good_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let start = |server: serenytics_local::ServerBuilder| async { server.start().await.unwrap_err().to_string() };
    let builder = || Server::builder(folder.path());
    let told = start(builder().api_key("same").account_key("b", "same")).await;
    assert_eq!(told, r#"the accounts "default" and "b" have the same API key"#);
    let told = start(builder().user("ada", "one").user("ada", "two")).await;
    assert_eq!(told, r#"the user "ada" is given twice"#);
    let told = start(builder().account_key("a:b", "key")).await;
    assert!(told.starts_with(r#""a:b" is no name for an account"#), "{told}");
}
