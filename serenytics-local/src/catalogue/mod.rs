//! The catalogue: a SQLite database of sources, tasks, keys, scripts, web apps and e-mails. It contains no rows.

mod join;
mod keys;
mod mails;
mod options;
mod push_cache;
mod quota;
mod runs;
mod scripts;
mod secrets;
mod sources;
mod storages;
mod tasks;
mod web_apps;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Row, SqlSafeStr};
use tokio::sync::Mutex;

pub(crate) use join::joined;
pub(crate) use options::{forced_types, load_options, separator, types_of};
use push_cache::PushCache;
pub(crate) use runs::{Run, RunEnd};
pub(crate) use scripts::Script;
pub(crate) use sources::{INNER_JOIN, STORAGE, Source};
pub(crate) use tasks::TaskState;
pub(crate) use web_apps::WebApp;

use crate::access::Account;
use crate::base::{Context, Error};

/// The migrations of the database, in order. Never change a released migration.
const MIGRATIONS: &[(&str, &str)] = &[
    ("sources, tasks, keys and scripts", TABLES),
    ("accounts", ACCOUNTS),
    ("the runs of scripts", RUNS),
    ("web apps, and the secret of their links", WEB_APPS),
    ("mails", MAILS),
    ("the states of storages", STORAGES),
    ("the warnings of tasks", WARNINGS),
];

const TABLES: &str = "
    CREATE TABLE sources (
        uuid TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        type TEXT NOT NULL,
        token TEXT NOT NULL,
        original_file_name TEXT,
        json_content TEXT NOT NULL
    );
    CREATE INDEX sources_by_name ON sources (name);
    CREATE TABLE tasks (
        uuid TEXT PRIMARY KEY,
        created INTEGER NOT NULL,
        status TEXT NOT NULL,
        error TEXT,
        row_count INTEGER
    );
    CREATE TABLE keys (
        digest TEXT PRIMARY KEY,
        created INTEGER NOT NULL
    );
    CREATE TABLE scripts (
        uuid TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        name TEXT NOT NULL UNIQUE,
        config TEXT NOT NULL,
        storage TEXT
    );";

/// Existing objects go to the account of plain API keys. Script names become unique per account.
const ACCOUNTS: &str = "
    ALTER TABLE sources ADD COLUMN account TEXT NOT NULL DEFAULT 'default';
    DROP INDEX sources_by_name;
    CREATE INDEX sources_by_name ON sources (account, name);
    ALTER TABLE tasks ADD COLUMN account TEXT NOT NULL DEFAULT 'default';
    CREATE INDEX tasks_by_account ON tasks (account, created);
    CREATE INDEX pending_tasks ON tasks (account) WHERE status = 'pending';
    ALTER TABLE keys ADD COLUMN account TEXT NOT NULL DEFAULT 'default';
    CREATE TABLE owned_scripts (
        uuid TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        config TEXT NOT NULL,
        storage TEXT,
        UNIQUE (account, name)
    );
    INSERT INTO owned_scripts (uuid, account, position, name, config, storage)
        SELECT uuid, 'default', position, name, config, storage FROM scripts;
    DROP TABLE scripts;
    ALTER TABLE owned_scripts RENAME TO scripts;";

const RUNS: &str = "
    CREATE TABLE script_runs (
        uuid TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        script TEXT NOT NULL,
        started INTEGER NOT NULL,
        finished INTEGER,
        succeeded INTEGER NOT NULL,
        stdout TEXT NOT NULL,
        stderr TEXT NOT NULL,
        return_code INTEGER
    );
    CREATE INDEX script_runs_by_script ON script_runs (script, position);";

const WEB_APPS: &str = "
    CREATE TABLE web_apps (
        uuid TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        config TEXT NOT NULL
    );
    CREATE INDEX web_apps_by_name ON web_apps (account, name);
    CREATE TABLE web_app_sharings (
        web_app TEXT NOT NULL,
        login TEXT NOT NULL,
        created INTEGER NOT NULL,
        PRIMARY KEY (web_app, login)
    );
    CREATE TABLE secrets (
        name TEXT PRIMARY KEY,
        secret TEXT NOT NULL
    );";

const MAILS: &str = "
    CREATE TABLE mails (
        account TEXT NOT NULL,
        taken INTEGER NOT NULL
    );
    CREATE INDEX mails_by_account ON mails (account, taken);";

const STORAGES: &str = "
    CREATE TABLE storages (
        uuid TEXT PRIMARY KEY,
        table_id TEXT,
        commits INTEGER NOT NULL,
        row_count INTEGER NOT NULL,
        pushes INTEGER NOT NULL
    );";
const WARNINGS: &str = "ALTER TABLE tasks ADD COLUMN warnings TEXT";

/// The database, shared by all requests.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    pool: SqlitePool,
    pushed: Arc<PushCache>,
    /// Locked from the check of the quota until the object is saved.
    saving: Arc<Mutex<()>>,
}

impl Catalogue {
    /// Opens the database, creating and migrating it if needed.
    pub(crate) async fn open(file: &Path) -> Result<Catalogue, Error> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await
            .context("could not open the catalogue")?;
        migrations(MIGRATIONS).run(&pool).await.context("could not migrate the catalogue")?;
        Ok(Catalogue { pool, pushed: Arc::default(), saving: Arc::default() })
    }

    /// Checks that the database responds.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        sqlx::query("SELECT 1").execute(&self.pool).await.map(|_| ()).context(FAILED)
    }

    /// Flushes and closes the database.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

fn migrations(steps: &'static [(&str, &str)]) -> Migrator {
    let steps = steps.iter().zip(1..).map(|((description, sql), version)| {
        let (description, sql) = (Cow::Borrowed(*description), AssertSqlSafe(*sql).into_sql_str());
        Migration::new(version, description, MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(steps.collect())
}

/// Returns the time in milliseconds since 1970.
fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

/// Returns the account of a row.
fn account_of(row: &SqliteRow) -> Result<Account, Error> {
    Account::new(&row.try_get::<String, _>("account").context(FAILED)?)
}

/// The maximum number of objects of each kind per account, because list calls return all of them.
const MAX_OBJECTS: i64 = 10_000;

/// Returns the error for an account with too many objects of a kind.
fn too_many(what: &str) -> Error {
    Error::refused(format!("the account has {MAX_OBJECTS} {what}, which is the limit: delete some"))
}

/// The error message for a failed statement.
const FAILED: &str = "the catalogue failed";

#[cfg(test)]
mod tests {
    use serenytics_engine::Loaded;

    use super::*;

    #[tokio::test]
    async fn migration_moves_old_objects_to_the_default_account() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("catalogue.sqlite");
        let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
        let pool = SqlitePoolOptions::new().connect_with(options).await.unwrap();
        migrations(&MIGRATIONS[..1]).run(&pool).await.unwrap();
        for statement in [
            "INSERT INTO sources VALUES ('00000000-0000-4000-8000-000000000001', 1, 's', 'Storage', 't', NULL, '{}')",
            "INSERT INTO tasks VALUES ('00000000-0000-4000-8000-000000000002', 1, 'done', NULL, 7)",
            "INSERT INTO keys VALUES ('digest', 1)",
            "INSERT INTO scripts VALUES ('00000000-0000-4000-8000-000000000003', 1, 'nightly', '{\"a\":1}', '[2]')",
        ] {
            sqlx::query(statement).execute(&pool).await.unwrap();
        }
        pool.close().await;

        let catalogue = Catalogue::open(&file).await.unwrap();
        let (owner, other) = (Account::default_account(), Account::new("other").unwrap());
        let uuid = |last: u128| uuid::Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0000 + last);
        assert_eq!(catalogue.source(&owner, uuid(1)).await.unwrap().unwrap().name, "s");
        assert!(catalogue.source(&other, uuid(1)).await.unwrap().is_none());
        assert_eq!(
            catalogue.task(&owner, uuid(2)).await.unwrap().unwrap().state,
            TaskState::Done(Loaded { rows: 7, warnings: Vec::new() })
        );
        assert!(catalogue.task(&other, uuid(2)).await.unwrap().is_none());
        assert_eq!(catalogue.keys().await.unwrap(), [("digest".to_owned(), owner.clone())]);
        let script = catalogue.script(&owner, uuid(3)).await.unwrap().unwrap();
        assert_eq!((script.name.as_str(), &script.config["a"]), ("nightly", &1.into()));
        assert_eq!(catalogue.script_storage(&owner, uuid(3)).await.unwrap().unwrap(), "[2]");
        assert!(!catalogue.insert_script(&owner, &script).await.unwrap(), "the name is taken");
        let twin = Script { uuid: uuid(4), ..script };
        assert!(catalogue.insert_script(&other, &twin).await.unwrap(), "another account can use the same name");
        catalogue.close().await;
    }
}
