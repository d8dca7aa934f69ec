//! Python with a package from PyPI.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the programs of a virtual environment with this package, made once and kept between runs.
pub fn programs(package: &str) -> PathBuf {
    let name = package.split(['=', '[']).next().unwrap_or(package);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{name}"));
    let programs = folder.join("bin");
    let marker = folder.join(format!("{package} is installed"));
    if !marker.exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package];
        run(Command::new(programs.join("python")).args(pip));
        std::fs::write(&marker, "").unwrap();
    }
    programs
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
