//! Runs of scripts: parameters, logs, limits and cleanup.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serenytics_local::{Server, ServerBuilder};

use crate::support::{TestServer, TestServerWithKey};

fn allowed(builder: ServerBuilder) -> ServerBuilder {
    builder.allow_scripts()
}

/// Creates a script and returns its path.
async fn script(served: &TestServerWithKey, code: &str) -> String {
    let body = json!({"name": "nightly", "schedule_infos": "", "code": code, "kind": "GENERIC_PYTHON"});
    let (status, script) = served.call("POST", "/api/script", body.to_string()).await;
    assert_eq!(status, 201, "{script}");
    format!("/api/script/{}", script["uuid"].as_str().unwrap())
}

/// Runs a script to completion and returns its last log.
async fn run(served: &TestServerWithKey, path: &str, params: Value) -> Value {
    let mut body = params;
    body["async"] = json!(true);
    let answer = served.call("POST", &format!("{path}/run"), body.to_string()).await;
    assert_eq!(answer, (200, json!({"status": "ok"})));
    served.until(&format!("{path}/state"), |state| state["running"] == false).await;
    let (_, logs) = served.call("GET", &format!("{path}/logs"), "").await;
    logs["objects"][0].clone()
}

#[tokio::test]
async fn script_receives_parameters_and_has_a_log() {
    let served = TestServerWithKey::start(allowed).await;
    let code = "import json, os, sys, urllib.request\n\
                params = json.load(open('params.json'))\n\
                print(params['country'], 'async' in params, sorted(os.listdir('.')))\n\
                url = os.environ['SERENYTICS_API_DOMAIN'] + '/api/script'\n\
                request = urllib.request.Request(url, headers={'X-Api-Key': params['SERENYTICS_API_KEY']})\n\
                print(json.load(urllib.request.urlopen(request))['num_results'], file=sys.stderr)\n\
                print(sorted(name for name in os.environ if 'SECRET' in name or name == 'CARGO_MANIFEST_DIR'))\n";
    let path = script(&served, code).await;
    let state = served.call("GET", &format!("{path}/state"), "").await;
    assert_eq!(state, (200, json!({"running": false})));
    let logs = served.call("GET", &format!("{path}/logs"), "").await;
    assert_eq!(logs, (200, json!({"num_results": 0, "objects": []})));

    let log = run(&served, &path, json!({"country": "FR"})).await;
    assert_eq!(log["stdout"], "FR False ['params.json', 'script.py']\n[]\n", "{log}");
    assert_eq!(log["stderr"], "1\n", "{log}");
    assert_eq!((&log["status"], &log["return_code"]), (&json!("SUCCESS"), &json!(0)));
    let (started, finished) = (log["started_at"].as_str().unwrap(), log["finished_at"].as_str().unwrap());
    assert!(started <= finished && started.len() >= 19 && &started[10..11] == "T", "{log}");
    assert_eq!(std::fs::read_dir(served.folder().join("scripts")).unwrap().count(), 0);
}

#[tokio::test]
async fn script_failure_has_a_log_and_the_last_ten_are_kept() {
    let served = TestServerWithKey::start(allowed).await;
    let path = script(&served, "import json, sys\nsys.exit(json.load(open('params.json'))['code'])\n").await;
    for code in 0..12 {
        let log = run(&served, &path, json!({"code": code})).await;
        assert_eq!(log["return_code"], code);
        assert_eq!(log["status"], if code == 0 { "SUCCESS" } else { "FAILURE" });
    }
    let (_, logs) = served.call("GET", &format!("{path}/logs"), "").await;
    let codes: Vec<_> = logs["objects"].as_array().unwrap().iter().map(|log| log["return_code"].clone()).collect();
    assert_eq!(json!(codes), json!([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]));

    let served = served.restart(|builder| builder).await;
    let (_, kept) = served.call("GET", &format!("{path}/logs"), "").await;
    assert_eq!(kept, logs);
    assert_eq!(served.call("DELETE", &path, "").await.0, 204);
    assert_eq!(served.call("GET", &format!("{path}/logs"), "").await.0, 404);
}

#[tokio::test]
async fn script_run_can_wait_for_the_result() {
    let served = TestServerWithKey::start(allowed).await;
    let path = format!("{}/run", script(&served, "import json\nprint(json.load(open('params.json'))['n'] + 1)").await);
    assert_eq!(served.call("POST", &path, r#"{"n": 1}"#).await, (200, json!({"status": "ok"})));
    let (status, answer) = served.call("POST", &path, "").await;
    assert_eq!((status, &answer["status"]), (200, &json!("error")));
    assert!(answer["errors"][0].as_str().unwrap().ends_with("KeyError: 'n'"), "{answer}");
    for body in [r#"{"async": "yes"}"#, "[]", "{"] {
        assert_eq!(served.call("POST", &path, body).await.0, 400, "{body}");
    }
}

/// Returns true if a process with this string in its command line is running.
fn lives(mark: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok()).any(|line| {
        let line = String::from_utf8_lossy(&line).into_owned();
        line.contains(mark)
    })
}

#[tokio::test]
async fn script_timeout_kills_the_script_and_its_children() {
    let served = TestServerWithKey::start(|builder| allowed(builder).script_timeout(Duration::from_millis(800))).await;
    let mark = format!("left-behind-{}", std::process::id());
    let code = format!(
        "import subprocess, sys, time\n\
         subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', '{mark}'])\n\
         print('begun')\n\
         time.sleep(600)\n"
    );
    let path = script(&served, &code).await;
    let started = Instant::now();
    let log = run(&served, &path, json!({})).await;
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!((&log["status"], &log["return_code"]), (&json!("FAILURE"), &json!(-9)), "{log}");
    assert_eq!(log["stdout"], "begun\n");
    assert_eq!(log["stderr"], "[the script was killed: it ran longer than 0.8 seconds]\n");
    assert!(!lives(&mark));
}

#[tokio::test]
async fn script_children_are_killed_with_the_script_or_the_server() {
    let served = TestServerWithKey::start(allowed).await;
    let mark = format!("orphan-{}", std::process::id());
    let code = format!(
        "import subprocess, sys, time\n\
         subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', '{mark}'])\n\
         time.sleep(float(open('params.json').read().split('\"wait\":')[1].split(',')[0].strip('}}')))\n"
    );
    let path = script(&served, &code).await;
    let log = run(&served, &path, json!({"wait": 0.2})).await;
    assert_eq!(log["status"], "SUCCESS", "{log}");
    assert!(!lives(&mark));

    let answer = served.call("POST", &format!("{path}/run"), r#"{"wait": 600, "async": true}"#).await;
    assert_eq!(answer.0, 200);
    while !lives(&mark) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let served = served.restart(|builder| builder).await;
    assert!(!lives(&mark));
    let (_, logs) = served.call("GET", &format!("{path}/logs"), "").await;
    assert!(logs["objects"][0]["stderr"].as_str().unwrap().contains("the server stopped"), "{logs}");
    assert_eq!(logs["objects"][0]["status"], "FAILURE");
    assert_eq!(served.call("GET", &format!("{path}/state"), "").await.1, json!({"running": false}));
}

#[tokio::test]
async fn script_memory_and_output_are_limited() {
    let served = TestServerWithKey::start(|builder| allowed(builder).script_memory(256 << 20)).await;
    let path = script(&served, "print('before')\nbytearray(1 << 30)\n").await;
    let log = run(&served, &path, json!({})).await;
    assert_eq!(log["status"], "FAILURE");
    assert!(log["stderr"].as_str().unwrap().contains("MemoryError"), "{log}");
    assert_eq!(served.call("DELETE", &path, "").await.0, 204);

    let path = script(&served, "print('first')\nfor _ in range(5000): print('x' * 1000)\nprint('last')\n").await;
    let log = run(&served, &path, json!({})).await;
    let stdout = log["stdout"].as_str().unwrap();
    assert!(stdout.starts_with("first\n") && stdout.ends_with("last\n") && stdout.len() < (1 << 20) + 100);
    assert!(stdout.contains("bytes omitted]"));
}

#[tokio::test]
async fn script_processes_and_disk_are_limited() {
    let limit = |builder: ServerBuilder| allowed(builder).script_processes(20).script_disk(8 << 20);
    let served = TestServerWithKey::start(limit).await;
    let path = script(
        &served,
        "import json, subprocess, sys, time\n\
         what = json.load(open('params.json'))['what']\n\
         if what == 'processes':\n\
        \x20   children = [subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']) for _ in range(60)]\n\
         if what == 'files':\n\
        \x20   for n in range(100): open(f'file{n}', 'wb').write(b'x' * (1 << 20))\n\
         if what == 'file':\n\
        \x20   open('large', 'wb').write(b'x' * (16 << 20))\n\
         if what == 'little':\n\
        \x20   open('small', 'wb').write(b'x' * (1 << 20))\n\
        \x20   sys.exit()\n\
         time.sleep(600)\n",
    )
    .await;
    for (what, expected) in [
        ("processes", "it had more than 20 processes"),
        ("files", "its folder exceeded 8 MiB"),
        // The system limits a single file.
        ("file", "File too large"),
    ] {
        let begun = Instant::now();
        let log = run(&served, &path, json!({"what": what})).await;
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        assert_eq!(log["status"], "FAILURE", "{what}: {log}");
        let stderr = log["stderr"].as_str().unwrap();
        // Unless the user is root, the system refuses the processes before they are counted.
        let is_refused = what == "processes" && stderr.contains("Resource temporarily unavailable");
        assert!(stderr.contains(expected) || is_refused, "{what}: {log}");
    }
    assert_eq!(run(&served, &path, json!({"what": "little"})).await["status"], "SUCCESS");
}

#[tokio::test]
async fn script_that_fails_without_words_has_its_exit_code_or_signal_as_reason() {
    let served = TestServerWithKey::start(allowed).await;
    let code = "import json, os, sys\nhow = json.load(open('params.json'))['how']\n\
                sys.exit(how) if how > 0 else os.kill(os.getpid(), -how)\n";
    let path = format!("{}/run", script(&served, code).await);
    for (how, expected) in [
        (3, "the script `nightly` failed: it exited with code 3 and wrote nothing to stderr"),
        (255, "the script `nightly` failed: it exited with code 255 and wrote nothing to stderr"),
        (-9, "the script `nightly` failed: it was killed by signal 9 and wrote nothing to stderr"),
        (-15, "the script `nightly` failed: it was killed by signal 15 and wrote nothing to stderr"),
    ] {
        let answer = served.call("POST", &path, json!({"how": how}).to_string()).await;
        assert_eq!(answer, (200, json!({"status": "error", "errors": [expected]})));
    }
}

#[tokio::test]
async fn script_of_another_account_does_not_wait_for_those_of_one() {
    let server = TestServer::start(|s| allowed(s).api_key("key").account_key("tenant", "other")).await;
    let script = async |key: &str, name: String, code: &str| {
        let body = json!({"name": name, "code": code}).to_string();
        let (status, script) = server.call(key, "POST", "/api/script", &body).await;
        assert_eq!(status, 201, "{script}");
        format!("/api/script/{}/run", script["uuid"].as_str().unwrap())
    };
    for n in 0..8 {
        let path = script("key", format!("long{n}"), "import time\ntime.sleep(600)\n").await;
        assert_eq!(server.call("key", "POST", &path, r#"{"async": true}"#).await.0, 200);
    }
    let short = script("other", "short".to_owned(), "print(1)").await;
    let answer = tokio::time::timeout(Duration::from_secs(60), server.call("other", "POST", &short, "{}")).await;
    assert_eq!(answer.expect("the script waits for another account"), (200, json!({"status": "ok"})));
}

#[tokio::test]
async fn script_cannot_run_twice_at_the_same_time() {
    let served = TestServerWithKey::start(allowed).await;
    let path = script(&served, "import time\ntime.sleep(1)\n").await;
    let run = format!("{path}/run");
    assert_eq!(served.call("POST", &run, r#"{"async": true}"#).await.0, 200);
    let (status, answer) = served.call("POST", &run, r#"{"async": true}"#).await;
    assert_eq!(status, 400);
    assert_eq!(answer["errors"][0], "the script `nightly` is already running: run it again after it ends");
    assert_eq!(served.call("DELETE", &path, "").await.0, 400);
    served.until(&format!("{path}/state"), |state| state["running"] == false).await;
    assert_eq!(served.call("POST", &run, r#"{"async": true}"#).await.0, 200);
}

#[tokio::test]
async fn script_run_needs_allow_scripts() {
    let served = TestServerWithKey::start(|builder| builder).await;
    let path = script(&served, "print(1)").await;
    let (status, answer) = served.call("POST", &format!("{path}/run"), "{}").await;
    assert_eq!(status, 501);
    assert!(answer["errors"][0].as_str().unwrap().contains("--allow-scripts"), "{answer}");
    assert_eq!(served.call("GET", &format!("{path}/state"), "").await.1, json!({"running": false}));

    let served = TestServerWithKey::start(allowed).await;
    for (body, expected) in [(json!({"name": "a", "code": "", "kind": "R"}), 501), (json!({"name": "b"}), 400)] {
        let (_, script) = served.call("POST", "/api/script", body.to_string()).await;
        let path = format!("/api/script/{}/run", script["uuid"].as_str().unwrap());
        assert_eq!(served.call("POST", &path, "{}").await.0, expected, "{script}");
    }
    for call in ["run", "state", "logs"] {
        let method = if call == "run" { "POST" } else { "GET" };
        let path = format!("/api/script/00000000-0000-4000-8000-000000000000/{call}");
        assert_eq!(served.call(method, &path, "").await.0, 404);
        assert_eq!(served.text(method, &path, "", None).await.0, 401);
    }
}

#[tokio::test]
async fn script_interpreter_that_is_missing_fails_the_start() {
    let folder = tempfile::tempdir().unwrap();
    for python in ["no-such-python", "/no/such/python", "false"] {
        let server = Server::builder(folder.path()).api_key("key").python(python).allow_scripts();
        let error = server.start().await.unwrap_err();
        assert!(error.to_string().contains("could not start the Python interpreter"), "{error}");
    }
}
