//! Nothing: the package holds the tests in `tests/ui.rs` and their cases in `cases/`.
