//! The engine: everything that the requests share.

use std::fs::File;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::access::{Access, Account, Credentials, same_secret};
use crate::api::{Health, said};
use crate::catalogue::{Catalogue, STORAGE, Source};
use crate::error::{Context, Error, Kind};
use crate::join::{Joined, joined};
use crate::load::reload;
use crate::metrics::{Metrics, OneMore};
use crate::query::{Input, Queries, QueryLimits};
use crate::storage::Storages;

/// How many loads run at the same time; the others wait.
const LOADS: usize = 4;

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
    /// How long a client may keep the server waiting.
    pub(crate) patience: Duration,
}

/// The engine.
pub(crate) struct Engine {
    pub(crate) catalogue: Catalogue,
    pub(crate) storages: Storages,
    pub(crate) queries: Queries,
    pub(crate) access: Access,
    pub(crate) upload_limit: u64,
    pub(crate) patience: Duration,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Health,
    /// Pays for the bodies that are held in memory, a permit a KiB.
    pub(crate) body_memory: Arc<Semaphore>,
    uploads: PathBuf,
    /// One password at a time is hashed, since that takes memory.
    pub(crate) logins: Semaphore,
    loads: Arc<Semaphore>,
    jobs: Mutex<JoinSet<()>>,
}

impl Engine {
    /// Opens a data folder, which is made if it does not exist.
    pub(crate) async fn open(settings: Settings, body_memory: usize) -> Result<Engine, Error> {
        const CONTEXT: &str = "the data folder could not be opened";
        let folder = settings.folder.canonicalize().context(CONTEXT)?;
        let catalogue = Catalogue::open(&folder.join("catalogue.sqlite")).await?;
        catalogue.tidy_tasks().await?;
        let sources = catalogue.all_sources().await?;
        let storages = Storages::open(folder.join("storages"), &sources)?;
        let spill = folder.join("spill");
        if spill.exists() {
            // Left behind by an engine that was killed.
            std::fs::remove_dir_all(&spill).context(CONTEXT)?;
        }
        let metrics = Arc::new(Metrics::new(settings.queries.memory));
        let queries = Queries::new(settings.queries, &spill, &metrics)?;
        let uploads = folder.join("uploads");
        std::fs::create_dir_all(&uploads).context(CONTEXT)?;
        remove_unknown(&uploads, &sources).context(CONTEXT)?;
        let digests = catalogue.keys().await?;
        let access = tokio::task::spawn_blocking(move || Access::new(&settings.credentials, &digests));
        Ok(Engine {
            catalogue,
            storages,
            queries,
            access: access.await.context(CONTEXT)??,
            upload_limit: settings.upload_limit,
            patience: settings.patience,
            metrics,
            health: Health::default(),
            body_memory: Arc::new(Semaphore::new(body_memory / 1024)),
            uploads,
            logins: Semaphore::new(1),
            loads: Arc::new(Semaphore::new(LOADS)),
            jobs: Mutex::default(),
        })
    }

    /// The account's source with this uuid. One of another account is as unknown as one that does not exist.
    pub(crate) async fn source(&self, account: &Account, uuid: &str) -> Result<Source, Error> {
        let unknown = || Error::not_found(format!("there is no data source with uuid {uuid:?}"));
        let parsed = Uuid::parse_str(uuid).map_err(|_| unknown())?;
        self.catalogue.source(account, parsed).await?.ok_or_else(unknown)
    }

    /// The source with this uuid and this push token, whosesoever it is.
    pub(crate) async fn pushed_source(&self, uuid: &str, token: &str) -> Result<Source, Error> {
        // An unknown source and a wrong token get the same answer: who has no token learns nothing.
        let refused = || Error::new(Kind::Unauthorized, "the token in the path is not the data source's");
        let parsed = Uuid::parse_str(uuid).map_err(|_| refused())?;
        let source = self.catalogue.anyones_source(parsed).await?.ok_or_else(refused)?;
        if same_secret(token, &source.token) { Ok(source) } else { Err(refused()) }
    }

    /// What a query over a source reads.
    pub(crate) async fn input(&self, source: Source) -> Result<Input, Error> {
        if !source.is_join() {
            let snapshot = self.storages.get(source.uuid).await?.snapshot();
            return Ok(Input::storage(source.name, source.json_content, snapshot));
        }
        let mut parts = Vec::new();
        for Joined { uuid, keys } in joined(&source)? {
            let refused = |why| Error::refused(format!("the join `{}` joins the source {uuid}, {why}", source.name));
            let part =
                self.catalogue.source(&source.account, uuid).await?.ok_or_else(|| refused("which does not exist"))?;
            if part.kind != STORAGE {
                return Err(refused("which is no storage"));
            }
            parts.push((uuid, keys, self.storages.get(uuid).await?.snapshot()));
        }
        Input::join(source.name, source.json_content, parts)
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
        self.storages.remove(uuid).await?;
        let file = self.attached_file(uuid);
        if file.exists() {
            std::fs::remove_file(file).context("the attached file could not be removed")?;
        }
        Ok(existed)
    }

    /// Begins to load the file that is attached to a source; gives the task's uuid.
    pub(crate) async fn begin_reload(self: &Arc<Self>, source: Source) -> Result<Uuid, Error> {
        let task = self.catalogue.insert_task(&source.account).await?;
        let engine = Arc::clone(self);
        let job = async move {
            let result = AssertUnwindSafe(engine.run_reload(&source)).catch_unwind().await;
            let result = result.unwrap_or_else(|panic| {
                engine.metrics.panics.inc();
                tracing::error!(panic = said(&*panic), "a load panicked");
                Err(Error::new(Kind::Failed, "the server failed on this file, which is a mistake of ours"))
            });
            engine.metrics.load(result.as_ref().ok().copied());
            if let Err(error) = &result {
                tracing::info!(source = %source.uuid, %error, "a load failed");
            }
            if let Err(error) = engine.catalogue.end_task(task, &result).await {
                tracing::error!(%task, %error, "the end of a task was not written down");
            }
        };
        let mut jobs = self.running_jobs();
        while jobs.try_join_next().is_some() {}
        jobs.spawn(job);
        Ok(task)
    }

    async fn run_reload(&self, source: &Source) -> Result<u64, Error> {
        let _load = self.loads.acquire().await.context("the engine stops")?;
        let _running = OneMore::of(&self.metrics.loads_running);
        if self.catalogue.source(&source.account, source.uuid).await?.is_none() {
            return Err(Error::not_found("the data source was deleted meanwhile"));
        }
        let storage = self.storages.get(source.uuid).await?;
        reload(&storage, source, &self.attached_file(source.uuid)).await
    }

    /// Waits until the jobs that run are done.
    pub(crate) async fn finish_jobs(&self) {
        // They can still be cut when this is dropped half-way.
        loop {
            let next = poll_fn(|context| self.running_jobs().poll_join_next(context));
            if next.await.is_none() {
                return;
            }
        }
    }

    fn running_jobs(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cuts the jobs that still run, and closes the catalogue.
    pub(crate) async fn close(&self) {
        let mut jobs = std::mem::take(&mut *self.running_jobs());
        jobs.shutdown().await;
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
    _file: File,
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
            Ok(()) => Ok(FolderLock { _file: file }),
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
        let folder = tempfile::tempdir().unwrap();
        let credentials =
            Credentials { keys: vec![(Account::DEFAULT.to_owned(), "key".to_owned())], users: Vec::new() };
        let settings = Settings {
            folder: folder.path().to_owned(),
            credentials,
            queries: QueryLimits { memory: 256 << 20, time: Duration::from_secs(60), at_once: 4 },
            upload_limit: 1 << 20,
            patience: Duration::from_secs(10),
        };
        (Arc::new(Engine::open(settings, crate::api::BODY_MEMORY).await.unwrap()), folder)
    }
}
