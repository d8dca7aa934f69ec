//! `docs/guide/python-calls.md` has a row for each function and parameter of the official Python client, and shows each call.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;
use std::process::Command;

use support::python::{python, run};

const TABLE: &str = include_str!("../../docs/guide/python-calls.md");

/// What the client has, one line each: `Class.function()` and `Class.function(parameter)`.
const LISTING: &str = r#"
import inspect
from serenytics import client, script, source, webapp

parts = [client.Client, source.DataSource, source.Data, script.Script, script.ScriptLog, webapp.WebApp]
for part in parts:
    for name, value in vars(part).items():
        function = value.fget if isinstance(value, property) else value
        is_public = not name.startswith("_") or (name == "__init__" and part is client.Client)
        if not is_public or not callable(function):
            continue
        call = part.__name__ if name == "__init__" else f"{part.__name__}.{name}"
        print(f"{call}()")
        for parameter in list(inspect.signature(function).parameters)[1:]:
            print(f"{call}({parameter})")
"#;

/// The cells of the tables: what Python calls it, and what Rust does.
fn rows() -> Vec<(&'static str, &'static str)> {
    let row = |line: &'static str| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | ");
    TABLE.lines().filter_map(row).collect()
}

#[test]
fn every_function_and_parameter_has_its_row() {
    let output = run(Command::new(python()).args(["-c", LISTING]));
    let text = String::from_utf8(output.stdout).unwrap();
    let theirs: BTreeSet<&str> = text.lines().filter(|line| line.contains('(')).collect();
    let ours: Vec<&str> = rows().into_iter().map(|(python, _)| python).collect();
    let set: BTreeSet<&str> = ours.iter().copied().collect();
    assert!(theirs.len() > 100, "{text}");
    assert_eq!(theirs.difference(&set).collect::<Vec<_>>(), Vec::<&&str>::new(), "without a row");
    assert_eq!(set.difference(&theirs).collect::<Vec<_>>(), Vec::<&&str>::new(), "of nothing that Python has");
    assert_eq!(ours.len(), set.len(), "a row stands twice");
}

#[test]
fn every_rust_call_is_shown() {
    let code: String = TABLE.split("```").skip(1).step_by(2).collect();
    for (python, rust) in rows() {
        // Names of calls are the words in backticks that are no type and no macro.
        for name in rust.split('`').skip(1).step_by(2).map(|name| name.rsplit("::").next().unwrap()) {
            let is_call = name.starts_with(|first: char| first.is_ascii_lowercase()) && !name.ends_with('!');
            if is_call && !["arrow", "client"].contains(&name) {
                let call = |before: &str| ["(", "::<", " "].map(|after| format!("{before}{name}{after}"));
                let forms = [call("."), call("::")].concat();
                // `Answer` has fields, which are named like this.
                let is_field = ["columns", "rows"].contains(&name) && code.contains(&format!(".{name}"));
                let shown = is_field || forms.iter().any(|form| code.contains(form));
                assert!(shown, "{python}: `{name}` is not shown");
            }
        }
    }
}
