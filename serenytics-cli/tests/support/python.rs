//! Python environments with packages from PyPI, kept between runs.

#[path = "../../../tests/support/python.rs"]
mod environments;

use std::path::{Path, PathBuf};
use std::process::Command;

#[allow(unused_imports, reason = "each test program needs some of it")]
pub use environments::{pip, run};

use serde_json::Value;

/// The supported version of the official client.
pub const CLIENT: &str = "serenytics==2.0.1";

/// The packages to install: PyArrow changes the data frames of pandas, and the test suite of the client needs pytest.
const PACKAGES: [&str; 3] = [CLIENT, "pyarrow", "pytest<10"];

/// Returns the interpreter that has the official client.
pub fn python() -> PathBuf {
    environment("python-client", &PACKAGES)
}

/// Returns the interpreter of a virtual environment with these packages.
pub fn environment(name: &str, packages: &[&str]) -> PathBuf {
    environments::environment(&folder(name), packages)
}

/// Returns a folder that is kept between runs.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Runs a script of `tests/python` against a server and returns the JSON that it prints.
pub fn script(name: &str, url: &str, key: &str, variables: &[(&str, &str)]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name);
    let mut command = Command::new(python());
    command.arg(script).env("PYTHON_CLIENT_API_DOMAIN", url).env("CHECK_API_KEY", key);
    let output = run(command.envs(variables.iter().copied()));
    serde_json::from_slice(&output.stdout).unwrap()
}
