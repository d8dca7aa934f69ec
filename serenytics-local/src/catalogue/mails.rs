//! The times of accepted e-mails, for the quota.

use super::{Catalogue, FAILED, now};
use crate::access::Account;
use crate::base::{Context, Error};

/// The period of the quota: 24 hours, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

impl Catalogue {
    /// Counts an e-mail of an account. Returns false if the quota is used up.
    pub(crate) async fn count_mail(&self, account: &Account, quota: u32) -> Result<bool, Error> {
        let now = now();
        sqlx::query("DELETE FROM mails WHERE taken <= $1").bind(now - DAY).execute(&self.pool).await.context(FAILED)?;
        let done = sqlx::query(
            "INSERT INTO mails (account, taken)
            SELECT $1, $2 WHERE (SELECT COUNT(*) FROM mails WHERE account = $1) < $3",
        )
        .bind(account.name())
        .bind(now)
        .bind(quota)
        .execute(&self.pool)
        .await
        .context(FAILED)?;
        Ok(done.rows_affected() > 0)
    }

    /// Removes the last e-mail of an account from the count.
    pub(crate) async fn uncount_mail(&self, account: &Account) -> Result<(), Error> {
        sqlx::query(
            "DELETE FROM mails WHERE rowid =
            (SELECT rowid FROM mails WHERE account = $1 ORDER BY taken DESC LIMIT 1)",
        )
        .bind(account.name())
        .execute(&self.pool)
        .await
        .context(FAILED)?;
        Ok(())
    }
}
