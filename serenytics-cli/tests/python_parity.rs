//! Checks that `docs/guide/python-calls.md` has a row for each function and parameter of the official Python client, and an
//! example of each Rust call.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;
use std::process::Command;

use support::python::{python, run};

const TABLE: &str = include_str!("../../docs/guide/python-calls.md");

/// Prints the functions and parameters of the client: `Class.function()` and `Class.function(parameter)`, one per line.
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

/// Returns the cells of the tables: the Python name and the Rust name.
fn rows() -> Vec<(&'static str, &'static str)> {
    let row = |line: &'static str| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | ");
    TABLE.lines().filter_map(row).collect()
}

#[test]
fn parity_page_lists_every_python_function_and_parameter() {
    let output = run(Command::new(python()).args(["-c", LISTING]));
    let text = String::from_utf8(output.stdout).unwrap();
    let theirs: BTreeSet<&str> = text.lines().filter(|line| line.contains('(')).collect();
    let ours: Vec<&str> = rows().into_iter().map(|(python, _)| python).collect();
    let set: BTreeSet<&str> = ours.iter().copied().collect();
    assert!(theirs.len() > 100, "{text}");
    assert_eq!(theirs.difference(&set).collect::<Vec<_>>(), Vec::<&&str>::new(), "Python has these, the page does not");
    assert_eq!(set.difference(&theirs).collect::<Vec<_>>(), Vec::<&&str>::new(), "the page has these, Python does not");
    assert_eq!(ours.len(), set.len(), "a row is repeated");
}

#[test]
fn parity_page_shows_every_rust_call() {
    let code: String = TABLE.split("```").skip(1).step_by(2).collect();
    for (python, rust) in rows() {
        // The words in backticks are calls, unless they are types or macros.
        for name in rust.split('`').skip(1).step_by(2).map(|name| name.rsplit("::").next().unwrap()) {
            let is_call = name.starts_with(|first: char| first.is_ascii_lowercase()) && !name.ends_with('!');
            if is_call && !["arrow", "client"].contains(&name) {
                let call = |before: &str| ["(", "::<", " "].map(|after| format!("{before}{name}{after}"));
                let forms = [call("."), call("::")].concat();
                // `Answer` has fields of these names.
                let is_field = ["columns", "rows"].contains(&name) && code.contains(&format!(".{name}"));
                let shown = is_field || forms.iter().any(|form| code.contains(form));
                assert!(shown, "{python}: `{name}` is not shown");
            }
        }
    }
}
