//! Tasks: the state of a background job.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use serenytics_engine::Loaded;
use uuid::Uuid;

use super::extract::Path;
use super::{Answer, answer};
use crate::access::Account;
use crate::base::Error;
use crate::catalogue::{Catalogue, TaskState};

pub(super) async fn read(State(catalogue): State<Catalogue>, account: Account, Path(uuid): Path<String>) -> Answer {
    let unknown = || Error::not_found(format!("there is no task {uuid:?}"));
    let parsed = Uuid::parse_str(&uuid).map_err(|_| unknown())?;
    let task = catalogue.task(&account, parsed).await?.ok_or_else(unknown)?;
    let body = match task.state {
        TaskState::Pending => json!({"status": "pending"}),
        TaskState::Done(Loaded { rows, warnings }) => {
            let mut body = json!({"status": "done", "nb_rows": rows});
            if !warnings.is_empty() {
                body["warnings"] = Value::from(warnings);
            }
            body
        }
        TaskState::Failed(error) => json!({"status": "error", "errors": [error]}),
    };
    Ok(answer(StatusCode::OK, &body))
}
