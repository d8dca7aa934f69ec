//! Runs of scripts: the logs of the last runs of each script.

use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Value, json};
use serenytics_query::datetime;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Catalogue, FAILED, now};
use crate::base::{Context, Error};

/// The maximum number of logs of a script.
const MAX_LOGS: i64 = 10;

/// The log of a finished run.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    started: i64,
    finished: i64,
    /// Its result.
    pub(crate) end: RunEnd,
}

/// The result of a run.
#[derive(Debug, Clone)]
pub(crate) struct RunEnd {
    /// True if the script succeeded.
    pub(crate) succeeded: bool,
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its standard error, followed by notes of the server.
    pub(crate) stderr: String,
    /// Its exit code, or the negative signal number; `None` if it never started.
    pub(crate) return_code: Option<i32>,
}

impl Run {
    /// Returns the log in the format of the API.
    pub(crate) fn to_json(&self) -> Value {
        let Run { started, finished, end } = self;
        json!({
            "started_at": written(*started),
            "finished_at": written(*finished),
            "status": if end.succeeded { "SUCCESS" } else { "FAILURE" },
            "stdout": end.stdout,
            "stderr": end.stderr,
            "return_code": end.return_code,
        })
    }

    fn read(row: &SqliteRow) -> Result<Run, Error> {
        let text = |column| row.try_get::<String, _>(column).context(FAILED);
        Ok(Run {
            started: row.try_get("started").context(FAILED)?,
            finished: row.try_get("finished").context(FAILED)?,
            end: RunEnd {
                succeeded: row.try_get("succeeded").context(FAILED)?,
                stdout: text("stdout")?,
                stderr: text("stderr")?,
                return_code: row.try_get("return_code").context(FAILED)?,
            },
        })
    }
}

/// Converts milliseconds since 1970 to a datetime of the API.
fn written(milliseconds: i64) -> String {
    let timestamp = Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX);
    datetime::print(Offset::UTC.to_datetime(timestamp))
}

impl Catalogue {
    /// Records the start of a run, so that it is known even if the server is killed.
    pub(crate) async fn begin_run(&self, script: Uuid) -> Result<Uuid, Error> {
        let uuid = Uuid::new_v4();
        sqlx::query(
            "INSERT INTO script_runs (uuid, position, script, started, succeeded, stdout, stderr)
            VALUES ($1, (SELECT COALESCE(MAX(position), 0) + 1 FROM script_runs), $2, $3, $4, '', '')",
        )
        .bind(uuid.to_string())
        .bind(script.to_string())
        .bind(now())
        .bind(false)
        .execute(&self.pool)
        .await
        .context(FAILED)?;
        Ok(uuid)
    }

    /// Records the result of a run, and deletes the oldest logs of the script.
    pub(crate) async fn end_run(&self, script: Uuid, run: Uuid, end: &RunEnd) -> Result<(), Error> {
        sqlx::query(
            "UPDATE script_runs SET finished = $1, succeeded = $2, stdout = $3, stderr = $4, return_code = $5
            WHERE uuid = $6",
        )
        .bind(now())
        .bind(end.succeeded)
        .bind(&end.stdout)
        .bind(&end.stderr)
        .bind(end.return_code)
        .bind(run.to_string())
        .execute(&self.pool)
        .await
        .context(FAILED)?;
        sqlx::query(
            "DELETE FROM script_runs WHERE script = $1 AND uuid NOT IN
            (SELECT uuid FROM script_runs WHERE script = $1 ORDER BY position DESC LIMIT $2)",
        )
        .bind(script.to_string())
        .bind(MAX_LOGS)
        .execute(&self.pool)
        .await
        .context(FAILED)?;
        Ok(())
    }

    /// Returns the logs of the finished runs of a script, newest first.
    pub(crate) async fn runs(&self, script: Uuid) -> Result<Vec<Run>, Error> {
        let rows = sqlx::query(
            "SELECT * FROM script_runs WHERE script = $1 AND finished IS NOT NULL ORDER BY position DESC LIMIT $2",
        )
        .bind(script.to_string())
        .bind(MAX_LOGS)
        .fetch_all(&self.pool)
        .await
        .context(FAILED)?;
        rows.iter().map(Run::read).collect()
    }

    /// Marks the runs that a shutdown interrupted as finished.
    pub(crate) async fn tidy_runs(&self) -> Result<(), Error> {
        sqlx::query("UPDATE script_runs SET finished = $1, stderr = $2 WHERE finished IS NULL")
            .bind(now())
            .bind("[the server stopped before the script ended: its output is lost]\n")
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        Ok(())
    }
}
