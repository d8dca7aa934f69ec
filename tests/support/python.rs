//! Python virtual environments, for tests that compare with packages from PyPI.
#![allow(dead_code, reason = "each test program uses part of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

static INSTALLING: Mutex<()> = Mutex::new(());

/// Returns the interpreter of a virtual environment with these packages. It is created once and
/// reused.
pub fn environment(folder: &Path, packages: &[&str]) -> PathBuf {
    let _installing = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let python = folder.join("bin").join("python");
    let marker = folder.join(format!("{} are installed", packages.join(", ")));
    if !marker.exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder));
        if !packages.is_empty() {
            run(pip(&python).args(["install", "--quiet"]).args(packages));
        }
        std::fs::write(&marker, "").unwrap();
    }
    python
}

/// Returns the package installer of an interpreter.
pub fn pip(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "--disable-pip-version-check"]);
    command
}

/// Runs a command that must succeed.
pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
