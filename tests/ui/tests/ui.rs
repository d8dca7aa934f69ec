//! Compiles every case under `cases/`: the wrong ones say what they say in their `.stderr`, the right ones run.
//!
//! `TRYBUILD=overwrite cargo test -p serenytics-ui-tests` writes the `.stderr` files anew.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("cases/wrong/*.rs");
    cases.pass("cases/right/*.rs");
}
