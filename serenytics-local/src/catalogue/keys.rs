//! API keys that users made: the catalogue has their SHA-256 digests only.

use sqlx::Row;

use super::{Catalogue, FAILED, now};
use crate::error::{Context, Error};

impl Catalogue {
    /// Adds the digest of a key, as hexadecimal text.
    pub(crate) async fn insert_key(&self, digest: &str) -> Result<(), Error> {
        sqlx::query("INSERT INTO keys (digest, created) VALUES ($1, $2)")
            .bind(digest)
            .bind(now())
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        Ok(())
    }

    /// The digests of all keys.
    pub(crate) async fn keys(&self) -> Result<Vec<String>, Error> {
        let rows = sqlx::query("SELECT digest FROM keys").fetch_all(&self.pool).await.context(FAILED)?;
        rows.iter().map(|row| row.try_get("digest").context(FAILED)).collect()
    }
}
