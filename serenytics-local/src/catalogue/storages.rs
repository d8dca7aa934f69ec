//! What each storage contains at least, so that a storage whose files are missing is noticed.

use serenytics_engine::TableState;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Catalogue, FAILED};
use crate::base::{Context, Error};

impl Catalogue {
    /// Stores the state of the storage of a source, after it acknowledged a write.
    pub(crate) async fn record_storage(&self, uuid: Uuid, state: &TableState) -> Result<(), Error> {
        let number = |number: u64| i64::try_from(number).context(FAILED);
        sqlx::query(
            "INSERT OR REPLACE INTO storages (uuid, table_id, commits, row_count, pushes)
            SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT 1 FROM sources WHERE uuid = $1)",
        )
        .bind(uuid.to_string())
        .bind(&state.table)
        .bind(number(state.commits)?)
        .bind(number(state.rows)?)
        .bind(number(state.pushes)?)
        .execute(&self.pool)
        .await
        .context(FAILED)?;
        Ok(())
    }

    /// Returns the stored states of all storages.
    pub(crate) async fn storages(&self) -> Result<Vec<(Uuid, TableState)>, Error> {
        let rows = sqlx::query("SELECT * FROM storages").fetch_all(&self.pool).await.context(FAILED)?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &SqliteRow) -> Result<(Uuid, TableState), Error> {
    let number = |column| u64::try_from(row.try_get::<i64, _>(column).context(FAILED)?).context(FAILED);
    let uuid = Uuid::parse_str(&row.try_get::<String, _>("uuid").context(FAILED)?).context(FAILED)?;
    let state = TableState {
        table: row.try_get("table_id").context(FAILED)?,
        commits: number("commits")?,
        rows: number("row_count")?,
        pushes: number("pushes")?,
    };
    Ok((uuid, state))
}
