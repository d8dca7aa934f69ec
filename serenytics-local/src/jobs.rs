//! Jobs: loads and other things that a request begins and that run on when it is answered; a task tells where they are.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, MutexGuard, PoisonError};

use futures_util::{FutureExt, TryStreamExt};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::access::Account;
use crate::api::said;
use crate::catalogue::Source;
use crate::engine::Engine;
use crate::error::{Context, Error, Kind};
use crate::load::{LoadOptions, RowsFile, reload, update};
use crate::metrics::OneMore;
use crate::s3::S3Object;

/// What is loaded, and into the place of what.
pub(crate) enum Load {
    /// The rows of the attached file take the place of all others.
    Reload,
    /// The rows of the attached file take the place of those with the same value of this column.
    Update(String),
    /// The rows of an object of S3, a CSV file that is read as the options say, take the place of all others.
    FromS3(S3Object, LoadOptions),
}

impl Engine {
    /// Begins a load; gives the task's uuid.
    pub(crate) async fn begin_load(self: &Arc<Self>, source: Source, load: Load) -> Result<Uuid, Error> {
        let engine = Arc::clone(self);
        let account = source.account.clone();
        let job = async move |_| {
            let result = AssertUnwindSafe(engine.run_load(&source, load)).catch_unwind().await;
            let result = result.unwrap_or_else(|panic| {
                engine.metrics.panics.inc();
                tracing::error!(panic = said(&*panic), "a load panicked");
                Err(Error::new(Kind::Failed, "the server failed on this file, which is a mistake of ours"))
            });
            engine.metrics.load(result.as_ref().ok().copied());
            if let Err(error) = &result {
                tracing::info!(source = %source.uuid, %error, "a load failed");
            }
            result
        };
        self.begin_task(&account, job).await
    }

    /// Begins something that clients ask about until it is done, and that is given the task's uuid, which is returned.
    pub(crate) async fn begin_task<J>(
        self: &Arc<Self>,
        account: &Account,
        job: impl FnOnce(Uuid) -> J + Send + 'static,
    ) -> Result<Uuid, Error>
    where
        J: Future<Output = Result<u64, Error>> + Send + 'static,
    {
        let task = self.catalogue.insert_task(account).await?;
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
        let mut jobs = self.running_jobs();
        while jobs.try_join_next().is_some() {}
        jobs.spawn(job);
    }

    async fn run_load(&self, source: &Source, load: Load) -> Result<u64, Error> {
        let _load = self.loads.acquire().await.context("the engine stops")?;
        let _running = OneMore::of(&self.metrics.loads_running);
        if self.catalogue.source(&source.account, source.uuid).await?.is_none() {
            return Err(Error::not_found("the data source was deleted meanwhile"));
        }
        let storage = self.storages.get(source.uuid).await?;
        let attached = || RowsFile::attached(source, &self.attached_file(source.uuid), &self.python);
        match load {
            Load::Reload => reload(&storage, attached()?).await,
            Load::Update(key) => update(&storage, &self.queries, attached()?, &key).await,
            Load::FromS3(object, options) => {
                let pieces = self.s3.read(&object).await?;
                let received = self.receive("the object of S3", pieces.map_err(reqwest::Error::without_url)).await?;
                let file = received.reopen().context("the received file could not be read")?;
                reload(&storage, RowsFile::csv(file, options)).await
            }
        }
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

    /// The jobs that run.
    pub(crate) fn running_jobs(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
