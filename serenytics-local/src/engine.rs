//! The engine: everything that the requests share.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::access::Access;
use crate::catalogue::{Catalogue, STORAGE, Source};
use crate::error::{Context, Error, Kind};
use crate::join::joined;
use crate::links::Links;
use crate::load::Python;
use crate::query::{Input, Queries};
use crate::s3::S3;
use crate::storage::Storages;

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
    /// What reads data frames.
    pub(crate) python: Python,
    /// The URL of the server that objects of S3 are read from; AWS if there is none.
    pub(crate) s3_endpoint: Option<String>,
    /// Whether files are uploaded by signed links.
    pub(crate) sign_uploads: bool,
    /// How long links are good for.
    pub(crate) link_life: Duration,
}

/// The engine.
pub(crate) struct Engine {
    pub(crate) catalogue: Catalogue,
    pub(crate) storages: Storages,
    pub(crate) queries: Queries,
    pub(crate) access: Access,
    pub(crate) upload_limit: u64,
    /// Pays for the bodies that are held in memory, a permit a KiB.
    pub(crate) body_memory: Arc<Semaphore>,
    pub(crate) python: Python,
    pub(crate) s3: S3,
    pub(crate) links: Links,
    pub(crate) sign_uploads: bool,
    uploads: PathBuf,
    pub(crate) loads: Arc<Semaphore>,
    pub(crate) jobs: Mutex<JoinSet<()>>,
}

impl Engine {
    /// Opens a data folder, which is made if it does not exist.
    pub(crate) async fn open(settings: Settings, body_memory: usize) -> Result<Engine, Error> {
        const CONTEXT: &str = "the data folder could not be opened";
        let folder = settings.folder.canonicalize().context(CONTEXT)?;
        let catalogue = Catalogue::open(&folder.join("catalogue.sqlite")).await?;
        catalogue.tidy_tasks().await?;
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
        let digests = catalogue.keys().await?;
        let (keys, user) = (settings.keys, settings.user);
        let access = tokio::task::spawn_blocking(move || Access::new(&keys, &digests, user));
        Ok(Engine {
            catalogue,
            storages,
            queries,
            access: access.await.context(CONTEXT)??,
            upload_limit: settings.upload_limit,
            body_memory: Arc::new(Semaphore::new(body_memory / 1024)),
            python: settings.python,
            s3: S3::new(settings.s3_endpoint.as_deref())?,
            links: Links::new(settings.link_life),
            sign_uploads: settings.sign_uploads,
            uploads,
            loads: Arc::new(Semaphore::new(LOADS)),
            jobs: Mutex::default(),
        })
    }

    /// The source with this uuid.
    pub(crate) async fn source(&self, uuid: &str) -> Result<Source, Error> {
        let unknown = || Error::not_found(format!("there is no data source with uuid {uuid:?}"));
        let parsed = Uuid::parse_str(uuid).map_err(|_| unknown())?;
        self.catalogue.source(parsed).await?.ok_or_else(unknown)
    }

    /// What a query over a source reads.
    pub(crate) async fn input(&self, source: Source) -> Result<Input, Error> {
        if !source.is_join() {
            let snapshot = self.storages.get(source.uuid).await?.snapshot();
            return Ok(Input::storage(source.name, source.json_content, snapshot));
        }
        let mut parts = Vec::new();
        for joined in joined(&source)? {
            let uuid = joined.uuid;
            let refused = |why| Error::refused(format!("the join `{}` joins the source {uuid}, {why}", source.name));
            let part = self.catalogue.source(uuid).await?.ok_or_else(|| refused("which does not exist"))?;
            if part.kind != STORAGE {
                return Err(refused("which is no storage"));
            }
            parts.push((joined, self.storages.get(uuid).await?.snapshot()));
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
