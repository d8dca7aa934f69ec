//! Running scripts: which may, one run of each at a time, and what is written down of it.

mod output;
#[cfg(unix)]
mod process;
#[cfg(not(unix))]
#[path = "nowhere.rs"]
mod process;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{Semaphore, oneshot};
use uuid::Uuid;

use crate::catalogue::{RunEnd, Script};
use crate::engine::Engine;
use crate::error::{Context, Error, Kind};
use crate::jobs::to_the_end;

/// How many scripts run at the same time; the others wait.
const TURNS: usize = 4;

/// The kind of scripts that the engine runs.
const PYTHON: &str = "GENERIC_PYTHON";

/// How scripts are run.
#[derive(Debug, Clone)]
pub(crate) struct ScriptSettings {
    /// Whether scripts are run at all.
    pub(crate) allowed: bool,
    /// How long a script may take.
    pub(crate) timeout: Duration,
    /// How many bytes of address space each of a script's processes has.
    pub(crate) memory: u64,
}

impl Default for ScriptSettings {
    fn default() -> ScriptSettings {
        ScriptSettings { allowed: false, timeout: Duration::from_secs(60 * 60), memory: 4 << 30 }
    }
}

/// What runs scripts.
pub(crate) struct Scripts {
    settings: ScriptSettings,
    /// The Python interpreter.
    python: PathBuf,
    /// Where the scripts' own folders are.
    folder: PathBuf,
    /// The URL of the API, as a script reaches it.
    url: String,
    turns: Semaphore,
    running: Arc<Mutex<HashSet<Uuid>>>,
}

impl Scripts {
    /// Scripts that a Python runs, with folders in `folder`, for the API at `url`.
    pub(crate) async fn open(
        settings: ScriptSettings,
        python: &Path,
        folder: PathBuf,
        url: &str,
    ) -> Result<Scripts, Error> {
        const CONTEXT: &str = "the folder of the scripts could not be made";
        if folder.exists() {
            // Left behind by an engine that was killed.
            std::fs::remove_dir_all(&folder).context(CONTEXT)?;
        }
        let python = found(python)?;
        if settings.allowed {
            process::check(&python).await?;
            std::fs::create_dir_all(&folder).context(CONTEXT)?;
        }
        let turns = Semaphore::new(TURNS);
        Ok(Scripts { settings, python, folder, url: url.to_owned(), turns, running: Arc::default() })
    }

    /// Whether a script runs, or waits for its turn.
    pub(crate) fn is_running(&self, script: Uuid) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).contains(&script)
    }

    fn check_allowed(&self) -> Result<(), Error> {
        if self.settings.allowed {
            return Ok(());
        }
        Err(Error::new(
            Kind::NotEmulated,
            "this server runs no scripts: start it with --allow-scripts, which lets everybody who has an API key run \
             programs on its machine",
        ))
    }

    fn claim(&self, script: &Script) -> Result<Claim, Error> {
        if !self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(script.uuid) {
            let message = format!("the script `{}` is running: wait until it is done, then run it again", script.name);
            return Err(Error::refused(message));
        }
        Ok(Claim { script: script.uuid, running: Arc::clone(&self.running) })
    }

    async fn run(&self, code: &str, params: &Map<String, Value>) -> Result<RunEnd, Error> {
        let _turn = self.turns.acquire().await.context("the engine stops")?;
        process::run(&self.settings, &self.python, &self.folder, &self.url, code, params).await
    }
}

/// An interpreter that is named by a path is found from every folder.
fn found(python: &Path) -> Result<PathBuf, Error> {
    if python.components().count() < 2 {
        return Ok(python.to_owned());
    }
    // A link stays one: the interpreter of a virtual environment is known by where it lies.
    std::path::absolute(python).context("the path of the Python interpreter is none")
}

/// A run of a script, of which there is one at a time.
struct Claim {
    script: Uuid,
    running: Arc<Mutex<HashSet<Uuid>>>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.script);
    }
}

impl Engine {
    /// Begins to run a script. What is returned tells how it ended; the log is written down then.
    pub(crate) async fn begin_run(
        self: &Arc<Self>,
        script: Script,
        params: Map<String, Value>,
    ) -> Result<oneshot::Receiver<RunEnd>, Error> {
        self.scripts.check_allowed()?;
        let code = runnable(&script)?;
        let claim = self.scripts.claim(&script)?;
        let (told, end) = oneshot::channel();
        let engine = Arc::clone(self);
        to_the_end(async move {
            let run = engine.catalogue.begin_run(script.uuid).await?;
            let running = Arc::clone(&engine);
            engine.spawn(async move {
                let ended = running.caught("this script", running.scripts.run(&code, &params)).await;
                let ended = ended.unwrap_or_else(|error| RunEnd {
                    succeeded: false,
                    stdout: String::new(),
                    stderr: format!("[{}]\n", error.messages().join("; ")),
                    return_code: None,
                });
                if let Err(error) = running.catalogue.end_run(script.uuid, run, &ended).await {
                    tracing::error!(script = %script.uuid, %error, "the log of a script was not written down");
                }
                // Only now, so that whoever sees that it does not run any more finds its log.
                drop(claim);
                // Nobody listens when the caller did not wait for it.
                let _ = told.send(ended);
            });
            Ok(end)
        })
        .await
    }
}

/// The code of a script that can be run.
fn runnable(script: &Script) -> Result<String, Error> {
    match script.config.get("kind") {
        None | Some(Value::Null) => {}
        Some(Value::String(kind)) if kind == PYTHON => {}
        Some(kind) => return Err(Error::not_emulated(format!("a script of kind {kind}, other than {PYTHON:?},"))),
    }
    match script.config.get("code") {
        Some(Value::String(code)) => Ok(code.clone()),
        _ => Err(Error::refused(format!("the script `{}` has no `code`", script.name))),
    }
}
