//! The process of a script: Python in a folder of its own, with limits, ended together with its children.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::io::AsyncRead;
use tokio::process::Command;
use tokio::task::JoinHandle;

use super::ScriptSettings;
use super::output::{self, Output};
use crate::catalogue::RunEnd;
use crate::error::{Context, Error};

/// Limits the memory of what runs behind it.
const LIMITED: &str = r#"ulimit -v "$0" && exec "$@""#;

/// How long output is waited for when the script has ended: a child that left the script's process group may hold it.
const PATIENCE: Duration = Duration::from_secs(2);

/// The variables of the engine's own environment that a script gets.
const INHERITED: [&str; 2] = ["PATH", "TZ"];

/// Whether the interpreter can be started.
pub(super) async fn check(python: &Path) -> Result<(), Error> {
    let started = Command::new(python).arg("--version").stdin(Stdio::null()).output().await;
    let cannot = format!("the Python interpreter `{}`, which is to run scripts, cannot be started", python.display());
    let output = started.context(&cannot)?;
    if !output.status.success() {
        return Err(Error::refused(format!("{cannot}: it ends with {}", output.status)));
    }
    Ok(())
}

/// Runs a script to its end, or until its time is over. When the future is dropped, the script ends.
pub(super) async fn run(
    settings: &ScriptSettings,
    python: &Path,
    folder: &Path,
    url: &str,
    code: &str,
    params: &Map<String, Value>,
) -> Result<RunEnd, Error> {
    let folder = prepared(folder, code, params)?;
    let mut command = Command::new("sh");
    command.args(["-c", LIMITED]).arg((settings.memory / 1024).to_string()).arg(python).arg("script.py");
    command.current_dir(folder.path()).env_clear();
    for name in INHERITED {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .env("HOME", folder.path())
        .env("TMPDIR", folder.path())
        .env("LANG", "C.UTF-8")
        // What a script wrote is not lost when it is ended.
        .env("PYTHONUNBUFFERED", "1")
        .env("PYTHONIOENCODING", "utf-8")
        .env("PYTHON_CLIENT_API_DOMAIN", url)
        .env("SERENYTICS_API_DOMAIN", url)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn().context("the script could not be started")?;
    let group = child.id().map(Group);
    let (stdout, stderr) = (Reader::of(child.stdout.take()), Reader::of(child.stderr.take()));
    let waited = tokio::time::timeout(settings.timeout, child.wait()).await;
    drop(group);
    let (status, note) = match waited {
        Ok(status) => (status.context("the end of the script is not known")?, String::new()),
        Err(_) => {
            let status = child.wait().await.context("the end of the script is not known")?;
            (
                status,
                format!("[the script was ended: it took longer than {} seconds]\n", settings.timeout.as_secs_f64()),
            )
        }
    };
    let (stdout, stderr) = (stdout.text().await, stderr.text().await);
    Ok(RunEnd {
        succeeded: status.success(),
        stdout,
        stderr: if note.is_empty() || stderr.is_empty() || stderr.ends_with('\n') {
            stderr + &note
        } else {
            format!("{stderr}\n{note}")
        },
        return_code: Some(return_code(status)),
    })
}

/// The folder that a script runs in. Only the engine's own user may look into it: the parameters hold an API key.
fn prepared(folder: &Path, code: &str, params: &Map<String, Value>) -> Result<TempDir, Error> {
    const CONTEXT: &str = "the folder of a script could not be made";
    let made = tempfile::Builder::new().prefix("run-").permissions(Permissions::from_mode(0o700)).tempdir_in(folder);
    let made = made.context(CONTEXT)?;
    fs::write(made.path().join("script.py"), code).context(CONTEXT)?;
    fs::write(made.path().join("params.json"), Value::Object(params.clone()).to_string()).context(CONTEXT)?;
    Ok(made)
}

/// The exit code, or the signal as a number below zero, as Python's `subprocess` has it.
fn return_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| -status.signal().unwrap_or_default())
}

/// The process group of a script, which is ended when this is dropped: the script and the children that it left behind.
struct Group(u32);

impl Drop for Group {
    fn drop(&mut self) {
        // There may be nobody left, which is as good.
        let kill = format!("kill -s KILL -- -{}", self.0);
        let ended = std::process::Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status();
        if let Err(error) = ended {
            tracing::error!(group = self.0, %error, "the processes of a script could not be ended");
        }
    }
}

/// Reads a pipe of a script while it runs.
struct Reader {
    output: Arc<Mutex<Output>>,
    reading: JoinHandle<()>,
}

impl Reader {
    fn of(pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> Reader {
        let output = Arc::<Mutex<Output>>::default();
        let into = Arc::clone(&output);
        let reading = tokio::spawn(async move {
            if let Some(pipe) = pipe {
                output::read(pipe, into).await;
            }
        });
        Reader { output, reading }
    }

    /// What was written.
    async fn text(mut self) -> String {
        if tokio::time::timeout(PATIENCE, &mut self.reading).await.is_err() {
            self.reading.abort();
        }
        self.output.lock().unwrap_or_else(PoisonError::into_inner).text()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.reading.abort();
    }
}
