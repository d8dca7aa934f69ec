//! Virtual environments of Python, made once and kept between runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// The version of the official client that is promised to work.
pub const CLIENT: &str = "serenytics==2.0.1";

/// One environment is made at a time: tests run side by side.
static MAKING: Mutex<()> = Mutex::new(());

/// The interpreter of an environment with this name that has these packages.
pub fn environment(name: &str, packages: &[&str]) -> PathBuf {
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let python = folder.join("bin").join("python");
    let marker = folder.join(format!("{} is installed", packages.join(" and ")));
    if !marker.exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        run(Command::new(&python).args(pip).args(packages));
        std::fs::write(&marker, "").unwrap();
    }
    python
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
