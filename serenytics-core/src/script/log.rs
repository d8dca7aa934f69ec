//! The log of a script's run: its status and output.

use std::fmt;

use serde_json::{Map, Value};
use serenytics_query::datetime::{self, DateTime};

use crate::api_key::ApiKey;
use crate::error::{Error, Kind};
use crate::script::Script;
use crate::transport::{Deadline, List};

/// Maximum length of the standard error in a message.
const LONGEST_REASON: usize = 2_000;

/// The log of a finished run. The client's API key is redacted: if a script printed it, `[API key]`
/// replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScriptLog {
    /// When the run started, in UTC; `None` if the server returns no valid datetime.
    pub started_at: Option<DateTime>,
    /// When the run ended, in UTC; `None` if the server returns no valid datetime.
    pub finished_at: Option<DateTime>,
    /// The outcome.
    pub status: ScriptStatus,
    /// The standard output of the script.
    pub stdout: String,
    /// The standard error of the script.
    pub stderr: String,
    /// The exit code, if the server returns one.
    pub return_code: Option<i64>,
}

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScriptStatus {
    /// The script succeeded.
    Success,
    /// The script failed or was stopped.
    Failure,
    /// A status that only newer servers have, by the server's name for it.
    Other(String),
}

impl Script {
    /// Returns the logs of the last ten finished runs, newest first: `GET /api/script/{uuid}/logs`.
    ///
    /// # Errors
    /// Returns an error if the script no longer exists, or the server cannot be reached or rejects
    /// the request.
    pub async fn last_logs(&self) -> Result<Vec<ScriptLog>, Error> {
        self.logs_until(self.session.deadline()).await
    }

    pub(super) async fn logs_until(&self, deadline: Deadline) -> Result<Vec<ScriptLog>, Error> {
        let mut response = self.session.get(&["api", "script", &self.uuid, "logs"], deadline).send().await?;
        let body = response.whole().await?;
        let list: List = response.parse(&body)?;
        let read = |object: &Value| {
            let log = object.as_object().and_then(|object| ScriptLog::read(object, self.session.api_key()));
            log.ok_or_else(|| response.error(Kind::Decode, "a log in the response has no `status`".to_owned()))
        };
        list.objects.iter().map(read).collect()
    }
}

impl ScriptLog {
    fn read(object: &Map<String, Value>, key: &ApiKey) -> Option<ScriptLog> {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let written = |name: &str| key.redact(text(name).unwrap_or_default().to_owned());
        let time = |name: &str| text(name).and_then(|text| datetime::parse(text).ok());
        let status = match text("status")? {
            "SUCCESS" => ScriptStatus::Success,
            "FAILURE" => ScriptStatus::Failure,
            other => ScriptStatus::Other(other.to_owned()),
        };
        Some(ScriptLog {
            started_at: time("started_at"),
            finished_at: time("finished_at"),
            status,
            stdout: written("stdout"),
            stderr: written("stderr"),
            return_code: object.get("return_code").and_then(Value::as_i64),
        })
    }

    /// Returns true if the run succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status == ScriptStatus::Success
    }

    /// Returns true if the run failed.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.status == ScriptStatus::Failure
    }

    /// Creates the error of a failed run, with its log as the cause.
    pub(super) fn failure(self, script: &str) -> Error {
        let mut message = format!("the script `{script}` failed");
        if let Some(code) = self.return_code {
            message.push_str(&format!(" with return code {code}"));
        }
        let written = self.stderr.trim();
        // The reason is at the end.
        let skipped = written.chars().count().saturating_sub(LONGEST_REASON);
        if !written.is_empty() {
            message.push_str(if skipped > 0 { ":\n…" } else { ":\n" });
            message.extend(written.chars().skip(skipped));
        }
        Error::new(Kind::ScriptFailure, message).caused_by(Failure(self))
    }
}

/// A log as the cause of an error.
#[derive(Debug)]
struct Failure(ScriptLog);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.stderr)
    }
}

impl std::error::Error for Failure {}

impl Error {
    /// Returns true if a script ran and failed; see [`script_log`](Error::script_log).
    #[must_use]
    pub fn is_script_failure(&self) -> bool {
        self.kind() == Kind::ScriptFailure
    }

    /// Returns the log of the failed script; `None` for every other error.
    #[must_use]
    pub fn script_log(&self) -> Option<&ScriptLog> {
        std::error::Error::source(self)?.downcast_ref().map(|Failure(log)| log)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Option<ScriptLog> {
        ScriptLog::read(value.as_object().unwrap(), &ApiKey::from("canary-7f3a91"))
    }

    #[test]
    fn script_log_of_a_newer_server_is_read() {
        let log = read(json!({"status": "SKIPPED", "started_at": "soon", "return_code": null, "newer": 1})).unwrap();
        assert_eq!(log.status, ScriptStatus::Other("SKIPPED".to_owned()));
        assert_eq!((log.started_at, log.return_code, log.stdout.as_str()), (None, None, ""));
        assert!(!log.is_success() && !log.is_failure());
        assert!(read(json!({"stdout": "x"})).is_none());
    }

    #[test]
    fn script_failure_shows_the_end_of_stderr_and_redacts_the_key() {
        let stderr = format!("{}canary-7f3a91\nValueError: no rows\n", "x".repeat(5_000));
        let log = read(json!({"status": "FAILURE", "stdout": "canary-7f3a91", "stderr": stderr, "return_code": 1}));
        let error = log.unwrap().failure("nightly");
        assert!(error.is_script_failure() && !error.is_rejected());
        let text = error.to_string();
        assert!(text.starts_with("the script `nightly` failed with return code 1:\n…xx"), "{text}");
        assert!(text.ends_with("[API key]\nValueError: no rows") && text.len() < 2_200, "{text}");
        assert_eq!(error.script_log().unwrap().return_code, Some(1));
        assert!(!format!("{error:?} {:?}", error.script_log()).contains("canary"));
    }
}
