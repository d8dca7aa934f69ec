//! Secrets that the engine makes for itself, and that have to stay the same when it is started again.

use sqlx::Row;

use super::{Catalogue, FAILED};
use crate::access;
use crate::error::{Context, Error};

impl Catalogue {
    /// The secret with this name, which is made when it is first asked for.
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
