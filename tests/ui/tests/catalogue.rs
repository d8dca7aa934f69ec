//! The catalogue of problems: each code has a case, and one paragraph in the guide.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use serenytics::problem::Code;

/// The contents of all cases: the compile errors of the wrong ones, and the assertions of the right
/// ones.
fn cases() -> String {
    let mut texts = String::new();
    for folder in ["cases/wrong", "cases/right"] {
        for entry in std::fs::read_dir(folder).unwrap() {
            texts.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
        }
    }
    texts
}

#[test]
fn each_code_has_a_case_and_a_paragraph() {
    let guide = std::fs::read_to_string("../../docs/guide/problems.md").unwrap();
    let headings: Vec<&str> = guide.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.text()).collect();
    assert_eq!(headings, codes, "the guide's paragraphs, in the order of the codes");
    let cases = cases();
    let untested: Vec<_> = codes.iter().filter(|code| !cases.contains(*code)).collect();
    assert!(untested.is_empty(), "codes without a case: {untested:?}");
}
