//! A Python with the official client, in a folder that is kept between runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// The version of the client that is promised to work.
pub const CLIENT: &str = "serenytics==2.0.1";

/// What is installed beside it: pandas makes other data frames when PyArrow is there, and the client's suite needs
/// pytest.
const PACKAGES: [&str; 3] = [CLIENT, "pyarrow", "pytest<10"];

static INSTALLING: Mutex<()> = Mutex::new(());

/// The interpreter.
pub fn python() -> PathBuf {
    environment("python-client", &PACKAGES)
}

/// The interpreter of a virtual environment with these packages.
pub fn environment(name: &str, packages: &[&str]) -> PathBuf {
    let _installing = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = folder(name);
    let python = folder.join("bin").join("python");
    let marker = folder.join(format!("{} are installed", packages.join(", ")));
    if !marker.exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        run(pip(&python).args(["install", "--quiet"]).args(packages));
        std::fs::write(&marker, "").unwrap();
    }
    python
}

/// The package installer of an interpreter.
pub fn pip(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "--disable-pip-version-check"]);
    command
}

/// A folder of this name that is kept between runs.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Runs a command, which has to work.
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
