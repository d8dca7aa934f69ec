//! Virtual environments of Python, for tests against packages of PyPI.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter of the virtual environment in a folder, with one package. It is made once and kept between runs.
pub fn python(folder: &Path, package: &str) -> PathBuf {
    let python = folder.join("bin").join("python");
    let marker = folder.join(format!("{package} is installed"));
    if !marker.exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder));
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]));
        std::fs::write(&marker, "").unwrap();
    }
    python
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
