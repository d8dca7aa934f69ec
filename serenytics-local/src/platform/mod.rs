//! The engine: everything that the requests share.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serenytics_engine::{Input, Python, QueryLimits, Warehouse};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::access::Links;
use crate::access::{Access, Account, Credentials, same_secret};
use crate::api::{Health, VALUE_MEMORY};
use crate::base::Metrics;
use crate::base::{Context, Error, Kind};
use crate::catalogue::joined;
use crate::catalogue::{Catalogue, STORAGE, Source};
use crate::data_api::DataApi;
use crate::loads::S3;
use crate::mail::{MailSettings, Mails};
use crate::script::{ScriptSettings, Scripts};

/// How many loads run at the same time; the others wait.
const LOADS: usize = 4;

/// How long a stop waits for pushed rows to be merged; the rest stays in the write-ahead log.
const CLOSING: Duration = Duration::from_secs(5);

/// What the caller of a server decides. It holds secrets, and so cannot be printed.
#[derive(Clone)]
pub(crate) struct Settings {
    /// The data folder.
    pub(crate) folder: PathBuf,
    /// Who is let in.
    pub(crate) credentials: Credentials,
    /// How much of the machine queries may take.
    pub(crate) queries: QueryLimits,
    /// How many bytes an uploaded file has at most.
    pub(crate) upload_limit: u64,
    /// How scripts are run.
    pub(crate) scripts: ScriptSettings,
    /// How mails are sent.
    pub(crate) mails: MailSettings,
    /// Who reads what by the data API.
    pub(crate) data_api: DataApi,
    /// What reads data frames.
    pub(crate) python: Python,
    /// The URL of the server that objects of S3 are read from; AWS if there is none.
    pub(crate) s3_endpoint: Option<String>,
    /// Whether files are uploaded by signed links.
    pub(crate) sign_uploads: bool,
    /// How long links are good for.
    pub(crate) link_ttl: Duration,
    /// How long a client may keep the server waiting.
    pub(crate) patience: Duration,
}

/// The engine.
pub(crate) struct Engine {
    pub(crate) catalogue: Catalogue,
    pub(crate) warehouse: Warehouse,
    pub(crate) access: Access,
    pub(crate) scripts: Scripts,
    pub(crate) mails: Mails,
    pub(crate) data_api: DataApi,
    /// Signs links to web apps, which are good when the server was started again, too.
    pub(crate) embed_links: Links,
    pub(crate) upload_limit: u64,
    pub(crate) patience: Duration,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Health,
    /// Pays for the bodies that are held in memory, a permit a KiB.
    pub(crate) body_memory: Arc<Semaphore>,
    /// Pays for the values that these bodies become.
    pub(crate) value_memory: Arc<Semaphore>,
    pub(crate) python: Python,
    pub(crate) s3: S3,
    pub(crate) links: Links,
    pub(crate) sign_uploads: bool,
    uploads: PathBuf,
    /// One password at a time is hashed, since that takes memory.
    pub(crate) logins: Arc<Semaphore>,
    pub(crate) loads: Arc<Semaphore>,
    pub(crate) jobs: Mutex<JoinSet<()>>,
}

impl Engine {
    /// Opens a data folder, which is made if it does not exist, for an API at this URL.
    pub(crate) async fn open(settings: Settings, url: &str, body_memory: usize) -> Result<Engine, Error> {
        const CONTEXT: &str = "the data folder could not be opened";
        let folder = settings.folder.canonicalize().context(CONTEXT)?;
        let catalogue = Catalogue::open(&folder.join("catalogue.sqlite")).await?;
        catalogue.tidy_tasks().await?;
        catalogue.tidy_runs().await?;
        let scripts = Scripts::open(settings.scripts, &settings.python.program, folder.join("scripts"), url).await?;
        let sources = catalogue.all_sources().await?;
        let warehouse = Warehouse::open(&folder, settings.queries)?;
        warehouse.retain(&sources)?;
        let metrics = Arc::new(Metrics::new(warehouse.metrics(), settings.queries.memory));
        let uploads = folder.join("uploads");
        std::fs::create_dir_all(&uploads).context(CONTEXT)?;
        remove_unknown(&uploads, &sources).context(CONTEXT)?;
        let mails = Mails::open(settings.mails, &folder)?;
        let embed_links = Links::with_key(catalogue.secret("embed links").await?);
        let digests = catalogue.keys().await?;
        let credentials = settings.credentials;
        let access = tokio::task::spawn_blocking(move || Access::new(&credentials, &digests));
        Ok(Engine {
            catalogue,
            warehouse,
            access: access.await.context(CONTEXT)??,
            scripts,
            mails,
            data_api: settings.data_api,
            embed_links,
            upload_limit: settings.upload_limit,
            patience: settings.patience,
            metrics,
            health: Health::default(),
            body_memory: Arc::new(Semaphore::new(body_memory / 1024)),
            value_memory: Arc::new(Semaphore::new(VALUE_MEMORY / 1024)),
            python: settings.python,
            s3: S3::new(settings.s3_endpoint.as_deref())?,
            links: Links::new(settings.link_ttl),
            sign_uploads: settings.sign_uploads,
            uploads,
            logins: Arc::new(Semaphore::new(1)),
            loads: Arc::new(Semaphore::new(LOADS)),
            jobs: Mutex::default(),
        })
    }

    /// The account's source with this uuid. One of another account is as unknown as one that does not exist.
    pub(crate) async fn source(&self, account: &Account, uuid: &str) -> Result<Source, Error> {
        let unknown = || Engine::unknown_source(uuid);
        let parsed = Uuid::parse_str(uuid).map_err(|_| unknown())?;
        self.catalogue.source(account, parsed).await?.ok_or_else(unknown)
    }

    /// The source with this uuid, whosesoever it is: a signed link is the right to it.
    pub(crate) async fn linked_source(&self, uuid: &str) -> Result<Source, Error> {
        let unknown = || Engine::unknown_source(uuid);
        let parsed = Uuid::parse_str(uuid).map_err(|_| unknown())?;
        self.catalogue.anyones_source(parsed).await?.ok_or_else(unknown)
    }

    /// The source with this uuid and this push token, whosesoever it is.
    pub(crate) async fn pushed_source(&self, uuid: &str, token: &str) -> Result<Arc<Source>, Error> {
        // An unknown source and a wrong token get the same answer: who has no token learns nothing.
        let refused = || Error::new(Kind::Unauthorized, "the token in the path is not the data source's");
        let parsed = Uuid::parse_str(uuid).map_err(|_| refused())?;
        let source = self.catalogue.pushed_source(parsed).await?.ok_or_else(refused)?;
        if same_secret(token, &source.token) { Ok(source) } else { Err(refused()) }
    }

    /// The error of a uuid that no source has.
    pub(crate) fn unknown_source(uuid: &str) -> Error {
        Error::not_found(format!("there is no data source with uuid {uuid:?}"))
    }

    /// What a query over a source reads.
    pub(crate) async fn input(&self, source: Source) -> Result<Input, Error> {
        if !source.is_join() {
            return Ok(self.warehouse.input(source.uuid, source.name, source.json_content).await?);
        }
        let tables = joined(&source)?;
        for table in &tables {
            let uuid = table.id;
            let refused = |why| Error::refused(format!("the join `{}` joins the source {uuid}, {why}", source.name));
            let part =
                self.catalogue.source(&source.account, uuid).await?.ok_or_else(|| refused("which does not exist"))?;
            if part.kind != STORAGE {
                return Err(refused("which is no storage"));
            }
        }
        Ok(self.warehouse.join(source.name, source.json_content, tables).await?)
    }

    /// The folder of the files that are attached to sources.
    pub(crate) fn uploads(&self) -> &Path {
        &self.uploads
    }

    /// Where the file that is attached to a source is.
    pub(crate) fn attached_file(&self, uuid: Uuid) -> PathBuf {
        self.uploads.join(uuid.to_string())
    }

    /// Removes a source and its data.
    pub(crate) async fn delete_source(&self, source: &Source) -> Result<bool, Error> {
        let uuid = source.uuid;
        let existed = self.catalogue.delete_source(uuid).await?;
        if source.is_join() {
            return Ok(existed);
        }
        self.warehouse.drop_table(uuid).await?;
        let file = self.attached_file(uuid);
        if file.exists() {
            std::fs::remove_file(file).context("the attached file could not be removed")?;
        }
        Ok(existed)
    }

    /// Cuts the jobs that still run, merges pushed rows as long as there is time, and closes the catalogue.
    pub(crate) async fn close(&self) {
        let mut jobs = std::mem::take(&mut *self.running_jobs());
        jobs.shutdown().await;
        if tokio::time::timeout(CLOSING, self.warehouse.close()).await.is_err() {
            tracing::info!("pushed rows stay in the write-ahead log");
        }
        self.catalogue.close().await;
    }
}

/// Removes the files of sources that are no more, and uploads that were cut short.
fn remove_unknown(uploads: &Path, sources: &[Uuid]) -> std::io::Result<()> {
    for entry in std::fs::read_dir(uploads)? {
        let entry = entry?;
        let uuid = entry.file_name().to_str().and_then(|name| Uuid::parse_str(name).ok());
        if !uuid.is_some_and(|uuid| sources.contains(&uuid)) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Holds a data folder for one engine.
#[derive(Debug)]
pub(crate) struct FolderLock {
    file: File,
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // A process that is being started may have the file open for a moment, and would keep the lock.
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the data folder was not unlocked");
        }
    }
}

impl FolderLock {
    /// Takes a folder, which is made if it does not exist.
    pub(crate) fn take(folder: &Path) -> Result<FolderLock, Error> {
        let shown = folder.display();
        std::fs::create_dir_all(folder).context(&format!("the data folder {shown} could not be made"))?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("lock"))
            .context(&format!("the data folder {shown} could not be opened"))?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock { file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(Error::new(
                Kind::Locked,
                format!(
                    "the data folder {shown} is in use by another engine: stop it, talk to it over HTTP, or take another \
                     folder"
                ),
            )),
            Err(std::fs::TryLockError::Error(error)) => {
                Err(error).context(&format!("the data folder {shown} could not be locked"))
            }
        }
    }
}

/// Engines for the tests of what is not reached over HTTP.
#[cfg(test)]
pub(crate) mod test {
    use tempfile::TempDir;

    use super::*;

    /// An engine with the key `key`, on a folder of its own.
    pub(crate) async fn engine() -> (Arc<Engine>, TempDir) {
        let keys = vec![(Account::DEFAULT.to_owned(), "key".to_owned())];
        engine_for(Credentials { keys, users: Vec::new() }).await
    }

    /// An engine with these keys and users, on a folder of its own.
    pub(crate) async fn engine_for(credentials: Credentials) -> (Arc<Engine>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            folder: folder.path().to_owned(),
            credentials,
            queries: QueryLimits { memory: 256 << 20, time: Duration::from_secs(60), at_once: 4 },
            upload_limit: 1 << 20,
            scripts: ScriptSettings::default(),
            mails: MailSettings::default(),
            data_api: DataApi::default(),
            python: Python::default(),
            sign_uploads: false,
            link_ttl: Duration::from_secs(60),
            s3_endpoint: None,
            patience: Duration::from_secs(10),
        };
        (Arc::new(Engine::open(settings, "http://127.0.0.1:1", crate::api::BODY_MEMORY).await.unwrap()), folder)
    }
}
