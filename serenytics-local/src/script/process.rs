//! The process of a script: Python in a temporary folder, with limits, killed together with its child processes.

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

use super::output::{self, Output};
use super::{ScriptSettings, limits};
use crate::base::{Context, Error};
use crate::catalogue::RunEnd;

/// Runs a command with limits: the address space of a process in KiB, the size of a file in blocks of 512 bytes, and the
/// number of processes and threads of the user. The last one has another letter in each shell.
const LIMITED: &str = r#"ulimit -v "$1" && ulimit -f "$2" && { ulimit -u "$3" 2>/dev/null || ulimit -p "$3"; } &&
shift 3 && exec "$@""#;

/// The size in bytes of the blocks of `ulimit -f`.
const BLOCK: u64 = 512;

/// How long to wait for output after the script has exited: a child in another process group may keep the pipe open.
const PIPE_TIMEOUT: Duration = Duration::from_secs(2);

/// The environment variables of the server that scripts inherit.
const INHERITED: [&str; 2] = ["PATH", "TZ"];

/// Checks that the interpreter can be started.
pub(super) async fn check(python: &Path) -> Result<(), Error> {
    let started = Command::new(python).arg("--version").stdin(Stdio::null()).output().await;
    let cannot = format!("could not start the Python interpreter `{}` for scripts", python.display());
    let output = started.context(&cannot)?;
    if !output.status.success() {
        return Err(Error::refused(format!("{cannot}: it exited with {}", output.status)));
    }
    Ok(())
}

/// Runs a script until it exits or reaches its time limit. Dropping the future kills the script.
pub(super) async fn run(
    settings: &ScriptSettings,
    python: &Path,
    folder: &Path,
    url: &str,
    code: &str,
    params: &Map<String, Value>,
) -> Result<RunEnd, Error> {
    let folder = prepared(folder, code, params)?;
    let threads = tokio::task::spawn_blocking(limits::threads_of_user).await.unwrap_or_default();
    // The system counts all processes and threads of the user, including those of the server.
    let threads = threads.map(|threads| threads.saturating_add(settings.processes as usize));
    let mut command = Command::new("sh");
    command.args(["-c", LIMITED, "sh"]).arg((settings.memory / 1024).to_string());
    command.arg((settings.disk / BLOCK).to_string());
    command.arg(threads.map_or_else(|| "unlimited".to_owned(), |threads| threads.to_string()));
    command.arg(python).arg("script.py");
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
        // Keep the output of a killed script.
        .env("PYTHONUNBUFFERED", "1")
        .env("PYTHONIOENCODING", "utf-8")
        .env("PYTHON_CLIENT_API_DOMAIN", url)
        .env("SERENYTICS_API_DOMAIN", url)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn().context("could not start the script")?;
    let group = child.id().map(Group);
    let (stdout, stderr) = (Reader::of(child.stdout.take()), Reader::of(child.stderr.take()));
    let exceeded = async {
        match &group {
            Some(Group(id)) => limits::exceeded(settings, *id, folder.path()).await,
            // It has ended already.
            None => std::future::pending().await,
        }
    };
    let waited = tokio::select! {
        status = child.wait() => Ok(status),
        limit = exceeded => Err(limit),
        () = tokio::time::sleep(settings.timeout) => {
            Err(format!("it ran longer than {} seconds", settings.timeout.as_secs_f64()))
        }
    };
    drop(group);
    let (status, note) = match waited {
        Ok(status) => (status, String::new()),
        Err(limit) => (child.wait().await, format!("[the script was killed: {limit}]\n")),
    };
    let status = status.context("could not wait for the script")?;
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

/// Creates the working folder of a script. Only the user of the server can read it, because the parameters contain an API
/// key.
fn prepared(folder: &Path, code: &str, params: &Map<String, Value>) -> Result<TempDir, Error> {
    const CONTEXT: &str = "could not create the folder of a script";
    let created = tempfile::Builder::new().prefix("run-").permissions(Permissions::from_mode(0o700)).tempdir_in(folder);
    let created = created.context(CONTEXT)?;
    fs::write(created.path().join("script.py"), code).context(CONTEXT)?;
    fs::write(created.path().join("params.json"), Value::Object(params.clone()).to_string()).context(CONTEXT)?;
    Ok(created)
}

/// Returns the exit code, or the negative signal number, as Python's `subprocess` does.
fn return_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| -status.signal().unwrap_or_default())
}

/// The process group of a script. Dropping this kills the script and its remaining children.
struct Group(u32);

impl Drop for Group {
    fn drop(&mut self) {
        // The group may be empty already.
        let kill = format!("kill -s KILL -- -{}", self.0);
        let killed = std::process::Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status();
        if let Err(error) = killed {
            tracing::error!(group = self.0, %error, "could not kill the processes of a script");
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

    /// Returns the output.
    async fn text(mut self) -> String {
        if tokio::time::timeout(PIPE_TIMEOUT, &mut self.reading).await.is_err() {
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
