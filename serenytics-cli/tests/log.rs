//! The log of `serenytics serve`: one line per request, and no secrets.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use serde_json::Value;
use support::Serving;

struct Calls {
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    url: String,
}

impl Calls {
    fn to(serving: &Serving) -> Calls {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Calls { http: reqwest::Client::new(), runtime, url: serving.url.clone() }
    }

    fn call(&self, key: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.url)).body(body.to_owned());
        self.answer(if key.is_empty() { request } else { request.header("x-api-key", key) })
    }

    fn answer(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
        })
    }
}

const STORAGE: &str = r#"{"name": "sales", "type": "Storage", "jsonContent": {}}"#;

#[test]
fn log_has_one_line_per_request_with_its_account() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--account", "tenant:key", "--log-format", "json"]);
    let calls = Calls::to(&serving);
    let (_, source) = calls.call("key", "POST", "/api/data_source", STORAGE);
    let path = format!("/api/data_source/{}", source["uuid"].as_str().unwrap());
    assert_eq!(calls.call("key", "GET", &path, "").0, 200);
    assert_eq!(calls.call("", "GET", "/health", "").0, 200);
    assert_eq!(calls.call("", "GET", &path, "").0, 401);
    let push = format!("{path}/push/{}", source["token"].as_str().unwrap());
    assert_eq!(calls.call("", "POST", &push, r#"{"n": 1}"#).0, 200);
    let log = String::from_utf8(serving.stop("TERM").stderr).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: Vec<_> = lines
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or_else(|| panic!("{name}: {line}")).to_owned();
            assert_eq!((text("message").as_str(), &line["cut"]), ("request", &Value::Bool(false)));
            assert!(line["milliseconds"].as_f64().unwrap() > 0.0 && line["sent"].as_u64().unwrap() > 0, "{line}");
            (text("method"), text("route"), line["status"].as_u64().unwrap(), text("account"))
        })
        .collect();
    let line = |method: &str, route: &str, status, account: &str| {
        (method.to_owned(), format!("/api/data_source{route}"), status, account.to_owned())
    };
    let expected = [
        line("POST", "", 201, "tenant"),
        line("GET", "/{uuid}", 200, "tenant"),
        line("GET", "/{uuid}", 401, "-"),
        line("POST", "/{uuid}/push/{token}", 200, "tenant"),
    ];
    assert_eq!(seen, expected);
    assert_eq!(lines[0]["received"], STORAGE.len());
}

#[test]
fn log_contains_no_secret_at_any_level() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--api-key", "canary-key", "--account", "tenant:canary-tenant", "--user", "ada:canary-password"];
    let serving = Serving::start(folder.path(), &[&arguments[..], &["--log", "trace"]].concat());
    let calls = Calls::to(&serving);
    let (_, source) = calls.call("canary-key", "POST", "/api/data_source", STORAGE);
    let (uuid, push) = (source["uuid"].as_str().unwrap(), source["token"].as_str().unwrap());
    let path = format!("/api/data_source/{uuid}");
    for token in [push, "canary-wrong-token"] {
        calls.call("", "POST", &format!("{path}/push/{token}"), r#"{"n": 1}"#);
        calls.call("", "POST", &format!("{path}/push/{token}"), "{");
        calls.call("canary-key", "GET", &format!("{path}/push/{token}"), "");
        calls.call("canary-key", "GET", &format!("/api/elsewhere/{token}?x={token}"), "");
    }
    for key in ["canary-key", "canary-tenant", "canary-wrong-key"] {
        for (method, path, body) in [
            ("GET", "/api/data_source?q=canary-query", ""),
            ("GET", "/api/web_app", ""),
            ("GET", "/metrics", ""),
            ("PATCH", "/api/script", ""),
            ("GET", path.as_str(), ""),
            ("POST", &format!("/api/formatted_data/{uuid}"), "{}"),
            ("POST", &format!("{path}/batch"), r#"{"operations": 1}"#),
        ] {
            calls.call(key, method, path, body);
            calls.answer(calls.http.get(format!("{}{path}", calls.url)).basic_auth("token", Some(key)));
        }
    }
    for password in ["canary-password", "canary-wrong-password"] {
        let (_, token) =
            calls.answer(calls.http.get(format!("{}/api/token", calls.url)).basic_auth("ada", Some(password)));
        let token = token["token"].as_str().unwrap_or("canary-wrong-session").to_owned();
        let made = calls.http.post(format!("{}/api/api_key", calls.url)).header("x-auth-token", &token);
        let (_, made) = calls.answer(made);
        let key = made["api_key"].as_str().unwrap_or("canary-no-key").to_owned();
        calls.call(&key, "GET", "/api/script", "");
        let log = [token, key];
        std::fs::write(folder.path().join(password), log.join("\n")).unwrap();
    }
    let output = serving.stop("TERM");
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("DEBUG sqlx") && log.contains("/api/data_source/{uuid}/push/{token}"), "{log}");
    assert!(!log.contains("canary"), "a secret is logged: {}", log.lines().find(|l| l.contains("canary")).unwrap());
    let made = std::fs::read_to_string(folder.path().join("canary-password")).unwrap();
    for secret in made.lines().chain([push]) {
        assert!(!log.contains(secret), "{secret} is logged: {}", log.lines().find(|l| l.contains(secret)).unwrap());
    }
}

#[test]
fn log_filter_selects_events() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--api-key", "key", "--log", "off"]);
    Calls::to(&serving).call("key", "GET", "/api/data_source", "");
    assert!(serving.stop("TERM").stderr.is_empty());
    let output = support::serenytics()
        .args(["serve", "--api-key", "key", "--log", "a=b=c", "--data"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("--log <FILTER>"), "{errors}");
}

#[test]
fn log_at_level_trace_has_no_values_of_rows_and_queries() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--api-key", "key", "--log", "trace"]);
    let calls = Calls::to(&serving);
    let (_, source) = calls.call("key", "POST", "/api/data_source", STORAGE);
    let uuid = source["uuid"].as_str().unwrap();
    let path = format!("/api/data_source/{uuid}");
    let batch = r#"{"operations": [{"action": "insert", "rows": [{"n": 1, "t": "canary-row"}, {"n": 2, "t": "b"}]}]}"#;
    assert_eq!(calls.call("key", "POST", &format!("{path}/batch"), batch).0, 200);
    let push = format!("{path}/push/{}", source["token"].as_str().unwrap());
    assert_eq!(calls.call("", "POST", &push, r#"{"n": 3, "t": "canary-push"}"#).0, 200);
    for (op, value) in
        [("==", r#""canary-query""#), ("in", r#"["canary-list", "canary-row"]"#), (">", r#""canary-more""#)]
    {
        let query = format!(
            r#"{{"data_processing_pipeline": [{{"where": [{{"name": "t", "op": "{op}", "value": {value}}}]}}]}}"#
        );
        let (status, answer) = calls.call("key", "POST", &format!("/api/formatted_data/{uuid}"), &query);
        assert_eq!(status, 200, "{answer}");
    }
    let formula = r#"{"data_processing_pipeline": [{"select": [{"name": "sum_if([n], [t] = \"canary-formula\")"}]}]}"#;
    assert_eq!(calls.call("key", "POST", &format!("/api/formatted_data/{uuid}"), formula).0, 200);
    let log = String::from_utf8(serving.stop("TERM").stderr).unwrap();
    assert!(log.contains("/api/formatted_data/{uuid}"), "{log}");
    let leaked: Vec<_> = log.lines().filter(|line| line.contains("canary")).collect();
    assert!(leaked.is_empty(), "{leaked:#?}");
}
