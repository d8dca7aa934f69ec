//! The server: `serenytics serve` of a release build, in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Outcome;

/// The key of the server, which listens on this machine only.
pub(crate) const KEY: &str = "bench";

/// A server that ends when it is dropped.
pub(crate) struct Serving {
    pub(crate) url: String,
    child: Child,
}

impl Serving {
    /// Builds the command and starts a server on a free port, over a folder; the interpreter reads the data frames that Python sends.
    pub(crate) fn start(folder: &Path, python: &Path) -> Outcome<Serving> {
        // `cargo run` sets a variable that build scripts look at: with it, half of the engine would be built anew.
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "--locked", "-p", "serenytics-cli"])
            .env_remove("CARGO_MANIFEST_DIR")
            .status()?;
        if !built.success() {
            return Err("the command `serenytics` could not be built".into());
        }
        // It stands beside this program.
        let command: PathBuf = std::env::current_exe()?.with_file_name("serenytics");
        let mut child = Command::new(command)
            .arg("serve")
            .args(["--listen", "127.0.0.1:0", "--data"])
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
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
