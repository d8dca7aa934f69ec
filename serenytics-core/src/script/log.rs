//! What a run of a script left: how it ended, and what it wrote.

use std::fmt;

use serde_json::{Map, Value};
use serenytics_query::datetime::{self, DateTime};

use crate::api_key::ApiKey;
use crate::error::{Error, Kind};
use crate::script::Script;
use crate::transport::{Deadline, List};

/// How much of what a script wrote to its standard error stands in an error.
const LONGEST_REASON: usize = 2_000;

/// The log of a run that ended. It never holds the client's API key: where a script wrote it, `[API key]` stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScriptLog {
    /// When the run began, in UTC; `None` if the server does not say, or not as a datetime.
    pub started_at: Option<DateTime>,
    /// When it ended, likewise.
    pub finished_at: Option<DateTime>,
    /// How it ended.
    pub status: ScriptStatus,
    /// What the script wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
    /// Its exit code, if the server says one.
    pub return_code: Option<i64>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScriptStatus {
    /// Well.
    Success,
    /// With an error, or it was ended.
    Failure,
    /// In a way of a newer server, by the server's name for it.
    Other(String),
}

impl Script {
    /// The logs of the last ten runs that ended, the newest first: `GET /api/script/{uuid}/logs`.
    ///
    /// # Errors
    /// A script that does not exist any more; a server that cannot be reached or refuses.
    pub async fn last_logs(&self) -> Result<Vec<ScriptLog>, Error> {
        self.logs_until(self.session.deadline()).await
    }

    pub(super) async fn logs_until(&self, deadline: Deadline) -> Result<Vec<ScriptLog>, Error> {
        let mut response = self.session.get(&["api", "script", &self.uuid, "logs"], deadline).send().await?;
        let body = response.whole().await?;
        let list: List = response.parse(&body)?;
        let read = |object: &Value| {
            let log = object.as_object().and_then(|object| ScriptLog::read(object, self.session.api_key()));
            log.ok_or_else(|| response.error(Kind::Decode, "a log of the answer does not say its `status`".to_owned()))
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

    /// Whether the run ended well.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status == ScriptStatus::Success
    }

    /// Whether the run failed.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.status == ScriptStatus::Failure
    }

    /// The error of a run that failed: its log is the cause.
    pub(super) fn failure(self, script: &str) -> Error {
        let mut message = format!("the script `{script}` failed");
        if let Some(code) = self.return_code {
            message.push_str(&format!(" with return code {code}"));
        }
        let written = self.stderr.trim();
        // The reason stands at the end.
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
    /// Whether a script ran and failed; [`script_log`](Error::script_log) is its log.
    #[must_use]
    pub fn is_script_failure(&self) -> bool {
        self.kind() == Kind::ScriptFailure
    }

    /// The log of the script that failed; `None` for every other error.
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
    fn a_log_of_a_newer_server_is_read_as_far_as_it_goes() {
        let log = read(json!({"status": "SKIPPED", "started_at": "soon", "return_code": null, "newer": 1})).unwrap();
        assert_eq!(log.status, ScriptStatus::Other("SKIPPED".to_owned()));
        assert_eq!((log.started_at, log.return_code, log.stdout.as_str()), (None, None, ""));
        assert!(!log.is_success() && !log.is_failure());
        assert!(read(json!({"stdout": "x"})).is_none());
    }

    #[test]
    fn a_failure_tells_the_end_of_what_was_written_and_never_the_key() {
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
