//! Tasks: jobs that a server does in the background, waited for until they are done.

use std::time::Duration;

use serde_json::Value;
use tracing::debug;

use crate::client::Client;
use crate::error::{Error, Kind};
use crate::transport::{Deadline, Response, first_error};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A job of a server. Dropping it, or the future that waits for it, ends the waiting and not the job.
#[derive(Debug)]
pub(crate) struct Task<'c> {
    client: &'c Client,
    id: String,
}

impl<'c> Task<'c> {
    /// The task that a call started.
    pub(crate) async fn started(client: &'c Client, mut response: Response) -> Result<Task<'c>, Error> {
        let body = response.whole().await?;
        let answer: Value = response.parse(&body)?;
        let id = match answer.get("task_id") {
            Some(Value::String(id)) if !id.is_empty() => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => {
                return Err(match first_error(&answer) {
                    Some(message) => response.error(Kind::Refused, message),
                    None => response.error(Kind::Decode, "the answer has no `task_id`".to_owned()),
                });
            }
        };
        Ok(Task { client, id })
    }

    /// Waits until the task is done, and asks less and less often.
    pub(crate) async fn wait(&self, deadline: Deadline) -> Result<(), Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            let until = deadline.or(Deadline::after(self.client.deadlines().overall));
            let request = self.client.get(&["api", "task", &self.id]).until(until);
            let mut response = request.send().await?;
            let body = response.whole().await?;
            let state: Value = response.parse(&body)?;
            let status = state.get("status").and_then(Value::as_str).unwrap_or_default();
            if status != "pending" {
                debug!(task = self.id, status, "done");
                return match failure(&state, status) {
                    Some(message) => Err(response.error(Kind::Refused, message)),
                    None => Ok(()),
                };
            }
            if pause >= deadline.remaining() {
                return Err(response.error(
                    Kind::Timeout,
                    "the server's task is not done within the deadline; it goes on without being waited for".to_owned(),
                ));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }
}

/// Why a task that is done failed, if it did: it has `errors` then.
fn failure(state: &Value, status: &str) -> Option<String> {
    let errors = match state.get("errors") {
        None | Some(Value::Null) => false,
        Some(Value::Array(errors)) => !errors.is_empty(),
        Some(_) => true,
    };
    let failed = errors || status == "error";
    failed.then(|| first_error(state).unwrap_or_else(|| "the task failed, and the server gives no reason".to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_task_with_errors_failed() {
        let read = |state: Value| failure(&state, state["status"].as_str().unwrap());
        assert_eq!(read(json!({"status": "SUCCESS"})), None);
        assert_eq!(read(json!({"status": "ok", "errors": []})), None);
        assert_eq!(read(json!({"status": "ok", "errors": null})), None);
        assert_eq!(read(json!({"status": "done", "errors": ["row 3 is short"]})).unwrap(), "row 3 is short");
        assert!(read(json!({"status": "error"})).unwrap().contains("no reason"));
    }
}
