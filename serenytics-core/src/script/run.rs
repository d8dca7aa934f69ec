//! Running a script: started, and waited for until it does not run any more.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value};
use tracing::{Instrument, debug_span, info};

use crate::error::{Error, Kind};
use crate::io::{Progress, Tell, tell};
use crate::script::{Script, ScriptLog};
use crate::transport::{Deadline, Poll};

/// How long a script is waited for, unless it is set.
const TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// What tells the server not to wait with its answer; a parameter of the script cannot be called so.
const ASYNC: &str = "async";

/// A run of a script; see [`Script::run`].
#[must_use = "nothing is run before `.start()` or `.wait()`"]
pub struct RunScript<'s> {
    script: &'s Script,
    params: Result<Map<String, Value>, String>,
    raise_on_error: bool,
    log_result: bool,
    timeout: Duration,
    progress: Tell<'s, Progress>,
}

impl Script {
    /// Runs the script, with [`start`](RunScript::start) or [`wait`](RunScript::wait).
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

    /// Whether the script runs now: `GET /api/script/{uuid}/state`.
    ///
    /// # Errors
    /// A script that does not exist any more; a server that cannot be reached or refuses.
    pub async fn is_running(&self) -> Result<bool, Error> {
        self.is_running_until(self.session.deadline()).await
    }

    /// Waits until the script does not run any more, and asks less and less often: `GET /api/script/{uuid}/state`.
    /// Dropping the future ends the waiting and not the script.
    ///
    /// # Errors
    /// A script that still runs after `timeout`; a script that does not exist any more; a server that cannot be reached or
    /// refuses.
    pub async fn wait(&self, timeout: Duration) -> Result<(), Error> {
        self.wait_until(Deadline::after(timeout, "`timeout` of the wait"), &mut || {}).await
    }

    async fn is_running_until(&self, deadline: Deadline) -> Result<bool, Error> {
        let mut response = self.session.get(&["api", "script", &self.uuid, "state"], deadline).send().await?;
        let body = response.whole().await?;
        let state: Value = response.parse(&body)?;
        let running = state.get("running").and_then(Value::as_bool);
        running.ok_or_else(|| response.unexpected(&body, "the answer does not say whether it is `running`"))
    }

    /// Waits until the script is done; `asking` is called each time that the server is asked.
    async fn wait_until(&self, deadline: Deadline, asking: &mut (dyn FnMut() + Send)) -> Result<(), Error> {
        let mut poll = Poll::until(deadline);
        loop {
            asking();
            if !self.is_running_until(deadline).await? {
                return Ok(());
            }
            let name = &self.name;
            poll.pause(&format!("the script `{name}` goes on without being waited for: it was not done")).await?;
        }
    }
}

impl<'s> RunScript<'s> {
    /// Gives the script these parameters, which become those that its code finds: a map, or a struct that serde
    /// serializes. Those that were given before go.
    pub fn params(mut self, params: &impl Serialize) -> Self {
        self.params = match serde_json::to_value(params) {
            Ok(Value::Object(params)) => Ok(params),
            Ok(other) => Err(format!("{other} is no object")),
            Err(error) => Err(error.to_string()),
        };
        self
    }

    /// Gives the script one more parameter.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        if let Ok(params) = &mut self.params {
            params.insert(name.into(), value.into());
        }
        self
    }

    /// Whether a script that fails is an error, which it is unless this is set to `false`.
    pub fn raise_on_error(mut self, raise: bool) -> Self {
        self.raise_on_error = raise;
        self
    }

    /// Whether [`wait`](Self::wait) writes the script's log as an event of `tracing`, at level `INFO`. It does not unless
    /// this is set.
    pub fn log_result(mut self, log: bool) -> Self {
        self.log_result = log;
        self
    }

    /// How long [`wait`](Self::wait) may take, an hour unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Is told each time that [`wait`](Self::wait) asks the server whether the script is done.
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 's) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Starts the script and does not wait for it: `POST /api/script/{uuid}/run`.
    ///
    /// # Errors
    /// Parameters that JSON cannot hold, before anything is sent; a script that does not exist any more, or that runs
    /// already; a server that cannot be reached or refuses.
    pub async fn start(self) -> Result<(), Error> {
        let deadline = self.script.session.deadline();
        self.start_until(deadline).await
    }

    /// Starts the script, waits until it is done, and gives its log. Dropping the future ends the waiting and not the script.
    ///
    /// The server is never asked to wait itself, which it does for five minutes at most: `POST /api/script/{uuid}/run`,
    /// `GET ../state` until it does not run any more, `GET ../logs`.
    ///
    /// # Errors
    /// A script that fails, whose log is [`Error::script_log`], unless [`raise_on_error`](Self::raise_on_error) is
    /// `false`; one that still runs at the deadline; and as for [`start`](Self::start).
    pub async fn wait(self) -> Result<ScriptLog, Error> {
        let span = debug_span!("script", script = self.script.uuid());
        self.run_to_its_end().instrument(span).await
    }

    async fn run_to_its_end(mut self) -> Result<ScriptLog, Error> {
        let (script, raise, log_result) = (self.script, self.raise_on_error, self.log_result);
        let deadline = Deadline::after(self.timeout, "`timeout` of the run");
        let mut progress = self.progress.take();
        self.start_until(deadline).await?;
        let begun = Instant::now();
        script
            .wait_until(deadline, &mut || tell(&mut progress, Progress::Running { elapsed: begun.elapsed() }))
            .await?;
        let log = script.logs_until(deadline).await?.into_iter().next().ok_or_else(|| {
            Error::new(Kind::Decode, format!("the script `{}` ran, and the server has no log of it", script.name))
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
        let wrong = |why: &str| {
            let message = format!("the script `{}` was not run: its parameters cannot be sent: {why}", script.name);
            Error::new(Kind::Usage, script.session.api_key().redact(message))
        };
        let mut params = self.params.map_err(|error| wrong(&error))?;
        if params.insert(ASYNC.to_owned(), Value::Bool(true)).is_some() {
            return Err(wrong("none may be called `async`, which is what the server is told"));
        }
        let path = ["api", "script", &script.uuid, "run"];
        script.session.post(&path, deadline).json(&Value::Object(params)).send().await?.ok().await?;
        Ok(())
    }
}

/// The parameters are not printed: they may hold secrets.
impl fmt::Debug for RunScript<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunScript").field("script", &self.script).finish_non_exhaustive()
    }
}
