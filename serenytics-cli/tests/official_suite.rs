//! Runs the published test suite of the official Python client, unmodified, against `serenytics serve`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::Serving;
use support::python::{CLIENT, folder, pip, python, run};

/// The two data files of the suite, which are not published. Their content and column order follow from the assertions
/// of the suite.
const DATA: [(&str, &str); 2] = [
    (
        "sales.csv",
        "id;quarter;sales;year\n1;Q1;120;2015\n2;Q2;80;2015\n3;Q2;85;2014\n4;Q4;25;2015\n5;Qaccentué;10;2016\n",
    ),
    ("sales_v2.csv", "id;quarter;sales;year\n1;Q1;120;2013\n3;Q2;140;2014\n5;Q1;245;2016\n6;Q2;130;2015\n"),
];

/// Number of tests in the suite.
const TESTS: usize = 17;

/// Returns the published archive of the client, downloading it if needed.
fn archive(python: &Path) -> PathBuf {
    let folder = folder("python-client-source");
    let archive = folder.join(format!("{}.tar.gz", CLIENT.replace("==", "-")));
    if !archive.exists() {
        let download = ["download", "--quiet", "--no-deps", "--no-binary", "serenytics", CLIENT, "--dest"];
        run(pip(python).args(download).arg(&folder));
    }
    archive
}

#[test]
fn official_test_suite_passes() {
    let python = python();
    let work = tempfile::tempdir().unwrap();
    let unpack = "import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])";
    run(Command::new(&python).args(["-c", unpack]).arg(archive(&python)).arg(work.path()));
    let root = work.path().join(CLIENT.replace("==", "-"));
    let data = root.join("tests").join("data");
    std::fs::create_dir(&data).unwrap();
    for (name, text) in DATA {
        std::fs::write(data.join(name), text).unwrap();
    }

    let served = tempfile::tempdir().unwrap();
    let arguments = ["--user", "ada@example.com:engine", "--python", python.to_str().unwrap()];
    let serving = Serving::start(served.path(), &arguments);
    let output = run(Command::new(&python)
        .args(["-m", "pytest", "-p", "no:cacheprovider", "tests"])
        .current_dir(&root)
        .env("PYTHON_CLIENT_API_DOMAIN", &serving.url)
        .env("PYTHON_CLIENT_TESTS_USERNAME_PASSWORD", "ada@example.com:engine"));
    let output = String::from_utf8(output.stdout).unwrap();
    let summary = output.lines().last().unwrap_or_default();
    assert!(summary.contains(&format!(" {TESTS} passed")) && !summary.contains("skipped"), "{output}");
    serving.stop("TERM");
}
