//! `serenytics serve` as a process: its one line, its stop, and what it refuses to start with.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use support::{Serving, serenytics};

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// The status of a list of the data sources.
fn get(url: &str, key: &str) -> u16 {
    let request = reqwest::Client::new().get(format!("{url}/api/data_source")).header("x-api-key", key);
    run(async { request.send().await.unwrap().status().as_u16() })
}

/// The answer of a call.
fn post(url: &str, path: &str, body: &str) -> String {
    let request = reqwest::Client::new().post(format!("{url}{path}")).header("x-api-key", "key").body(body.to_owned());
    run(async { request.send().await.unwrap().text().await.unwrap() })
}

#[test]
fn it_says_where_it_listens_and_stops_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["TERM", "INT"] {
        let serving = Serving::start(folder.path(), &["--api-key", "one", "--api-key", "two"]);
        assert!(serving.url.starts_with("http://127.0.0.1:"), "{}", serving.url);
        assert!(!serving.url.ends_with(":0"));
        assert_eq!(get(&serving.url, "two"), 200);
        assert_eq!(get(&serving.url, "three"), 401);
        let output = serving.stop(signal);
        assert!(output.status.success(), "{output:?}");
        assert!(output.stdout.is_empty(), "there is one line only: {output:?}");
        let log = String::from_utf8(output.stderr).unwrap();
        let statuses: Vec<_> = log.lines().filter_map(|line| line.split(" status=").nth(1)?.get(..3)).collect();
        assert_eq!(statuses, ["200", "401"], "there is one line a request: {log}");
        assert_eq!(log.lines().count(), 2, "{log}");
    }
}

#[test]
fn keys_come_from_the_environment_and_from_files_too() {
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
    assert!(errors.contains("could not be made"), "{errors}");
    assert!(!errors.contains("from the environment"), "{errors}");
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
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
fn a_folder_in_use_is_refused() {
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
fn another_address_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--api-key", "key", "--listen", "0.0.0.0:0"]);
    let output = serving.stop("TERM");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("warning: 0.0.0.0:0 can be reached by other machines"), "{errors}");
}

#[test]
fn wrong_arguments_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    for (arguments, expected) in [
        (vec!["serve"], "--data <FOLDER>"),
        (vec!["serve", "--data", data, "--listen", "here", "--api-key", "k"], "invalid value 'here' for '--listen"),
        (vec!["serve", "--data", data], "give it a key with --api-key, SERENYTICS_API_KEY or --api-key-file"),
        (vec!["serve", "--data", data, "--api-key", ""], "an API key is empty"),
        (vec!["serve", "--data", data, "--user", "ada"], "LOGIN:PASSWORD"),
        (vec!["serve", "--data", data, "--account", "ada"], "NAME:KEY"),
        (vec!["serve", "--data", data, "--account", "a:k", "--account", "b:k"], "have the same API key"),
        (vec!["serve", "--data", data, "--api-key-file", "/no/such/file"], "/no/such/file could not be read"),
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
fn it_has_few_arenas_of_memory_unless_it_was_told_how_many() {
    let processors = std::thread::available_parallelism().unwrap().get().max(2).to_string();
    for (told, has) in [(None, processors.as_str()), (Some("7"), "7")] {
        let folder = tempfile::tempdir().unwrap();
        let told: Vec<_> = told.map(|count| ("MALLOC_ARENA_MAX", std::path::Path::new(count))).into_iter().collect();
        let serving = Serving::start_in(folder.path(), &["--api-key", "key"], &told);
        let environment = std::fs::read(format!("/proc/{}/environ", serving.id())).unwrap();
        let environment = String::from_utf8(environment).unwrap();
        let set: Vec<_> = environment.split('\0').filter_map(|set| set.strip_prefix("MALLOC_ARENA_MAX=")).collect();
        assert_eq!(set, [has]);
        assert_eq!(get(&serving.url, "key"), 200);
        assert!(serving.stop("TERM").status.success());
    }
}
