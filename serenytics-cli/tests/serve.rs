//! `serenytics serve` as a process: its output, signals, keys and invalid arguments.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use support::{Serving, serenytics};

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Lists the data sources and returns the status.
fn get(url: &str, key: &str) -> u16 {
    let request = reqwest::Client::new().get(format!("{url}/api/data_source")).header("x-api-key", key);
    run(async { request.send().await.unwrap().status().as_u16() })
}

/// Sends a POST request and returns the body of the response.
fn post(url: &str, path: &str, body: &str) -> String {
    let request = reqwest::Client::new().post(format!("{url}{path}")).header("x-api-key", "key").body(body.to_owned());
    run(async { request.send().await.unwrap().text().await.unwrap() })
}

#[test]
fn serve_prints_its_address_and_stops_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["TERM", "INT"] {
        let serving = Serving::start(folder.path(), &["--api-key", "one", "--api-key", "two"]);
        assert!(serving.url.starts_with("http://127.0.0.1:"), "{}", serving.url);
        assert!(!serving.url.ends_with(":0"));
        assert_eq!(get(&serving.url, "two"), 200);
        assert_eq!(get(&serving.url, "three"), 401);
        let output = serving.stop(signal);
        assert!(output.status.success(), "{output:?}");
        assert!(output.stdout.is_empty(), "expected only one line: {output:?}");
        let log = String::from_utf8(output.stderr).unwrap();
        let statuses: Vec<_> = log.lines().filter_map(|line| line.split(" status=").nth(1)?.get(..3)).collect();
        assert_eq!(statuses, ["200", "401"], "expected one line per request: {log}");
        assert_eq!(log.lines().count(), 2, "{log}");
    }
}

#[test]
fn serve_reads_api_keys_from_the_environment_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    std::fs::write(&keys, "first\n\n  second  \n").unwrap();
    let data = folder.path().join("data");
    let serving = Serving::start(&data, &["--api-key-file", keys.to_str().unwrap()]);
    assert_eq!(get(&serving.url, "first"), 200);
    assert_eq!(get(&serving.url, "second"), 200);
    serving.stop("TERM");

    let output = serenytics()
        .args(["serve", "--data"])
        .arg(folder.path().join("keys"))
        .args(["--listen", "127.0.0.1:0"])
        .env("SERENYTICS_API_KEY", "from the environment")
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("could not create the data folder"), "{errors}");
    assert!(!errors.contains("from the environment"), "{errors}");
}

#[test]
fn acknowledged_batches_survive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--api-key", "key"]);
    let source = post(&serving.url, "/api/data_source", r#"{"name": "x", "type": "Storage"}"#);
    let source: serde_json::Value = serde_json::from_str(&source).unwrap();
    let uuid = source["uuid"].as_str().unwrap();
    let path = format!("/api/data_source/{uuid}/batch");
    let batch = |n: i32| format!(r#"{{"operations": [{{"action": "insert", "rows": [{{"n": {n}}}]}}]}}"#);
    for n in 0..40 {
        assert_eq!(post(&serving.url, &path, &batch(n)), r#"{"status":"ok"}"#);
    }
    drop(serving);
    let serving = Serving::start(folder.path(), &["--api-key", "key"]);
    let answer = post(&serving.url, &format!("/api/formatted_data/{uuid}"), "{}");
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["data"], serde_json::json!([(0..40).collect::<Vec<_>>()]));
    assert_eq!(post(&serving.url, &path, &batch(40)), r#"{"status":"ok"}"#);
}

#[test]
fn serve_rejects_a_data_folder_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--api-key", "key"]);
    let output = serenytics()
        .args(["serve", "--listen", "127.0.0.1:0", "--api-key", "key", "--data"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("is in use by another engine"), "{errors}");
    serving.stop("TERM");
}

#[test]
fn serve_warns_about_a_public_address() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--api-key", "key", "--listen", "0.0.0.0:0"]);
    let output = serving.stop("TERM");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("warning: other machines can reach 0.0.0.0:0"), "{errors}");
}

#[test]
fn serve_rejects_invalid_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    for (arguments, expected) in [
        (vec!["serve"], "--data <FOLDER>"),
        (vec!["serve", "--data", data, "--listen", "here", "--api-key", "k"], "invalid value 'here' for '--listen"),
        (
            vec!["serve", "--data", data, "--listen", "localhost", "--api-key", "k"],
            "such as 127.0.0.1:8000 or localhost:8000",
        ),
        (vec!["serve", "--data", data, "--listen", "localhost:x", "--api-key", "k"], "invalid value 'localhost:x'"),
        (vec!["serve", "--data", data, "--public-url", "example.com", "--api-key", "k"], "invalid public URL"),
        (vec!["serve", "--data", data], "pass an API key with --api-key, SERENYTICS_API_KEY or --api-key-file"),
        (vec!["serve", "--data", data, "--api-key", ""], "an API key is empty"),
        (vec!["serve", "--data", data, "--user", "ada"], "LOGIN:PASSWORD"),
        (vec!["serve", "--data", data, "--account", "ada"], "NAME:KEY"),
        (vec!["serve", "--data", data, "--account", "a:k", "--account", "b:k"], "have the same API key"),
        (vec!["serve", "--data", data, "--api-key-file", "/no/such/file"], "could not read /no/such/file"),
        (vec!["serve", "--data", data, "--api-key", "k", "--query-memory", "1"], "--query-memory"),
        (vec!["serv"], "unrecognized subcommand 'serv'"),
    ] {
        let output = serenytics().args(&arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn serve_sets_malloc_arena_max_unless_it_is_set() {
    let processors = std::thread::available_parallelism().unwrap().get().max(2).to_string();
    for (set, expected) in [(None, processors.as_str()), (Some("7"), "7")] {
        let folder = tempfile::tempdir().unwrap();
        let set: Vec<_> = set.map(|count| ("MALLOC_ARENA_MAX", std::path::Path::new(count))).into_iter().collect();
        let serving = Serving::start_in(folder.path(), &["--api-key", "key"], &set);
        let environment = std::fs::read(format!("/proc/{}/environ", serving.id())).unwrap();
        let environment = String::from_utf8(environment).unwrap();
        let found: Vec<_> =
            environment.split('\0').filter_map(|variable| variable.strip_prefix("MALLOC_ARENA_MAX=")).collect();
        assert_eq!(found, [expected]);
        assert_eq!(get(&serving.url, "key"), 200);
        assert!(serving.stop("TERM").status.success());
    }
}

#[test]
fn serve_listens_on_a_host_name() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--api-key", "key", "--listen", "localhost:0"]);
    assert_eq!(get(&serving.url, "key"), 200);
    let output = serving.stop("TERM");
    assert!(!String::from_utf8(output.stderr).unwrap().contains("other machines"), "localhost is a public address");
}

#[test]
fn serve_on_a_port_in_use_leaves_no_data_folder() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let address = taken.local_addr().unwrap().to_string();
    let arguments = ["serve", "--api-key", "key", "--listen", &address, "--data"];
    let output = serenytics().args(arguments).arg(&data).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("could not listen on 127.0.0.1:"));
    assert!(!data.exists());
}

#[test]
fn serve_rejects_a_data_folder_in_use_whose_lock_file_was_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--api-key", "key"]);
    std::fs::remove_file(folder.path().join("lock")).unwrap();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--api-key", "key", "--data"];
    let output = serenytics().args(arguments).arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("is in use by another engine"));
    serving.stop("TERM");
}

#[test]
fn serve_ignores_unknown_fields_only_if_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let body = r#"{"name": "x", "type": "Storage", "folder": "f"}"#;
    let serving = Serving::start(folder.path(), &["--api-key", "key"]);
    assert!(post(&serving.url, "/api/data_source", body).contains("unknown field `folder`"));
    serving.stop("TERM");
    let serving = Serving::start(folder.path(), &["--api-key", "key", "--ignore-unknown-fields"]);
    assert!(post(&serving.url, "/api/data_source", body).contains(r#""name":"x""#));
}
