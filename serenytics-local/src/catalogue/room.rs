//! Room: how many bytes of configuration an account may have, since lists are answered as a whole.

use sqlx::Row;
use tokio::sync::MutexGuard;
use uuid::Uuid;

use super::{Catalogue, FAILED};
use crate::access::Account;
use crate::error::{Context, Error};

/// How many bytes all data sources, scripts and web apps of an account may have between them.
const BYTES: i64 = 32 << 20;

impl Catalogue {
    /// Refuses to save an object that would have so many bytes, if the account would have too many then; one that gets
    /// no larger is always taken. Nobody else saves until what is returned is dropped.
    pub(super) async fn room(&self, account: &Account, uuid: Uuid, bytes: usize) -> Result<MutexGuard<'_, ()>, Error> {
        let saving = self.saving.lock().await;
        let row = sqlx::query(
            "SELECT COALESCE(SUM(bytes), 0) AS held, COALESCE(SUM(bytes) FILTER (WHERE uuid = $2), 0) AS replaced FROM (
                SELECT uuid, OCTET_LENGTH(name) + OCTET_LENGTH(COALESCE(original_file_name, ''))
                    + OCTET_LENGTH(json_content) AS bytes FROM sources WHERE account = $1
                UNION ALL
                SELECT uuid, OCTET_LENGTH(name) + OCTET_LENGTH(config) FROM scripts WHERE account = $1
                UNION ALL
                SELECT uuid, OCTET_LENGTH(name) + OCTET_LENGTH(config) FROM web_apps WHERE account = $1
            )",
        )
        .bind(account.name())
        .bind(uuid.to_string())
        .fetch_one(&self.pool)
        .await
        .context(FAILED)?;
        let (held, replaced): (i64, i64) =
            (row.try_get("held").context(FAILED)?, row.try_get("replaced").context(FAILED)?);
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        if bytes > replaced && (held - replaced).saturating_add(bytes) > BYTES {
            return Err(Error::refused(format!(
                "the account's data sources, scripts and web apps would have more than {} MiB of configuration: delete \
                 some, or save less in them",
                BYTES >> 20
            )));
        }
        Ok(saving)
    }
}
