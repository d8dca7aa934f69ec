//! Builds and starts `serenytics serve` in its own process.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Outcome;

/// The API key. The server listens only on the loopback address.
pub(crate) const KEY: &str = "bench";

/// A running server. Dropping it kills the process.
pub(crate) struct Serving {
    pub(crate) url: String,
    child: Child,
}

impl Serving {
    /// Builds the command and starts a server on a free port, with its data in `folder`. The server uses the interpreter
    /// `python` to read the data frames that the Python client sends.
    pub(crate) fn start(folder: &Path, python: &Path) -> Outcome<Serving> {
        // `cargo run` sets a variable that some build scripts watch. It would make cargo rebuild half of the engine.
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "--locked", "-p", "serenytics-cli"])
            .env_remove("CARGO_MANIFEST_DIR")
            .status()?;
        if !built.success() {
            return Err("cannot build the command `serenytics`".into());
        }
        // Cargo puts it next to this program.
        let command: PathBuf = std::env::current_exe()?.with_file_name("serenytics");
        let mut child = Command::new(command)
            .arg("serve")
            // The benchmark repeats its queries to measure them.
            .args(["--listen", "127.0.0.1:0", "--cache-memory", "0", "--data"])
            .arg(folder.join("data"))
            .arg("--python")
            .arg(python)
            .env("SERENYTICS_API_KEY", KEY)
            .stderr(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("the server has no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let url = line.trim_end().rsplit(' ').next().unwrap_or_default().to_owned();
        if !url.starts_with("http://") {
            return Err(format!("the server did not start: {line:?}").into());
        }
        Ok(Serving { url, child })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // The process may already have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
