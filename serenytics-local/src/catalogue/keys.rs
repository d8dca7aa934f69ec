//! API keys that users made: the catalogue has their SHA-256 digests only.

use sqlx::Row;

use super::{Catalogue, FAILED, account_of, now};
use crate::access::Account;
use crate::error::{Context, Error};

impl Catalogue {
    /// Adds the digest of an account's key, as hexadecimal text.
    pub(crate) async fn insert_key(&self, account: &Account, digest: &str) -> Result<(), Error> {
        sqlx::query("INSERT INTO keys (digest, created, account) VALUES ($1, $2, $3)")
            .bind(digest)
            .bind(now())
            .bind(account.name())
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        Ok(())
    }

    /// Forgets the digest of a key that is none any more.
    pub(crate) async fn delete_key(&self, digest: &str) -> Result<(), Error> {
        sqlx::query("DELETE FROM keys WHERE digest = $1").bind(digest).execute(&self.pool).await.context(FAILED)?;
        Ok(())
    }

    /// The digests of all keys, with their accounts, the oldest first.
    pub(crate) async fn keys(&self) -> Result<Vec<(String, Account)>, Error> {
        let rows = sqlx::query("SELECT digest, account FROM keys ORDER BY created")
            .fetch_all(&self.pool)
            .await
            .context(FAILED)?;
        rows.iter().map(|row| Ok((row.try_get("digest").context(FAILED)?, account_of(row)?))).collect()
    }
}
