//! Tasks: background jobs of a server that the client polls until they are done.

use serde_json::Value;
use tracing::{debug, warn};

use crate::error::{Error, Kind};
use crate::session::Session;
use crate::transport::{Deadline, NO_REASON, Poll, Response, has_errors, server_errors};

/// A background job of a server. Dropping it, or the future that waits for it, does not stop the
/// job.
pub(crate) struct Task<'s> {
    session: &'s Session,
    id: String,
}

impl<'s> Task<'s> {
    /// Reads the task that a call started.
    pub(crate) async fn started(session: &'s Session, mut response: Response) -> Result<Task<'s>, Error> {
        let body = response.whole().await?;
        let answer: Value = response.parse(&body)?;
        let id = match answer.get("task_id") {
            Some(Value::String(id)) if !id.is_empty() => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => {
                return Err(match server_errors(&answer) {
                    Some(said) => response.rejected(said),
                    None => response.error(Kind::Decode, "the response has no `task_id`".to_owned()),
                });
            }
        };
        Ok(Task { session, id })
    }

    /// Polls the task, less and less often, until it is done. Calls `asking` before each request.
    pub(crate) async fn wait(&self, deadline: Deadline, asking: &mut (dyn FnMut() + Send)) -> Result<(), Error> {
        let mut poll = Poll::until(deadline);
        loop {
            asking();
            let mut response = self.session.get(&["api", "task", &self.id], deadline).send().await?;
            let body = response.whole().await?;
            let state: Value = response.parse(&body)?;
            match read(&state) {
                State::Pending => {}
                State::Done => {
                    debug!(task = self.id, "done");
                    for warning in state.get("warnings").and_then(Value::as_array).into_iter().flatten() {
                        warn!(task = self.id, "{}", warning.as_str().unwrap_or("a warning that is not a string"));
                    }
                    return Ok(());
                }
                State::Failed(said) => return Err(response.rejected(said)),
                State::Unknown => {
                    let mut message = "the response has no `status` of the task".to_owned();
                    if let Some(said) = server_errors(&state) {
                        message.push_str(": ");
                        message.push_str(&said);
                    }
                    return Err(response.error(Kind::Decode, message));
                }
            }
            let undone = "the task was not done yet; it keeps running on the server";
            poll.pause(undone).await.map_err(|passed| passed.during(response.call()))?;
        }
    }
}

/// The state of a task.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Pending,
    Done,
    /// It failed, for this reason.
    Failed(String),
    /// The response has no status.
    Unknown,
}

/// Reads the state of a task from a response. A finished task may have statuses that are not listed
/// here.
fn read(state: &Value) -> State {
    let Some(status) = state.get("status").and_then(Value::as_str) else { return State::Unknown };
    if status == "pending" {
        return State::Pending;
    }
    let failed = ["error", "failure"].iter().any(|word| status.eq_ignore_ascii_case(word));
    if failed || state.get("errors").is_some_and(has_errors) {
        let unsaid = || format!("the task failed, and {NO_REASON}");
        return State::Failed(server_errors(state).unwrap_or_else(unsaid));
    }
    State::Done
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn task_fails_by_its_status_or_its_errors() {
        for state in [
            json!({"status": "SUCCESS"}),
            json!({"status": "ok", "errors": []}),
            json!({"status": "ok", "errors": null}),
            json!({"status": "newer", "nb_rows": 3}),
        ] {
            assert_eq!(read(&state), State::Done, "{state}");
        }
        let failed = |state: Value| match read(&state) {
            State::Failed(said) => said,
            other => panic!("{state}: {other:?}"),
        };
        assert_eq!(failed(json!({"status": "done", "errors": ["row 3 is short"]})), "row 3 is short");
        assert_eq!(failed(json!({"status": "done", "errors": "short"})), "short");
        for status in ["error", "failure", "FAILURE"] {
            assert!(failed(json!({"status": status})).contains("no reason"));
            assert_eq!(failed(json!({"status": status, "message": "disk full"})), "disk full");
        }
    }

    #[test]
    fn task_without_a_known_status_is_not_done() {
        assert_eq!(read(&json!({"status": "pending", "errors": []})), State::Pending);
        for state in
            [json!({}), json!([]), json!("done"), json!({"status": null}), json!({"status": 3, "errors": ["x"]})]
        {
            assert_eq!(read(&state), State::Unknown, "{state}");
        }
    }
}
