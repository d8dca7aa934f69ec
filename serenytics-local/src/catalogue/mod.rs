//! The catalogue: everything that is no data, in a database of its own.

mod keys;
mod mails;
mod runs;
mod scripts;
mod secrets;
mod sources;
mod tasks;
mod web_apps;

use std::borrow::Cow;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, SqlSafeStr};

pub(crate) use runs::{Run, RunEnd};
pub(crate) use scripts::Script;
pub(crate) use sources::{INNER_JOIN, STORAGE, Source};
pub(crate) use tasks::TaskState;
pub(crate) use web_apps::WebApp;

use crate::error::{Context, Error};

/// The database's structure, one step after the other; a step that was released never changes.
const MIGRATIONS: &[(&str, &str)] = &[
    ("sources, tasks, keys and scripts", FIRST),
    (
        "the runs of scripts",
        "CREATE TABLE script_runs (
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
        CREATE INDEX script_runs_by_script ON script_runs (script, position);",
    ),
    (
        "web apps, and the secret of their links",
        "CREATE TABLE web_apps (
            uuid TEXT PRIMARY KEY,
            position INTEGER NOT NULL,
            name TEXT NOT NULL,
            config TEXT NOT NULL
        );
        CREATE INDEX web_apps_by_name ON web_apps (name);
        CREATE TABLE web_app_sharings (
            web_app TEXT NOT NULL,
            login TEXT NOT NULL,
            created INTEGER NOT NULL,
            PRIMARY KEY (web_app, login)
        );
        CREATE TABLE secrets (
            name TEXT PRIMARY KEY,
            secret TEXT NOT NULL
        );",
    ),
    ("mails", "CREATE TABLE mails (taken INTEGER NOT NULL);"),
];

/// The structure that everything else is built on.
const FIRST: &str = "CREATE TABLE sources (
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

/// The database, shared by all requests.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    pool: SqlitePool,
}

impl Catalogue {
    /// Opens the database, makes it if it does not exist, and brings its structure up to date.
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
            .context("the catalogue could not be opened")?;
        migrations().run(&pool).await.context("the catalogue could not be brought up to date")?;
        Ok(Catalogue { pool })
    }

    /// Writes everything and closes the database.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

fn migrations() -> Migrator {
    let steps = MIGRATIONS.iter().zip(1..).map(|((description, sql), version)| {
        let (description, sql) = (Cow::Borrowed(*description), AssertSqlSafe(*sql).into_sql_str());
        Migration::new(version, description, MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(steps.collect())
}

/// The time in milliseconds since 1970.
fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

/// What a failed statement is reported as.
const FAILED: &str = "the catalogue failed";
