//! Data sources: their configuration, as clients of the API read and save it.

use serde::Serialize;
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Catalogue, FAILED, MAX_OBJECTS, account_of, too_many};
use crate::access::Account;
use crate::base::{Context, Error};

/// The type of a source with its own rows.
pub(crate) const STORAGE: &str = "Storage";
/// The type of a source that joins several storages.
pub(crate) const INNER_JOIN: &str = "InnerJoin";

/// A data source, in the format of the API.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Source {
    /// Its uuid, which never changes.
    pub(crate) uuid: Uuid,
    /// Its account.
    #[serde(skip)]
    pub(crate) account: Account,
    /// Its name, which need not be unique.
    pub(crate) name: String,
    /// Its type: [`STORAGE`] or [`INNER_JOIN`].
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The token that allows pushes without an API key.
    pub(crate) token: String,
    /// The name of the last attached file.
    #[serde(rename = "originalFileName", skip_serializing_if = "Option::is_none")]
    pub(crate) original_file_name: Option<String>,
    /// The options that clients save, such as the separator and forced types.
    #[serde(rename = "jsonContent")]
    pub(crate) json_content: Value,
}

impl Source {
    /// Creates a new source of an account.
    pub(crate) fn new(account: Account, kind: &str, name: String, json_content: Value) -> Source {
        Source {
            uuid: Uuid::new_v4(),
            account,
            name,
            kind: kind.to_owned(),
            token: Uuid::new_v4().simple().to_string(),
            original_file_name: None,
            json_content,
        }
    }

    /// Returns true if the source joins several storages.
    pub(crate) fn is_join(&self) -> bool {
        self.kind == INNER_JOIN
    }

    /// Fails if the source cannot contain rows.
    pub(crate) fn check_holds_rows(&self) -> Result<(), Error> {
        if self.is_join() {
            let name = &self.name;
            return Err(Error::refused(format!(
                "`{name}` is a join and cannot contain rows: load into the storages that it joins"
            )));
        }
        Ok(())
    }

    /// Returns the size of the source in bytes with this configuration.
    fn bytes(&self, json_content: &str) -> usize {
        self.name.len() + self.original_file_name.as_ref().map_or(0, String::len) + json_content.len()
    }

    fn read(row: &SqliteRow) -> Result<Source, Error> {
        let text = |column| row.try_get::<String, _>(column).context(FAILED);
        Ok(Source {
            uuid: Uuid::parse_str(&text("uuid")?).context(FAILED)?,
            account: account_of(row)?,
            name: text("name")?,
            kind: text("type")?,
            token: text("token")?,
            original_file_name: row.try_get("original_file_name").context(FAILED)?,
            json_content: serde_json::from_str(&text("json_content")?).context(FAILED)?,
        })
    }
}

impl Catalogue {
    /// Returns the uuids of all sources of all accounts, to find files without a source.
    pub(crate) async fn all_sources(&self) -> Result<Vec<Uuid>, Error> {
        let rows = sqlx::query("SELECT uuid FROM sources").fetch_all(&self.pool).await.context(FAILED)?;
        let uuid = |row: &SqliteRow| row.try_get::<String, _>("uuid").context(FAILED);
        rows.iter().map(|row| Uuid::parse_str(&uuid(row)?).context(FAILED)).collect()
    }

    /// Returns all sources of an account, or those with this name, in the order of creation.
    pub(crate) async fn sources(&self, account: &Account, name: Option<&str>) -> Result<Vec<Source>, Error> {
        let query = match name {
            Some(name) => sqlx::query("SELECT * FROM sources WHERE account = $1 AND name = $2 ORDER BY position")
                .bind(account.name())
                .bind(name),
            None => sqlx::query("SELECT * FROM sources WHERE account = $1 ORDER BY position").bind(account.name()),
        };
        let rows = query.fetch_all(&self.pool).await.context(FAILED)?;
        rows.iter().map(Source::read).collect()
    }

    /// Finds the source with this uuid in the account.
    pub(crate) async fn source(&self, account: &Account, uuid: Uuid) -> Result<Option<Source>, Error> {
        let source = self.anyones_source(uuid).await?;
        Ok(source.filter(|source| source.account == *account))
    }

    /// Finds the source with this uuid regardless of account. Callers must have checked another credential than an API key.
    pub(crate) async fn anyones_source(&self, uuid: Uuid) -> Result<Option<Source>, Error> {
        let row = sqlx::query("SELECT * FROM sources WHERE uuid = $1")
            .bind(uuid.to_string())
            .fetch_optional(&self.pool)
            .await
            .context(FAILED)?;
        row.as_ref().map(Source::read).transpose()
    }

    /// Adds a source.
    pub(crate) async fn insert_source(&self, source: &Source) -> Result<(), Error> {
        let json_content = source.json_content.to_string();
        let _guard = self.reserve_quota(&source.account, source.uuid, source.bytes(&json_content)).await?;
        let done = sqlx::query(
            "INSERT INTO sources (uuid, account, position, name, type, token, original_file_name, json_content)
            SELECT $1, $2, (SELECT COALESCE(MAX(position), 0) + 1 FROM sources), $3, $4, $5, $6, $7
            WHERE (SELECT COUNT(*) FROM sources WHERE account = $2) < $8",
        )
        .bind(source.uuid.to_string())
        .bind(source.account.name())
        .bind(&source.name)
        .bind(&source.kind)
        .bind(&source.token)
        .bind(&source.original_file_name)
        .bind(json_content)
        .bind(MAX_OBJECTS)
        .execute(&self.pool)
        .await
        .context(FAILED)?;
        if done.rows_affected() == 0 { Err(too_many("data sources")) } else { Ok(()) }
    }

    /// Saves the mutable fields of a source. Returns true if it exists.
    pub(crate) async fn update_source(&self, source: &Source) -> Result<bool, Error> {
        let json_content = source.json_content.to_string();
        let _guard = self.reserve_quota(&source.account, source.uuid, source.bytes(&json_content)).await?;
        let done =
            sqlx::query("UPDATE sources SET name = $1, original_file_name = $2, json_content = $3 WHERE uuid = $4")
                .bind(&source.name)
                .bind(&source.original_file_name)
                .bind(json_content)
                .bind(source.uuid.to_string())
                .execute(&self.pool)
                .await;
        self.pushed.forget(source.uuid);
        Ok(done.context(FAILED)?.rows_affected() > 0)
    }

    /// Removes a source. Returns true if it existed.
    pub(crate) async fn delete_source(&self, uuid: Uuid) -> Result<bool, Error> {
        let done = sqlx::query("DELETE FROM sources WHERE uuid = $1").bind(uuid.to_string()).execute(&self.pool).await;
        self.pushed.forget(uuid);
        let existed = done.context(FAILED)?.rows_affected() > 0;
        let state = sqlx::query("DELETE FROM storages WHERE uuid = $1").bind(uuid.to_string());
        state.execute(&self.pool).await.context(FAILED)?;
        Ok(existed)
    }
}
