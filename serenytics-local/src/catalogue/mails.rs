//! Mails: when each was taken, for the quota.

use super::{Catalogue, FAILED, now};
use crate::error::{Context, Error};

/// What the quota is for: 24 hours, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

impl Catalogue {
    /// Counts a mail; tells whether the quota allows for it.
    pub(crate) async fn count_mail(&self, quota: u32) -> Result<bool, Error> {
        let now = now();
        sqlx::query("DELETE FROM mails WHERE taken <= $1").bind(now - DAY).execute(&self.pool).await.context(FAILED)?;
        let done = sqlx::query("INSERT INTO mails (taken) SELECT $1 WHERE (SELECT COUNT(*) FROM mails) < $2")
            .bind(now)
            .bind(quota)
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        Ok(done.rows_affected() > 0)
    }
}
