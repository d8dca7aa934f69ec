//! Tasks: background jobs that clients start and then poll.

use serde_json::Value;
use serenytics_engine::Loaded;
use sqlx::Row;
use uuid::Uuid;

use super::{Catalogue, FAILED, now};
use crate::access::Account;
use crate::base::{Context, Error, Kind};

/// How long finished tasks are kept: seven days, in milliseconds.
const TASK_TTL: i64 = 7 * 24 * 60 * 60 * 1000;

/// The maximum number of pending tasks of an account.
const PENDING_TASKS: i64 = 100;
/// The maximum number of kept tasks of an account.
const MAX_TASKS: i64 = 10_000;

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Task {
    /// Its uuid.
    pub(crate) uuid: Uuid,
    /// Its state.
    pub(crate) state: TaskState,
}

/// The state of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TaskState {
    /// The task has not ended.
    Pending,
    /// The task is done, with the rows of its source and the warnings of the load.
    Done(Loaded),
    /// The task failed and changed nothing.
    Failed(String),
}

const PENDING: &str = "pending";
const DONE: &str = "done";
const ERROR: &str = "error";

impl Catalogue {
    /// Adds a pending task, and deletes the oldest finished tasks of the account.
    pub(crate) async fn insert_task(&self, account: &Account) -> Result<Uuid, Error> {
        sqlx::query(
            "DELETE FROM tasks WHERE account = $1 AND status <> 'pending' AND created <
            (SELECT created FROM tasks WHERE account = $1 ORDER BY created DESC LIMIT 1 OFFSET $2)",
        )
        .bind(account.name())
        // The task at this offset stays, and one is added.
        .bind(MAX_TASKS - 2)
        .execute(&self.pool)
        .await
        .context(FAILED)?;
        let uuid = Uuid::new_v4();
        let done = sqlx::query(
            "INSERT INTO tasks (uuid, created, status, account)
            SELECT $1, $2, $3, $4
            WHERE (SELECT COUNT(*) FROM tasks WHERE account = $4 AND status = 'pending') < $5",
        )
        .bind(uuid.to_string())
        .bind(now())
        .bind(PENDING)
        .bind(account.name())
        .bind(PENDING_TASKS)
        .execute(&self.pool)
        .await
        .context(FAILED)?;
        if done.rows_affected() == 0 {
            let message =
                format!("the account has {PENDING_TASKS} pending tasks, which is the limit: wait until one ends");
            return Err(Error::new(Kind::Busy, message));
        }
        Ok(uuid)
    }

    /// Records the result of a task.
    pub(crate) async fn end_task(&self, uuid: Uuid, result: &Result<Loaded, Error>) -> Result<(), Error> {
        let (status, error, rows, warnings) = match result {
            Ok(Loaded { rows, warnings }) => {
                let warnings = (!warnings.is_empty()).then(|| Value::from(warnings.as_slice()).to_string());
                (DONE, None, Some(i64::try_from(*rows).unwrap_or(i64::MAX)), warnings)
            }
            Err(error) => (ERROR, Some(error.messages().join("; ")), None, None),
        };
        sqlx::query("UPDATE tasks SET status = $1, error = $2, row_count = $3, warnings = $4 WHERE uuid = $5")
            .bind(status)
            .bind(error)
            .bind(rows)
            .bind(warnings)
            .bind(uuid.to_string())
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        Ok(())
    }

    /// Marks the tasks that a shutdown interrupted as failed, and deletes old ones.
    pub(crate) async fn tidy_tasks(&self) -> Result<(), Error> {
        sqlx::query("UPDATE tasks SET status = $1, error = $2 WHERE status = $3")
            .bind(ERROR)
            .bind("the server stopped before the task ended: check whether its data was written, or run it again")
            .bind(PENDING)
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        sqlx::query("DELETE FROM tasks WHERE created < $1")
            .bind(now() - TASK_TTL)
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        Ok(())
    }

    /// Finds the task with this uuid in the account.
    pub(crate) async fn task(&self, account: &Account, uuid: Uuid) -> Result<Option<Task>, Error> {
        let row = sqlx::query("SELECT status, error, row_count, warnings FROM tasks WHERE uuid = $1 AND account = $2")
            .bind(uuid.to_string())
            .bind(account.name())
            .fetch_optional(&self.pool)
            .await
            .context(FAILED)?;
        let Some(row) = row else { return Ok(None) };
        let status: String = row.try_get("status").context(FAILED)?;
        let error: Option<String> = row.try_get("error").context(FAILED)?;
        let rows: Option<i64> = row.try_get("row_count").context(FAILED)?;
        let warnings: Option<String> = row.try_get("warnings").context(FAILED)?;
        let state = match status.as_str() {
            PENDING => TaskState::Pending,
            DONE => TaskState::Done(Loaded {
                rows: rows.and_then(|rows| u64::try_from(rows).ok()).unwrap_or_default(),
                warnings: warnings.map_or(Ok(Vec::new()), |text| serde_json::from_str(&text)).context(FAILED)?,
            }),
            _ => TaskState::Failed(error.unwrap_or_default()),
        };
        Ok(Some(Task { uuid, state }))
    }
}
