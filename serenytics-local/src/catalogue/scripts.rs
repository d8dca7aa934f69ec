//! Scripts: their code, configuration and stored data.

use serde_json::{Map, Value};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Catalogue, FAILED, MAX_OBJECTS, too_many};
use crate::access::Account;
use crate::base::{Context, Error};

/// A script.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// Its uuid, which never changes.
    pub(crate) uuid: Uuid,
    /// Its name, which is unique in the account.
    pub(crate) name: String,
    /// All other fields that clients sent.
    pub(crate) config: Map<String, Value>,
}

impl Script {
    /// Returns the script in the format of the API.
    pub(crate) fn to_json(&self) -> Value {
        let mut object = self.config.clone();
        object.insert("uuid".to_owned(), Value::String(self.uuid.to_string()));
        object.insert("name".to_owned(), Value::String(self.name.clone()));
        Value::Object(object)
    }

    fn read(row: &SqliteRow) -> Result<Script, Error> {
        let text = |column| row.try_get::<String, _>(column).context(FAILED);
        Ok(Script {
            uuid: Uuid::parse_str(&text("uuid")?).context(FAILED)?,
            name: text("name")?,
            config: serde_json::from_str(&text("config")?).context(FAILED)?,
        })
    }
}

impl Catalogue {
    /// Returns all scripts of an account, or the one with this name, in the order of creation.
    pub(crate) async fn scripts(&self, account: &Account, name: Option<&str>) -> Result<Vec<Script>, Error> {
        let query = match name {
            Some(name) => sqlx::query("SELECT * FROM scripts WHERE account = $1 AND name = $2 ORDER BY position")
                .bind(account.name())
                .bind(name),
            None => sqlx::query("SELECT * FROM scripts WHERE account = $1 ORDER BY position").bind(account.name()),
        };
        let rows = query.fetch_all(&self.pool).await.context(FAILED)?;
        rows.iter().map(Script::read).collect()
    }

    /// Finds the script with this uuid in the account.
    pub(crate) async fn script(&self, account: &Account, uuid: Uuid) -> Result<Option<Script>, Error> {
        let row = sqlx::query("SELECT * FROM scripts WHERE uuid = $1 AND account = $2")
            .bind(uuid.to_string())
            .bind(account.name())
            .fetch_optional(&self.pool)
            .await
            .context(FAILED)?;
        row.as_ref().map(Script::read).transpose()
    }

    /// Adds a script to an account. Returns false if its name exists already.
    pub(crate) async fn insert_script(&self, account: &Account, script: &Script) -> Result<bool, Error> {
        let config = Value::Object(script.config.clone()).to_string();
        let _guard = self.reserve_quota(account, script.uuid, script.name.len() + config.len()).await?;
        let count = sqlx::query("SELECT COUNT(*) AS count FROM scripts WHERE account = $1")
            .bind(account.name())
            .fetch_one(&self.pool)
            .await
            .context(FAILED)?;
        if count.try_get::<i64, _>("count").context(FAILED)? >= MAX_OBJECTS {
            return Err(too_many("scripts"));
        }
        let done = sqlx::query(
            "INSERT INTO scripts (uuid, account, position, name, config)
            VALUES ($1, $2, (SELECT COALESCE(MAX(position), 0) + 1 FROM scripts), $3, $4)
            ON CONFLICT (account, name) DO NOTHING",
        )
        .bind(script.uuid.to_string())
        .bind(account.name())
        .bind(&script.name)
        .bind(config)
        .execute(&self.pool)
        .await
        .context(FAILED)?;
        Ok(done.rows_affected() > 0)
    }

    /// Removes a script and the logs of its runs. Returns true if it existed.
    pub(crate) async fn delete_script(&self, account: &Account, uuid: Uuid) -> Result<bool, Error> {
        let done = sqlx::query("DELETE FROM scripts WHERE uuid = $1 AND account = $2")
            .bind(uuid.to_string())
            .bind(account.name())
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        if done.rows_affected() > 0 {
            let logs = sqlx::query("DELETE FROM script_runs WHERE script = $1").bind(uuid.to_string());
            logs.execute(&self.pool).await.context(FAILED)?;
        }
        Ok(done.rows_affected() > 0)
    }

    /// Returns the stored JSON of a script; `None` if the script does not exist.
    pub(crate) async fn script_storage(&self, account: &Account, uuid: Uuid) -> Result<Option<String>, Error> {
        let row = sqlx::query("SELECT storage FROM scripts WHERE uuid = $1 AND account = $2")
            .bind(uuid.to_string())
            .bind(account.name())
            .fetch_optional(&self.pool)
            .await
            .context(FAILED)?;
        let Some(row) = row else { return Ok(None) };
        let stored: Option<String> = row.try_get("storage").context(FAILED)?;
        Ok(Some(stored.unwrap_or_else(|| "null".to_owned())))
    }

    /// Stores JSON for a script. Returns true if the script exists.
    pub(crate) async fn store_script(&self, account: &Account, uuid: Uuid, json: &str) -> Result<bool, Error> {
        let done = sqlx::query("UPDATE scripts SET storage = $1 WHERE uuid = $2 AND account = $3")
            .bind(json)
            .bind(uuid.to_string())
            .bind(account.name())
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        Ok(done.rows_affected() > 0)
    }
}
