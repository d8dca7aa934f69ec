//! The engine: everything that the requests share.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::access::Access;
use crate::catalogue::{Catalogue, STORAGE, Source};
use crate::data_api::DataApi;
use crate::error::{Context, Error, Kind};
use crate::join::{Joined, joined};
use crate::load::reload;
use crate::mail::{MailSettings, Mails};
use crate::query::{Input, Queries};
use crate::script::{ScriptSettings, Scripts};
use crate::storage::Storages;
use crate::web_app::EmbedKey;

/// How many loads run at the same time; the others wait.
const LOADS: usize = 4;

/// What the caller of a server decides. It holds secrets, and so cannot be printed.
#[derive(Clone)]
pub(crate) struct Settings {
    /// The data folder.
    pub(crate) folder: PathBuf,
    /// The API keys.
    pub(crate) keys: Vec<String>,
    /// The login and password of the user who can make API keys.
    pub(crate) user: Option<(String, String)>,
    /// How many bytes all queries take between them.
    pub(crate) query_memory: usize,
    /// How many bytes an uploaded file has at most.
    pub(crate) upload_limit: u64,
    /// How scripts are run.
    pub(crate) scripts: ScriptSettings,
    /// How mails are sent.
    pub(crate) mails: MailSettings,
    /// Who reads what by the data API.
    pub(crate) data_api: DataApi,
}

/// The engine.
pub(crate) struct Engine {
    pub(crate) catalogue: Catalogue,
    pub(crate) storages: Storages,
    pub(crate) queries: Queries,
    pub(crate) access: Access,
    pub(crate) scripts: Scripts,
    pub(crate) mails: Mails,
    pub(crate) data_api: DataApi,
    /// Signs links to web apps.
    pub(crate) embed_key: EmbedKey,
    /// The URL of the API, as this machine reaches it.
    pub(crate) url: String,
    pub(crate) upload_limit: u64,
    /// Pays for the bodies that are held in memory, a permit a KiB.
    pub(crate) body_memory: Arc<Semaphore>,
    uploads: PathBuf,
    loads: Arc<Semaphore>,
    jobs: Mutex<JoinSet<()>>,
}

impl Engine {
    /// Opens a data folder, which is made if it does not exist, for an API at this URL.
    pub(crate) async fn open(settings: Settings, url: &str, body_memory: usize) -> Result<Engine, Error> {
        const CONTEXT: &str = "the data folder could not be opened";
        let folder = settings.folder.canonicalize().context(CONTEXT)?;
        let catalogue = Catalogue::open(&folder.join("catalogue.sqlite")).await?;
        catalogue.tidy_tasks().await?;
        catalogue.tidy_runs().await?;
        let scripts = Scripts::open(settings.scripts, folder.join("scripts"), url.to_owned()).await?;
        let sources: Vec<Uuid> = catalogue.sources(None).await?.into_iter().map(|source| source.uuid).collect();
        let storages = Storages::open(folder.join("storages"), &sources)?;
        let spill = folder.join("spill");
        if spill.exists() {
            // Left behind by an engine that was killed.
            std::fs::remove_dir_all(&spill).context(CONTEXT)?;
        }
        let queries = Queries::new(settings.query_memory, &spill)?;
        let uploads = folder.join("uploads");
        std::fs::create_dir_all(&uploads).context(CONTEXT)?;
        remove_unknown(&uploads, &sources).context(CONTEXT)?;
        let mails = Mails::open(settings.mails, &folder)?;
        let embed_key = EmbedKey::new(catalogue.secret("embed links").await?);
        let digests = catalogue.keys().await?;
        let access = tokio::task::spawn_blocking(move || Access::new(&settings.keys, &digests, settings.user));
        Ok(Engine {
            catalogue,
            storages,
            queries,
            access: access.await.context(CONTEXT)??,
            scripts,
            mails,
            data_api: settings.data_api,
            embed_key,
            url: url.to_owned(),
            upload_limit: settings.upload_limit,
            body_memory: Arc::new(Semaphore::new(body_memory / 1024)),
            uploads,
            loads: Arc::new(Semaphore::new(LOADS)),
            jobs: Mutex::default(),
        })
    }

    /// The source with this uuid.
    pub(crate) async fn source(&self, uuid: &str) -> Result<Source, Error> {
        let unknown = || Engine::unknown_source(uuid);
        let parsed = Uuid::parse_str(uuid).map_err(|_| unknown())?;
        self.catalogue.source(parsed).await?.ok_or_else(unknown)
    }

    /// The error of a uuid that no source has.
    pub(crate) fn unknown_source(uuid: &str) -> Error {
        Error::not_found(format!("there is no data source with uuid {uuid:?}"))
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
            let part = self.catalogue.source(uuid).await?.ok_or_else(|| refused("which does not exist"))?;
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
        let engine = Arc::clone(self);
        self.begin_task(async move |_| {
            let result = engine.run_reload(&source).await;
            if let Err(error) = &result {
                tracing::info!(source = %source.uuid, %error, "a load failed");
            }
            result
        })
        .await
    }

    /// Begins something that clients ask about until it is done, and that is given the task's uuid, which is returned.
    pub(crate) async fn begin_task<J>(
        self: &Arc<Self>,
        job: impl FnOnce(Uuid) -> J + Send + 'static,
    ) -> Result<Uuid, Error>
    where
        J: Future<Output = Result<u64, Error>> + Send + 'static,
    {
        let task = self.catalogue.insert_task().await?;
        let engine = Arc::clone(self);
        self.spawn(async move {
            let result = job(task).await;
            if let Err(error) = engine.catalogue.end_task(task, &result).await {
                tracing::error!(%task, %error, "the end of a task was not written down");
            }
        });
        Ok(task)
    }

    /// Does something beside the requests. It is cut when the engine stops.
    pub(crate) fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        while jobs.try_join_next().is_some() {}
        jobs.spawn(job);
    }

    async fn run_reload(&self, source: &Source) -> Result<u64, Error> {
        let _load = self.loads.acquire().await.context("the engine stops")?;
        if self.catalogue.source(source.uuid).await?.is_none() {
            return Err(Error::not_found("the data source was deleted meanwhile"));
        }
        let storage = self.storages.get(source.uuid).await?;
        reload(&storage, source, &self.attached_file(source.uuid)).await
    }

    /// Cuts the jobs that still run, and closes the catalogue.
    pub(crate) async fn close(&self) {
        let mut jobs = std::mem::take(&mut *self.jobs.lock().unwrap_or_else(PoisonError::into_inner));
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
