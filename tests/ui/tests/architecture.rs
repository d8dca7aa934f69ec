//! The documents of the repository: every path that they name exists, and the index lists every
//! decision.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// Files and folders whose paths are checked.
const DOCUMENTS: &[&str] = &["ARCHITECTURE.md", "docs/decisions", "docs/engine", "docs/undocumented.md"];

/// First components of a path in the repository, besides those of the crates (`serenytics-*`).
const FOLDERS: &[&str] = &["benches", "docs", "examples", "src", "tests"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns the Markdown files at a path.
fn documents(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let files = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "md")).collect()
}

/// Returns the text between backticks, without that of code blocks.
fn code_spans(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

/// Returns true if a code span is a path in this repository.
fn is_path(code: &str) -> bool {
    let Some((first, _)) = code.split_once('/') else { return false };
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_-./{},*".contains(character);
    code.chars().all(is_plain) && (first.starts_with("serenytics-") || FOLDERS.contains(&first))
}

#[test]
fn paths_in_documents_exist() {
    let mut missing = Vec::new();
    let mut found = 0;
    for document in DOCUMENTS.iter().flat_map(|path| documents(&root().join(path))) {
        let text = fs::read_to_string(&document).unwrap();
        for path in code_spans(&text).into_iter().filter(|code| is_path(code)) {
            found += 1;
            if !root().join(path).exists() {
                missing.push(format!("{}: `{path}`", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "paths that do not exist; update the documents:\n{}", missing.join("\n"));
    assert!(found > 100, "only {found} paths were found");
}

#[test]
fn index_lists_every_decision() {
    let folder = root().join("docs/decisions");
    let index = fs::read_to_string(folder.join("README.md")).unwrap();
    for record in documents(&folder) {
        let name = record.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name == "README.md" || index.contains(&format!("({name})")), "add {name} to docs/decisions/README.md");
    }
}
