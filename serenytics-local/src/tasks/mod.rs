//! Jobs: loads and other things that a request begins and that run on when it is answered; a task tells where they are.

use std::any::Any;
use std::fs::File;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::Path;
use std::sync::{Arc, MutexGuard, PoisonError};

use futures_util::{FutureExt, TryStreamExt};
use serenytics_engine::{LoadOptions, Python, RowsFile};
use tokio::task::{JoinError, JoinSet};
use uuid::Uuid;

use crate::access::Account;
use crate::base::OneMore;
use crate::base::{Context, Error, Kind};
use crate::catalogue::{Source, load_options};
use crate::loads::S3Object;
use crate::platform::Engine;

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
            let result = engine.caught("this load", engine.run_load(&source, load)).await;
            engine.metrics.load(result.as_ref().ok().copied());
            // What is told of a file's mistakes may have cells in it, which are for the task alone.
            if let Err(error) = &result {
                tracing::info!(source = %source.uuid, kind = ?error.kind(), "a load failed: its task tells why");
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
        let (engine, account) = (Arc::clone(self), account.clone());
        // A task that was written down is begun, or it would wait for ever.
        to_the_end(async move {
            let task = engine.catalogue.insert_task(&account).await?;
            let running = Arc::clone(&engine);
            engine.spawn(async move {
                let result = running.caught("this task", async { job(task).await }).await;
                if let Err(error) = running.catalogue.end_task(task, &result).await {
                    tracing::error!(%task, %error, "could not record the result of a task");
                }
            });
            Ok(task)
        })
        .await
    }

    /// Runs work and turns a panic into an error. The panic is counted, and its message goes to the log, not to the client.
    pub(crate) async fn caught<T>(&self, what: &str, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
            self.metrics.panics.inc();
            tracing::error!(panic = said(&*panic), "{what} panicked");
            let message = format!("internal error while processing {what}; see the server log");
            Err(Error::new(Kind::Failed, message))
        })
    }

    /// Spawns a background job. Shutdown cancels it after the shutdown timeout.
    pub(crate) fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        let mut jobs = self.running_jobs();
        while jobs.try_join_next().is_some() {}
        jobs.spawn(job);
    }

    async fn run_load(&self, source: &Source, load: Load) -> Result<u64, Error> {
        let _load = self.loads.acquire().await.map_err(|_| Error::shutting_down())?;
        let _running = OneMore::of(&self.metrics.loads_running);
        if self.catalogue.source(&source.account, source.uuid).await?.is_none() {
            return Err(Error::not_found("the data source was deleted in the meantime"));
        }
        let table = self.warehouse.table(source.uuid).await?;
        let attached = || attached_rows(source, &self.attached_file(source.uuid), &self.python);
        match load {
            Load::Reload => Ok(table.reload(attached()?).await?),
            Load::Update(key) => Ok(table.update(attached()?, &key).await?),
            Load::FromS3(object, options) => {
                let pieces = self.s3.read(&object).await?;
                let received = self.receive("the object of S3", pieces.map_err(reqwest::Error::without_url)).await?;
                let file = received.reopen().context("could not read the received file")?;
                Ok(table.reload(RowsFile::csv(file, options)).await?)
            }
        }
    }

    /// Waits until all background jobs are done.
    pub(crate) async fn finish_jobs(&self) {
        // Dropping this future must keep the jobs, so that they can be cancelled.
        loop {
            let next = poll_fn(|context| self.running_jobs().poll_join_next(context));
            if next.await.is_none() {
                return;
            }
        }
    }

    /// Returns the running jobs.
    pub(crate) fn running_jobs(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the file that is attached to a source. The source's file name decides its format.
pub(crate) fn attached_rows(source: &Source, file: &Path, python: &Python) -> Result<RowsFile, Error> {
    let name = source.original_file_name.as_deref().unwrap_or_default().to_lowercase();
    let is_csv = name.ends_with(".csv") || name.ends_with(".csv.gz");
    if !is_csv && !name.ends_with("pickle") {
        return Err(Error::refused(format!(
            "originalFileName is {name:?} and has to end in .csv, .csv.gz or .pd025_pickle"
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

/// Does something to its end, even if its caller, such as a request whose client leaves, is dropped meanwhile.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    joined(tokio::spawn(work).await)
}

/// What work in another task or thread came to. Its panic falls into the caller's net, which tells nobody what it says.
pub(crate) fn joined<T>(ended: Result<Result<T, Error>, JoinError>) -> Result<T, Error> {
    ended.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(error) => Err(Error::failed("the request was cut", error)),
    })
}

/// What a panic says.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("nothing that can be shown")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;
    use crate::catalogue::TaskState;
    use crate::platform::test::engine;

    #[tokio::test]
    async fn a_task_that_panics_ends() {
        let (engine, _folder) = engine().await;
        let account = Account::default_account();
        let task = engine.begin_task(&account, async |_| panic!("a cell of somebody's")).await.unwrap();
        engine.finish_jobs().await;
        let told = "internal error while processing this task; see the server log";
        let state = engine.catalogue.task(&account, task).await.unwrap().unwrap().state;
        assert_eq!(state, TaskState::Failed(told.to_owned()));
        assert_eq!(engine.metrics.panics.get(), 1);
    }

    #[tokio::test]
    async fn a_task_begins_also_when_its_client_leaves() {
        let (engine, _folder) = engine().await;
        let (began, begins) = oneshot::channel();
        let job = async move |_| {
            began.send(()).unwrap();
            Ok(0)
        };
        let account = Account::default_account();
        let begin = engine.begin_task(&account, job);
        assert!(tokio::time::timeout(Duration::ZERO, begin).await.is_err(), "the task was written down in no time");
        begins.await.unwrap();
    }
}
