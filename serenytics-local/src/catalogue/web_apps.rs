//! Web apps: saved dashboards, and the logins that they are shared with.

use std::collections::HashMap;

use serde_json::{Map, Value};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Catalogue, FAILED, MAX_OBJECTS, account_of, now, too_many};
use crate::access::Account;
use crate::base::{Context, Error};

/// A web app.
#[derive(Debug, Clone)]
pub(crate) struct WebApp {
    /// Its uuid, which never changes.
    pub(crate) uuid: Uuid,
    /// Its account.
    pub(crate) account: Account,
    /// Its name, which need not be unique.
    pub(crate) name: String,
    /// All other fields that clients sent, such as `jsonContent` and `folder_name`.
    pub(crate) config: Map<String, Value>,
    /// The logins that it is shared with.
    pub(crate) sharings: Vec<String>,
}

impl WebApp {
    /// Returns the web app in the format of the API.
    pub(crate) fn to_json(&self) -> Value {
        let mut object = self.config.clone();
        object.insert("uuid".to_owned(), Value::String(self.uuid.to_string()));
        object.insert("name".to_owned(), Value::String(self.name.clone()));
        object.insert("sharings".to_owned(), self.sharings.clone().into());
        Value::Object(object)
    }

    fn read(row: &SqliteRow) -> Result<WebApp, Error> {
        let text = |column| row.try_get::<String, _>(column).context(FAILED);
        Ok(WebApp {
            uuid: Uuid::parse_str(&text("uuid")?).context(FAILED)?,
            account: account_of(row)?,
            name: text("name")?,
            config: serde_json::from_str(&text("config")?).context(FAILED)?,
            sharings: Vec::new(),
        })
    }
}

impl Catalogue {
    /// Returns all web apps of an account, or those with this name, in the order of creation.
    pub(crate) async fn web_apps(&self, account: &Account, name: Option<&str>) -> Result<Vec<WebApp>, Error> {
        let query = match name {
            Some(name) => sqlx::query("SELECT * FROM web_apps WHERE account = $1 AND name = $2 ORDER BY position")
                .bind(account.name())
                .bind(name),
            None => sqlx::query("SELECT * FROM web_apps WHERE account = $1 ORDER BY position").bind(account.name()),
        };
        let rows = query.fetch_all(&self.pool).await.context(FAILED)?;
        self.with_sharings(&rows).await
    }

    /// Finds the web app with this uuid in the account.
    pub(crate) async fn web_app(&self, account: &Account, uuid: Uuid) -> Result<Option<WebApp>, Error> {
        let web_app = self.anyones_web_app(uuid).await?;
        Ok(web_app.filter(|web_app| web_app.account == *account))
    }

    /// Finds the web app with this uuid regardless of account. Callers must have checked another credential than an API key.
    pub(crate) async fn anyones_web_app(&self, uuid: Uuid) -> Result<Option<WebApp>, Error> {
        let row = sqlx::query("SELECT * FROM web_apps WHERE uuid = $1")
            .bind(uuid.to_string())
            .fetch_optional(&self.pool)
            .await
            .context(FAILED)?;
        Ok(self.with_sharings(row.as_slice()).await?.pop())
    }

    /// Adds a web app.
    pub(crate) async fn insert_web_app(&self, web_app: &WebApp) -> Result<(), Error> {
        let config = Value::Object(web_app.config.clone()).to_string();
        let _guard = self.reserve_quota(&web_app.account, web_app.uuid, web_app.name.len() + config.len()).await?;
        let done = sqlx::query(
            "INSERT INTO web_apps (uuid, account, position, name, config)
            SELECT $1, $2, (SELECT COALESCE(MAX(position), 0) + 1 FROM web_apps), $3, $4
            WHERE (SELECT COUNT(*) FROM web_apps WHERE account = $2) < $5",
        )
        .bind(web_app.uuid.to_string())
        .bind(web_app.account.name())
        .bind(&web_app.name)
        .bind(config)
        .bind(MAX_OBJECTS)
        .execute(&self.pool)
        .await
        .context(FAILED)?;
        if done.rows_affected() == 0 { Err(too_many("web apps")) } else { Ok(()) }
    }

    /// Saves the name and the configuration of a web app. Returns true if it exists.
    pub(crate) async fn update_web_app(&self, web_app: &WebApp) -> Result<bool, Error> {
        let config = Value::Object(web_app.config.clone()).to_string();
        let _guard = self.reserve_quota(&web_app.account, web_app.uuid, web_app.name.len() + config.len()).await?;
        let done = sqlx::query("UPDATE web_apps SET name = $1, config = $2 WHERE uuid = $3")
            .bind(&web_app.name)
            .bind(config)
            .bind(web_app.uuid.to_string())
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        Ok(done.rows_affected() > 0)
    }

    /// Shares a web app with another login.
    pub(crate) async fn share_web_app(&self, web_app: &WebApp, login: &str) -> Result<(), Error> {
        let _saving = self.saving.lock().await;
        let shared = sqlx::query("SELECT 1 FROM web_app_sharings WHERE web_app = $1 AND login = $2")
            .bind(web_app.uuid.to_string())
            .bind(login)
            .fetch_optional(&self.pool)
            .await
            .context(FAILED)?;
        if shared.is_some() {
            return Ok(());
        }
        let done = sqlx::query(
            "INSERT INTO web_app_sharings (web_app, login, created)
            SELECT $1, $2, $3 WHERE (
                SELECT COUNT(*) FROM web_apps JOIN web_app_sharings ON web_app = uuid WHERE account = $4
            ) < $5",
        )
        .bind(web_app.uuid.to_string())
        .bind(login)
        .bind(now())
        .bind(web_app.account.name())
        .bind(MAX_OBJECTS)
        .execute(&self.pool)
        .await
        .context(FAILED)?;
        if done.rows_affected() == 0 { Err(too_many("sharings of web apps")) } else { Ok(()) }
    }

    /// Reads web apps from these rows, all of one account, with the logins that they are shared with.
    async fn with_sharings(&self, rows: &[SqliteRow]) -> Result<Vec<WebApp>, Error> {
        let mut web_apps = rows.iter().map(WebApp::read).collect::<Result<Vec<_>, _>>()?;
        let query = match web_apps.as_slice() {
            [] => return Ok(web_apps),
            [one] => sqlx::query("SELECT * FROM web_app_sharings WHERE web_app = $1 ORDER BY created, login")
                .bind(one.uuid.to_string()),
            [first, ..] => sqlx::query(
                "SELECT web_app, login FROM web_apps JOIN web_app_sharings ON web_app = uuid
                WHERE account = $1 ORDER BY created, login",
            )
            .bind(first.account.name().to_owned()),
        };
        let mut logins: HashMap<String, Vec<String>> = HashMap::new();
        for row in query.fetch_all(&self.pool).await.context(FAILED)? {
            let web_app = row.try_get("web_app").context(FAILED)?;
            logins.entry(web_app).or_default().push(row.try_get("login").context(FAILED)?);
        }
        for web_app in &mut web_apps {
            web_app.sharings = logins.remove(&web_app.uuid.to_string()).unwrap_or_default();
        }
        Ok(web_apps)
    }

    /// Removes a web app. Returns true if it existed.
    pub(crate) async fn delete_web_app(&self, uuid: Uuid) -> Result<bool, Error> {
        sqlx::query("DELETE FROM web_app_sharings WHERE web_app = $1")
            .bind(uuid.to_string())
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        let done = sqlx::query("DELETE FROM web_apps WHERE uuid = $1")
            .bind(uuid.to_string())
            .execute(&self.pool)
            .await
            .context(FAILED)?;
        Ok(done.rows_affected() > 0)
    }
}
