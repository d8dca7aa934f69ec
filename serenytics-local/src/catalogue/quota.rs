//! The quota of configuration per account. List calls return all of it.

use sqlx::Row;
use tokio::sync::MutexGuard;
use uuid::Uuid;

use super::{Catalogue, FAILED};
use crate::access::Account;
use crate::base::{Context, Error};

/// The maximum size of all data sources, scripts and web apps of an account, in bytes.
const MAX_BYTES: i64 = 32 << 20;

impl Catalogue {
    /// Checks that the account may save an object of this size. An object that does not grow is always accepted. No other
    /// object can be saved until the returned guard is dropped.
    pub(super) async fn reserve_quota(
        &self,
        account: &Account,
        uuid: Uuid,
        bytes: usize,
    ) -> Result<MutexGuard<'_, ()>, Error> {
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
        if bytes > replaced && (held - replaced).saturating_add(bytes) > MAX_BYTES {
            return Err(Error::refused(format!(
                "the data sources, scripts and web apps of the account would exceed {} MiB of configuration: delete \
                 some, or make them smaller",
                MAX_BYTES >> 20
            )));
        }
        Ok(saving)
    }
}
