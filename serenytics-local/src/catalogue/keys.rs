//! API keys that users created. The catalogue stores only their SHA-256 digests.

use sqlx::Row;

use super::{Catalogue, FAILED, account_of, now};
use crate::access::Account;
use crate::base::{Context, Error};

/// The maximum number of keys of an account. Each request is compared with all keys, and keys never expire.
const MAX_KEYS: i64 = 1000;

impl Catalogue {
    /// Adds the digest of a key of an account, as a hexadecimal string.
    pub(crate) async fn insert_key(&self, account: &Account, digest: &str) -> Result<(), Error> {
        let done = sqlx::query(
            "INSERT INTO keys (digest, created, account)
            SELECT $1, $2, $3 WHERE (SELECT COUNT(*) FROM keys WHERE account = $3) < $4",
        )
        .bind(digest)
        .bind(now())
        .bind(account.name())
        .bind(MAX_KEYS)
        .execute(&self.pool)
        .await
        .context(FAILED)?;
        if done.rows_affected() == 0 {
            let message = format!("the account has created {MAX_KEYS} API keys, which is the limit: use one of them");
            return Err(Error::refused(message));
        }
        Ok(())
    }

    /// Returns the digests of all keys, with their accounts.
    pub(crate) async fn keys(&self) -> Result<Vec<(String, Account)>, Error> {
        let rows = sqlx::query("SELECT digest, account FROM keys").fetch_all(&self.pool).await.context(FAILED)?;
        rows.iter().map(|row| Ok((row.try_get("digest").context(FAILED)?, account_of(row)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::test::platform;

    #[tokio::test]
    async fn an_account_makes_so_many_keys_at_most() {
        let (platform, _folder) = platform().await;
        let catalogue: Catalogue = platform.get();
        let (one, other) = (Account::new("one").unwrap(), Account::new("other").unwrap());
        for n in 0..MAX_KEYS {
            catalogue.insert_key(&one, &n.to_string()).await.unwrap();
        }
        let error = catalogue.insert_key(&one, "one more").await.unwrap_err();
        assert!(error.to_string().contains("has created 1000 API keys"), "{error}");
        catalogue.insert_key(&other, "another").await.unwrap();
    }
}
