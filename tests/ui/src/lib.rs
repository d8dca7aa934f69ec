//! Empty: the package only contains the tests in `tests/` and their cases in `cases/`.
