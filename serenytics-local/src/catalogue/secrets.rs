//! Secrets of the server, such as the key of its links, which survive a restart.

use sqlx::Row;

use super::{Catalogue, FAILED};
use crate::access;
use crate::base::{Context, Error};

impl Catalogue {
    /// Returns the secret with this name, creating it if needed.
    pub(crate) async fn secret(&self, name: &str) -> Result<String, Error> {
        sqlx::query("INSERT INTO secrets (name, secret) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(access::random())
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        let row = sqlx::query("SELECT secret FROM secrets WHERE name = $1")
            .bind(name)
            .fetch_one(&self.pool)
            .await
            .context(FAILED)?;
        row.try_get("secret").context(FAILED)
    }
}
