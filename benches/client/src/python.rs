//! Installs and runs the official Python client in a virtual environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::measured::Measured;
use crate::server::KEY;

/// The package and version to compare with.
const CLIENT: &str = "serenytics==2.0.1";

/// Returns the interpreter of the virtual environment, creating the environment if needed.
pub(crate) fn interpreter() -> Outcome<PathBuf> {
    let folder = std::env::current_exe()?.with_file_name("bench-client-python");
    let python = folder.join("bin").join("python");
    let marker = folder.join(format!("{CLIENT} is installed"));
    if !marker.exists() {
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        succeed(Command::new(&python).args(["-m", "pip", "install", "--quiet", CLIENT, "pyarrow"]))?;
        std::fs::write(&marker, "")?;
    }
    Ok(python)
}

fn succeed(command: &mut Command) -> Outcome<Vec<u8>> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(output.stdout)
}

/// Runs a job.
pub(crate) fn run(python: &Path, job: &str, url: &str, file: &Path) -> Outcome<Measured> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/work.py");
    let mut command = Command::new(python);
    command.arg(script).arg(job).arg(file).env("PYTHON_CLIENT_API_DOMAIN", url).env("BENCH_API_KEY", KEY);
    Ok(serde_json::from_slice(&succeed(&mut command)?)?)
}
