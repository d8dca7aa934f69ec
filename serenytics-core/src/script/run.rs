//! Runs a script: starts it, and polls until it has finished.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value};
use tracing::{Instrument, debug_span, info};

use crate::error::{Error, Kind};
use crate::io::{Progress, ProgressCallback, report};
use crate::script::{Script, ScriptLog};
use crate::transport::{Deadline, Poll};

/// Default timeout of a run.
const TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// The parameter that makes the server answer at once; scripts cannot have a parameter of that
/// name.
const ASYNC: &str = "async";

/// A run of a script; see [`Script::run`].
#[must_use = "nothing is run before `.start()` or `.wait()`"]
pub struct RunScript<'s> {
    script: &'s Script,
    params: Result<Map<String, Value>, String>,
    raise_on_error: bool,
    log_result: bool,
    timeout: Duration,
    progress: ProgressCallback<'s, Progress>,
}

impl Script {
    /// Prepares a run of the script; call [`start`](RunScript::start) or [`wait`](RunScript::wait).
    ///
    /// ```no_run
    /// # async fn run(client: serenytics_core::Client) -> Result<(), serenytics_core::Error> {
    /// let script = client.script("nightly").await?;
    /// let log = script.run().param("country", "FR").wait().await?;
    /// println!("{}", log.stdout);
    /// # Ok(())
    /// # }
    /// ```
    pub fn run(&self) -> RunScript<'_> {
        RunScript {
            script: self,
            params: Ok(Map::new()),
            raise_on_error: true,
            log_result: false,
            timeout: TIMEOUT,
            progress: None,
        }
    }

    /// Returns true if the script is running: `GET /api/script/{uuid}/state`.
    ///
    /// # Errors
    /// Returns an error if the script no longer exists, or the server cannot be reached or rejects
    /// the request.
    pub async fn is_running(&self) -> Result<bool, Error> {
        self.is_running_until(self.session.deadline()).await
    }

    /// Waits until the script is no longer running, polling less and less often:
    /// `GET /api/script/{uuid}/state`. Dropping the future does not stop the script.
    ///
    /// # Errors
    /// Returns an error if the script is still running after `timeout`, the script no longer
    /// exists, or the server cannot be reached or rejects the request.
    pub async fn wait(&self, timeout: Duration) -> Result<(), Error> {
        self.wait_until(Deadline::after(timeout, "`timeout` of the wait"), &mut || {}).await
    }

    async fn is_running_until(&self, deadline: Deadline) -> Result<bool, Error> {
        let mut response = self.session.get(&["api", "script", &self.uuid, "state"], deadline).send().await?;
        let body = response.whole().await?;
        let state: Value = response.parse(&body)?;
        let running = state.get("running").and_then(Value::as_bool);
        running.ok_or_else(|| response.unexpected(&body, "the response has no `running`"))
    }

    /// Polls until the script has finished. Calls `asking` before each request.
    async fn wait_until(&self, deadline: Deadline, asking: &mut (dyn FnMut() + Send)) -> Result<(), Error> {
        let mut poll = Poll::until(deadline);
        loop {
            asking();
            if !self.is_running_until(deadline).await? {
                return Ok(());
            }
            let name = &self.name;
            poll.pause(&format!("the script `{name}` was not done yet; it keeps running on the server")).await?;
        }
    }
}

impl<'s> RunScript<'s> {
    /// Sets the parameters of the script: a map, or any struct that serde serializes. Replaces
    /// earlier parameters.
    pub fn params(mut self, params: &impl Serialize) -> Self {
        self.params = match serde_json::to_value(params) {
            Ok(Value::Object(params)) => Ok(params),
            Ok(other) => Err(format!("{other} is not an object")),
            Err(error) => Err(error.to_string()),
        };
        self
    }

    /// Adds a parameter.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        if let Ok(params) = &mut self.params {
            params.insert(name.into(), value.into());
        }
        self
    }

    /// Sets whether a failed script is an error (default: true).
    pub fn raise_on_error(mut self, raise: bool) -> Self {
        self.raise_on_error = raise;
        self
    }

    /// Sets whether [`wait`](Self::wait) writes the script's log as a `tracing` event at level
    /// `INFO` (default: false).
    pub fn log_result(mut self, log: bool) -> Self {
        self.log_result = log;
        self
    }

    /// Sets the timeout of [`wait`](Self::wait) (default: 1 h).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets a progress callback, which [`wait`](Self::wait) calls at each poll.
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 's) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Starts the script without waiting for it: `POST /api/script/{uuid}/run`.
    ///
    /// # Errors
    /// Returns an error if the parameters cannot be written as JSON (nothing is sent then), the
    /// script no longer exists or is already running, or the server cannot be reached or rejects
    /// the request.
    pub async fn start(self) -> Result<(), Error> {
        let deadline = self.script.session.deadline();
        self.start_until(deadline).await
    }

    /// Starts the script, waits until it has finished, and returns its log. Dropping the future
    /// does not stop the script.
    ///
    /// Sends `POST /api/script/{uuid}/run`, `GET ../state` until the script has finished, and
    /// `GET ../logs`. It does not use the server's own waiting, which is limited to five minutes.
    ///
    /// # Errors
    /// Returns an error if the script fails (see [`Error::script_log`]), unless
    /// [`raise_on_error`](Self::raise_on_error) is `false`; if it is still running after the
    /// timeout; and the errors of [`start`](Self::start).
    pub async fn wait(self) -> Result<ScriptLog, Error> {
        let span = debug_span!("script", script = self.script.uuid());
        self.run_to_completion().instrument(span).await
    }

    async fn run_to_completion(mut self) -> Result<ScriptLog, Error> {
        let (script, raise, log_result) = (self.script, self.raise_on_error, self.log_result);
        let deadline = Deadline::after(self.timeout, "`timeout` of the run");
        let mut progress = self.progress.take();
        self.start_until(deadline).await?;
        let begun = Instant::now();
        script
            .wait_until(deadline, &mut || report(&mut progress, Progress::Running { elapsed: begun.elapsed() }))
            .await?;
        let log = script.logs_until(deadline).await?.into_iter().next().ok_or_else(|| {
            Error::new(Kind::Decode, format!("the script `{}` ran, but the server returned no log", script.name))
        })?;
        if log_result {
            info!(script = script.name, status = ?log.status, stdout = log.stdout, stderr = log.stderr, "a script ran");
        }
        if raise && log.is_failure() {
            return Err(log.failure(&script.name));
        }
        Ok(log)
    }

    async fn start_until(self, deadline: Deadline) -> Result<(), Error> {
        let script = self.script;
        let invalid = |why: &str| {
            let message = format!("the script `{}` was not run: its parameters cannot be sent: {why}", script.name);
            Error::new(Kind::Usage, script.session.api_key().redact(message))
        };
        let mut params = self.params.map_err(|error| invalid(&error))?;
        if params.insert(ASYNC.to_owned(), Value::Bool(true)).is_some() {
            return Err(invalid("the name `async` is reserved"));
        }
        let path = ["api", "script", &script.uuid, "run"];
        script.session.post(&path, deadline).json(&Value::Object(params)).send().await?.ok().await?;
        Ok(())
    }
}

/// The parameters are not printed: they may contain secrets.
impl fmt::Debug for RunScript<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunScript").field("script", &self.script).finish_non_exhaustive()
    }
}
