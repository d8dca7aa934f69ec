//! Web apps: create, save, share, warm up, and embed links.

use serde_json::{Value, json};

use crate::support::{LocalEngine, by_name};

fn widget(source: &str) -> Value {
    json!({"type": "chart", "options": {"data": {"sourceUuid": source}}})
}

async fn dashboard(engine: &LocalEngine, content: Value) -> (String, Value) {
    let body = json!({"name": "Sales <2013>", "folder_name": "Reports", "jsonContent": content}).to_string();
    let (status, made) = engine.call("POST", "/api/web_app", body).await;
    assert_eq!(status, 201, "{made}");
    (format!("/api/web_app/{}", made["uuid"].as_str().unwrap()), made)
}

#[tokio::test]
async fn web_app_is_the_same_object_in_every_response() {
    let engine = LocalEngine::start().await;
    let (path, made) = dashboard(&engine, json!({"tabs": []})).await;
    assert_eq!((&made["name"], &made["folder_name"]), (&json!("Sales <2013>"), &json!("Reports")));
    assert_eq!(engine.call("GET", &path, "").await, (200, made.clone()));
    let list = json!({"num_results": 1, "objects": [made]});
    assert_eq!(engine.call("GET", "/api/web_app", "").await, (200, list.clone()));
    assert_eq!(engine.call("GET", &format!("/api/web_app{}", by_name("Sales <2013>")), "").await, (200, list));

    let mut saved = made.clone();
    saved["jsonContent"]["cssContent"] = json!(".a {}");
    assert_eq!(engine.call("PUT", &path, saved.to_string()).await, (200, saved.clone()));
    // Only the sent fields change.
    saved["folder_name"] = json!("Old reports");
    assert_eq!(engine.call("PUT", &path, r#"{"folder_name": "Old reports"}"#).await, (200, saved.clone()));
    let engine = engine.restart().await;
    assert_eq!(engine.call("GET", &path, "").await, (200, saved));
    assert_eq!(engine.call("DELETE", &path, "").await, (204, Value::Null));
    assert_eq!(engine.call("GET", &path, "").await.0, 404);
    assert_eq!(engine.call("DELETE", &path, "").await.0, 404);
}

#[tokio::test]
async fn web_app_with_mistakes_is_rejected() {
    let engine = LocalEngine::start().await;
    for body in ["", "[]", "{}", r#"{"name": ""}"#, r#"{"name": 1}"#, r#"{"name": "a", "jsonContent": []}"#] {
        assert_eq!(engine.call("POST", "/api/web_app", body).await.0, 400, "{body}");
    }
    let (path, made) = dashboard(&engine, json!({})).await;
    for body in [r#"{"uuid": "x"}"#, r#"{"name": " "}"#, r#"{"jsonContent": null}"#, "[1]"] {
        assert_eq!(engine.call("PUT", &path, body).await.0, 400, "{body}");
    }
    assert_eq!(engine.call("GET", &path, "").await.1, made);
    let unknown = "/api/web_app/00000000-0000-4000-8000-000000000000";
    for (method, call) in [
        ("GET", ""),
        ("PUT", ""),
        ("GET", "/data_sources"),
        ("POST", "/generate_pdf"),
        ("POST", "/sharings"),
        ("POST", "/embed"),
    ] {
        assert_eq!(engine.call(method, &format!("{unknown}{call}"), "{}").await.0, 404, "{call}");
        assert_eq!(engine.call_with_key(method, &format!("{path}{call}"), "{}", None).await.0, 401, "{call}");
    }
}

#[tokio::test]
async fn web_app_lists_and_warms_up_the_sources_of_its_widgets() {
    let engine = LocalEngine::start().await;
    let (one, other) = (engine.storage().await, engine.storage().await);
    let content = json!({"tabs": [{"widgets": [widget(&other), widget(&one)]}, {"widgets": [widget(&other)]}]});
    let (path, _) = dashboard(&engine, content).await;
    let (status, listed) = engine.call("GET", &format!("{path}/data_sources"), "").await;
    let objects = json!([{"uuid": other, "name": "flights"}, {"uuid": one, "name": "flights"}]);
    assert_eq!((status, listed), (200, json!({"status": "ok", "objects": objects})));

    let warm_up = format!("{path}/generate_pdf");
    // {"country":"FR"}
    let payload = json!({"embeddedPayload": "eyJjb3VudHJ5IjoiRlIifQ=="});
    let tabs = json!([{"tabIndex": "t1", "dynfilters": [{"id": 2, "values": {"f1": ["France", 1, null]}}]}]);
    for (query, tabs) in [(Value::Null, Value::Null), (payload, tabs)] {
        let body = json!({"store_pdf": false, "webapp_query_string": query, "tabs_options": tabs}).to_string();
        assert_eq!(engine.call("POST", &warm_up, body.clone()).await, (200, json!({"status": "ok"})), "{body}");
    }
    for body in [
        json!({"store_pdf": false, "webapp_query_string": {"embeddedPayload": "no base64"}}),
        json!({"store_pdf": false, "webapp_query_string": {"embeddedPayload": "MQ=="}}),
        json!({"store_pdf": false, "tabs_options": [{"dynfilters": []}]}),
        json!({"store_pdf": false, "tabs_options": [{"tabIndex": "t1", "dynfilters": [{"values": {}}]}]}),
        json!({"store_pdf": false, "tabs_options": [{"tabIndex": "t1", "dynfilters": [{"id": 1, "values": {"f": 1}}]}]}),
        json!({"store_pdf": "no"}),
    ] {
        assert_eq!(engine.call("POST", &warm_up, body.to_string()).await.0, 400, "{body}");
    }
    for body in ["{}", r#"{"store_pdf": true}"#] {
        let (status, answer) = engine.call("POST", &warm_up, body).await;
        assert_eq!(status, 501);
        assert_eq!(answer["errors"][0], "a web app as PDF is not emulated by the embedded engine");
    }

    assert_eq!(engine.call("DELETE", &format!("/api/data_source/{one}"), "").await.0, 204);
    let (_, listed) = engine.call("GET", &format!("{path}/data_sources"), "").await;
    assert_eq!(listed["objects"], json!([{"uuid": other, "name": "flights"}]));
    let (status, answer) = engine.call("POST", &warm_up, r#"{"store_pdf": false}"#).await;
    assert_eq!(status, 400);
    assert!(answer["errors"][0].as_str().unwrap().contains(&one), "{answer}");
}

#[tokio::test]
async fn web_app_sharings_are_listed() {
    let engine = LocalEngine::start().await;
    let (path, made) = dashboard(&engine, json!({})).await;
    let (_, other) = dashboard(&engine, json!({})).await;
    assert_eq!(made["sharings"], json!([]));
    for login in ["ada", "bob", "ada"] {
        let body = json!({"username_to_share_with": login}).to_string();
        assert_eq!(engine.call("POST", &format!("{path}/sharings"), body).await.0, 201);
    }
    for body in ["{}", r#"{"username_to_share_with": " "}"#] {
        assert_eq!(engine.call("POST", &format!("{path}/sharings"), body).await.0, 400);
    }
    // Saving an older copy does not revoke the sharing.
    assert_eq!(engine.call("PUT", &path, made.to_string()).await.1["sharings"], json!(["ada", "bob"]));
    let (_, list) = engine.call("GET", "/api/web_app", "").await;
    assert_eq!(list["objects"][0]["sharings"], json!(["ada", "bob"]));
    assert_eq!(list["objects"][1], other);
}

#[tokio::test]
async fn embed_link_expires_and_cannot_be_changed() {
    let engine = LocalEngine::start().await;
    let (path, _) = dashboard(&engine, json!({})).await;
    let (other, _) = dashboard(&engine, json!({})).await;
    let link = async |seconds: u64| {
        let body = json!({"payload": {"country": "FR"}, "expire_in": seconds}).to_string();
        let (status, answer) = engine.call("POST", &format!("{path}/embed"), body).await;
        assert_eq!(status, 200, "{answer}");
        answer["embeddedUrl"].as_str().unwrap().to_owned()
    };
    let open = async |url: &str| {
        let answer = reqwest::get(url).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let good = link(3600).await;
    assert!(good.starts_with(engine.local.url()), "{good}");
    let (status, page) = open(&good).await;
    assert_eq!(status, 501);
    assert!(page.contains("<h1>Sales &lt;2013&gt;</h1>") && page.contains("does not draw dashboards"), "{page}");

    let uuid = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    for changed in [
        good.replace(&uuid(&path), &uuid(&other)),
        good.replace("expires=", "expires=9"),
        good.replace("embeddedPayload=e", "embeddedPayload=f"),
        good[..good.len() - 1].to_owned(),
        good.split('?').next().unwrap().to_owned(),
    ] {
        assert_eq!(open(&changed).await.0, 403, "{changed}");
    }
    let brief = link(1).await;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let (status, answer) = open(&brief).await;
    assert_eq!(status, 403);
    assert!(answer.contains("has expired"), "{answer}");
    for body in ["{}", r#"{"expire_in": 0}"#, r#"{"expire_in": -1}"#, r#"{"expire_in": 1, "payload": []}"#] {
        assert_eq!(engine.call("POST", &format!("{path}/embed"), body).await.0, 400, "{body}");
    }
    let longest = link(u64::MAX).await;
    assert_eq!(open(&longest).await.0, 501);
    let path = longest.strip_prefix(engine.local.url()).unwrap().to_owned();
    let engine = engine.restart().await;
    assert_eq!(reqwest::get(format!("{}{path}", engine.local.url())).await.unwrap().status(), 501);
}
