//! Runs Python scripts: at most one run per script at a time, each with a log in the catalogue.

#[cfg(unix)]
mod limits;
mod output;
#[cfg(unix)]
mod process;
#[cfg(not(unix))]
#[path = "unsupported.rs"]
mod process;
mod slots;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::oneshot;
use uuid::Uuid;

use self::slots::FairSlots;
use crate::access::Account;
use crate::base::{Context, Error, Kind, Metrics, catch_panic, run_to_completion};
use crate::catalogue::{Catalogue, RunEnd, Script};
use crate::tasks::Tasks;

/// Number of scripts that run at the same time; more scripts wait.
const MAX_CONCURRENT: usize = 6;

/// Number of scripts of one account that run at the same time: others do not wait for them.
const MAX_PER_ACCOUNT: usize = 4;

/// The supported kind of scripts.
const PYTHON: &str = "GENERIC_PYTHON";

/// The settings for scripts.
#[derive(Debug, Clone)]
pub(crate) struct ScriptSettings {
    /// True if scripts can run at all.
    pub(crate) allowed: bool,
    /// The time limit of a script.
    pub(crate) timeout: Duration,
    /// The address space of each process of a script, in bytes.
    pub(crate) memory: u64,
    /// The number of processes of a script.
    pub(crate) processes: u32,
    /// The size of the files in the folder of a script, in bytes.
    pub(crate) disk: u64,
}

impl Default for ScriptSettings {
    fn default() -> ScriptSettings {
        ScriptSettings {
            allowed: false,
            timeout: Duration::from_secs(60 * 60),
            memory: 4 << 30,
            processes: 256,
            disk: 1 << 30,
        }
    }
}

/// Runs scripts.
pub(crate) struct Scripts {
    settings: ScriptSettings,
    /// The Python interpreter.
    python: PathBuf,
    /// The parent of the working folders of scripts.
    folder: PathBuf,
    /// The URL of the API for scripts.
    url: String,
    slots: FairSlots,
    running: Arc<Mutex<HashSet<Uuid>>>,
    catalogue: Catalogue,
    tasks: Arc<Tasks>,
    metrics: Arc<Metrics>,
}

impl Scripts {
    /// Prepares `folder` for the working folders of scripts, and checks the interpreter if scripts are allowed.
    pub(crate) async fn open(
        settings: ScriptSettings,
        python: &Path,
        folder: PathBuf,
        url: &str,
        catalogue: Catalogue,
        tasks: Arc<Tasks>,
        metrics: Arc<Metrics>,
    ) -> Result<Scripts, Error> {
        const CONTEXT: &str = "could not create the folder of the scripts";
        if folder.exists() {
            // A killed process may have left working folders.
            std::fs::remove_dir_all(&folder).context(CONTEXT)?;
        }
        catalogue.tidy_runs().await?;
        let python = resolved(python)?;
        if settings.allowed {
            process::check(&python).await?;
            std::fs::create_dir_all(&folder).context(CONTEXT)?;
            tracing::warn!(
                "scripts are allowed: they run as the user of the server, so that every account can read the data and \
                 the keys of all accounts"
            );
        }
        let slots = FairSlots::new(MAX_CONCURRENT, MAX_PER_ACCOUNT);
        Ok(Scripts {
            settings,
            python,
            folder,
            url: url.to_owned(),
            slots,
            running: Arc::default(),
            catalogue,
            tasks,
            metrics,
        })
    }

    /// Returns true if a script is running or waiting to run.
    pub(crate) fn is_running(&self, script: Uuid) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).contains(&script)
    }

    /// Starts a run of a script. The returned channel receives the result after the log is stored.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        account: Account,
        script: Script,
        params: Map<String, Value>,
    ) -> Result<oneshot::Receiver<RunEnd>, Error> {
        self.check_allowed()?;
        let code = runnable(&script)?;
        let claim = self.claim(&script)?;
        let (sender, end) = oneshot::channel();
        let scripts = Arc::clone(self);
        run_to_completion(async move {
            let run = scripts.catalogue.begin_run(script.uuid).await?;
            let running = Arc::clone(&scripts);
            scripts.tasks.spawn(async move {
                let ended = catch_panic(&running.metrics, "this script", running.run(account, &code, &params)).await;
                let ended = ended.unwrap_or_else(|error| RunEnd {
                    succeeded: false,
                    stdout: String::new(),
                    stderr: format!("[{}]\n", error.messages().join("; ")),
                    return_code: None,
                });
                if let Err(error) = running.catalogue.end_run(script.uuid, run, &ended).await {
                    tracing::error!(script = %script.uuid, %error, "could not store the log of a script");
                }
                // Release the claim last: when the script is not running any more, its log is complete.
                drop(claim);
                // Sending fails if the caller does not wait for the result.
                let _ = sender.send(ended);
            });
            Ok(end)
        })
        .await
    }

    fn check_allowed(&self) -> Result<(), Error> {
        if self.settings.allowed {
            return Ok(());
        }
        Err(Error::new(
            Kind::NotEmulated,
            "this server does not run scripts: start it with --allow-scripts, which lets anyone with an API key run \
             programs on its machine",
        ))
    }

    fn claim(&self, script: &Script) -> Result<Claim, Error> {
        if !self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(script.uuid) {
            let message = format!("the script `{}` is already running: run it again after it ends", script.name);
            return Err(Error::refused(message));
        }
        Ok(Claim { script: script.uuid, running: Arc::clone(&self.running) })
    }

    async fn run(&self, account: Account, code: &str, params: &Map<String, Value>) -> Result<RunEnd, Error> {
        let _slot = self.slots.acquire(account).await?;
        process::run(&self.settings, &self.python, &self.folder, &self.url, code, params).await
    }
}

/// Makes a relative path of the interpreter absolute, because scripts run in other folders.
fn resolved(python: &Path) -> Result<PathBuf, Error> {
    if python.components().count() < 2 {
        return Ok(python.to_owned());
    }
    // Keep symbolic links: a virtual environment depends on the path of its interpreter.
    std::path::absolute(python).context("invalid path of the Python interpreter")
}

/// Marks a script as running until this is dropped.
struct Claim {
    script: Uuid,
    running: Arc<Mutex<HashSet<Uuid>>>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.script);
    }
}

/// Returns the code of a script, if the script can be run.
fn runnable(script: &Script) -> Result<String, Error> {
    match script.config.get("kind") {
        None | Some(Value::Null) => {}
        Some(Value::String(kind)) if kind == PYTHON => {}
        Some(kind) => return Err(Error::not_emulated(format!("a script of kind {kind} (supported: {PYTHON:?})"))),
    }
    match script.config.get("code") {
        Some(Value::String(code)) => Ok(code.clone()),
        _ => Err(Error::refused(format!("the script `{}` has no `code`", script.name))),
    }
}
