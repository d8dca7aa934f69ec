//! Compiles every case in `cases/`: the wrong ones fail with the errors in their `.stderr`, the
//! right ones run.
//!
//! `TRYBUILD=overwrite cargo test -p serenytics-ui-tests` writes the `.stderr` files.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("cases/wrong/*.rs");
    cases.pass("cases/right/*.rs");
}

/// Compile errors do not mention items that are hidden from the documentation.
#[test]
fn no_message_names_a_hidden_item() {
    let mut read = 0;
    for entry in std::fs::read_dir("cases/wrong").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "stderr") {
            read += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            for hidden in ["__private", "serenytics_query::", "serenytics_macros::", "__source_", "ColumnAt"] {
                assert!(!text.contains(hidden), "{} names `{hidden}`", path.display());
            }
        }
    }
    assert!(read >= 20, "{read} cases were read");
}
