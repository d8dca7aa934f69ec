//! Checks dependency trees: the language has no I/O and no compiler crates, and a user's tree does
//! not contain the engine.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use std::process::Command;

/// The names of the crates that a crate of the workspace links, with all its features.
fn tree(package: &str) -> Vec<String> {
    let arguments = ["tree", "--offline", "--all-features", "--edges", "normal,no-proc-macro", "--prefix", "none"];
    let output = Command::new(env!("CARGO")).args(arguments).args(["--package", package]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    names.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[track_caller]
fn lacks(package: &str, unwanted: &[&str]) {
    let tree = tree(package);
    assert!(tree.iter().any(|name| name == "serde_json"), "{tree:?}");
    let found: Vec<_> = tree.iter().filter(|name| unwanted.contains(&name.as_str())).collect();
    assert!(found.is_empty(), "{package} brings {found:?}");
}

#[test]
fn the_language_has_no_io_and_no_syn() {
    lacks("serenytics-query", &["tokio", "syn", "reqwest", "hyper", "mio", "quote", "proc-macro2", "tracing"]);
}

#[test]
fn a_users_tree_does_not_contain_the_engine() {
    let engine =
        ["datafusion", "deltalake-core", "sqlx", "axum", "arrow", "parquet", "serenytics-engine", "serenytics-local"];
    lacks("serenytics", &engine);
    lacks("serenytics-core", &engine);
}

#[test]
fn the_warehouse_has_no_server_no_catalogue_and_no_mail() {
    // `reqwest` and the client of `hyper` are there: the object stores of Delta Lake use them.
    let platform = ["axum", "sqlx", "sqlx-core", "lettre", "argon2", "rusty-s3"];
    lacks("serenytics-engine", &platform);
    lacks("serenytics-engine", &["serenytics-core", "serenytics-local"]);
}
