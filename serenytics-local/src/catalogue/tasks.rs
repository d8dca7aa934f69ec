//! Tasks: jobs that a request starts and that clients ask about until they are done.

use sqlx::Row;
use uuid::Uuid;

use super::{Catalogue, FAILED, now};
use crate::access::Account;
use crate::error::{Context, Error, Kind};

/// How long a finished task can be asked about: seven days, in milliseconds.
const KEPT: i64 = 7 * 24 * 60 * 60 * 1000;

/// How many tasks of an account can be pending.
const PENDING_TASKS: i64 = 100;
/// How many of an account's tasks are kept.
const KEPT_TASKS: i64 = 10_000;

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Task {
    /// Its uuid.
    pub(crate) uuid: Uuid,
    /// Where it is.
    pub(crate) state: TaskState,
}

/// Where a task is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TaskState {
    /// It has not ended.
    Pending,
    /// It is done, and its source has this number of rows.
    Done(i64),
    /// It failed and changed nothing.
    Failed(String),
}

const PENDING: &str = "pending";
const DONE: &str = "done";
const ERROR: &str = "error";

impl Catalogue {
    /// Forgets the oldest tasks of an account that ended, and adds a pending one.
    pub(crate) async fn insert_task(&self, account: &Account) -> Result<Uuid, Error> {
        sqlx::query(
            "DELETE FROM tasks WHERE account = $1 AND status <> 'pending' AND created <
            (SELECT created FROM tasks WHERE account = $1 ORDER BY created DESC LIMIT 1 OFFSET $2)",
        )
        .bind(account.name())
        // The one at this place stays, and one is added.
        .bind(KEPT_TASKS - 2)
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
            let message = format!("the account has {PENDING_TASKS} tasks that are not done: wait until one is");
            return Err(Error::new(Kind::Busy, message));
        }
        Ok(uuid)
    }

    /// Ends a task.
    pub(crate) async fn end_task(&self, uuid: Uuid, result: &Result<u64, Error>) -> Result<(), Error> {
        let (status, error, rows) = match result {
            Ok(rows) => (DONE, None, Some(i64::try_from(*rows).unwrap_or(i64::MAX))),
            Err(error) => (ERROR, Some(error.messages().join("; ")), None),
        };
        sqlx::query("UPDATE tasks SET status = $1, error = $2, row_count = $3 WHERE uuid = $4")
            .bind(status)
            .bind(error)
            .bind(rows)
            .bind(uuid.to_string())
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        Ok(())
    }

    /// Ends the tasks that were pending when the engine stopped, and forgets old ones.
    pub(crate) async fn tidy_tasks(&self) -> Result<(), Error> {
        sqlx::query("UPDATE tasks SET status = $1, error = $2 WHERE status = $3")
            .bind(ERROR)
            .bind("the server stopped before the task was done: look whether its data is there, or run it again")
            .bind(PENDING)
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        sqlx::query("DELETE FROM tasks WHERE created < $1")
            .bind(now() - KEPT)
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        Ok(())
    }

    /// The account's task with this uuid.
    pub(crate) async fn task(&self, account: &Account, uuid: Uuid) -> Result<Option<Task>, Error> {
        let row = sqlx::query("SELECT status, error, row_count FROM tasks WHERE uuid = $1 AND account = $2")
            .bind(uuid.to_string())
            .bind(account.name())
            .fetch_optional(&self.pool)
            .await
            .context(FAILED)?;
        let Some(row) = row else { return Ok(None) };
        let status: String = row.try_get("status").context(FAILED)?;
        let error: Option<String> = row.try_get("error").context(FAILED)?;
        let rows: Option<i64> = row.try_get("row_count").context(FAILED)?;
        let state = match status.as_str() {
            PENDING => TaskState::Pending,
            DONE => TaskState::Done(rows.unwrap_or_default()),
            _ => TaskState::Failed(error.unwrap_or_default()),
        };
        Ok(Some(Task { uuid, state }))
    }
}
