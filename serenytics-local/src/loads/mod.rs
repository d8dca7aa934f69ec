//! Loads: tasks that fill a storage from its attached file or from S3.

mod s3;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use futures_util::TryStreamExt;
use serenytics_engine::{LoadOptions, Loaded, Python, RowsFile};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::base::{Context, Error, Metrics, OneMore, Uploads, catch_panic};
use crate::catalogue::{Source, load_options};
use crate::sources::Sources;
use crate::tasks::Tasks;
use s3::S3;
pub(crate) use s3::S3Object;

/// Number of loads that run at the same time; more loads wait.
const MAX_CONCURRENT: usize = 4;

/// A load of a storage.
pub(crate) enum Load {
    /// The rows of the attached file replace all rows.
    Reload,
    /// The rows of the attached file replace the rows with the same value in this column.
    Update(String),
    /// The rows of a CSV file in S3 replace all rows.
    FromS3(S3Object, LoadOptions),
}

/// Loads files into storages.
pub(crate) struct Loads {
    sources: Arc<Sources>,
    tasks: Arc<Tasks>,
    uploads: Arc<Uploads>,
    metrics: Arc<Metrics>,
    python: Python,
    s3: S3,
    slots: Semaphore,
}

impl Loads {
    /// Creates the service. `python` reads data frames; `s3_endpoint` is AWS if it is `None`.
    pub(crate) fn new(
        sources: Arc<Sources>,
        tasks: Arc<Tasks>,
        uploads: Arc<Uploads>,
        metrics: Arc<Metrics>,
        python: Python,
        s3_endpoint: Option<&str>,
    ) -> Result<Loads, Error> {
        let (s3, slots) = (S3::new(s3_endpoint)?, Semaphore::new(MAX_CONCURRENT));
        Ok(Loads { sources, tasks, uploads, metrics, python, s3, slots })
    }

    /// Starts a load, and returns the uuid of its task.
    pub(crate) async fn begin(self: &Arc<Self>, source: Source, load: Load) -> Result<Uuid, Error> {
        let loads = Arc::clone(self);
        let account = source.account.clone();
        let job = async move |_| {
            let result = catch_panic(&loads.metrics, "this load", loads.run(&source, load)).await;
            loads.metrics.load(result.as_ref().ok().map(|loaded| loaded.rows));
            // The message may contain cells of the file, so it goes only to the task.
            if let Err(error) = &result {
                tracing::info!(source = %source.uuid, kind = ?error.kind(), "a load failed; its task has the error");
            }
            result
        };
        self.tasks.begin(&account, job).await
    }

    async fn run(&self, source: &Source, load: Load) -> Result<Loaded, Error> {
        let _slot = self.slots.acquire().await.map_err(|_| Error::shutting_down())?;
        let _running = OneMore::of(&self.metrics.loads_running);
        if !self.sources.exists(source).await? {
            return Err(Error::not_found("the data source was deleted in the meantime"));
        }
        let attached = || attached_rows(source, &self.uploads.file(source.uuid), &self.python);
        match load {
            Load::Reload => self.sources.reload(source, attached()?).await,
            Load::Update(key) => self.sources.update(source, attached()?, &key).await,
            Load::FromS3(object, options) => {
                let chunks = self.s3.read(&object).await?.map_err(reqwest::Error::without_url);
                let received = self.uploads.receive("the download from S3", chunks).await?;
                let file = received.reopen().context("could not read the received file")?;
                self.sources.reload(source, RowsFile::csv(file, options)).await
            }
        }
    }
}

/// Opens the file that is attached to a source. The source's file name decides its format.
pub(crate) fn attached_rows(source: &Source, file: &Path, python: &Python) -> Result<RowsFile, Error> {
    let name = source.original_file_name.as_deref().unwrap_or_default().to_lowercase();
    let is_csv = name.ends_with(".csv") || name.ends_with(".csv.gz");
    if !is_csv && !name.ends_with("pickle") {
        return Err(Error::refused(format!(
            "invalid originalFileName {name:?}: expected a name that ends in .csv, .csv.gz or .pd025_pickle"
        )));
    }
    let options = load_options(source)?;
    let file =
        File::open(file).map_err(|_| Error::refused("no file was uploaded to the source: upload one, then load it"))?;
    Ok(match is_csv {
        true => RowsFile::csv(file, options),
        false => RowsFile::data_frame(file, options.forced, python.clone()),
    })
}
