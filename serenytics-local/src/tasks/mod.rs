//! Tasks: work that a request starts and that continues after the response. Clients read their state by uuid.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serenytics_engine::Loaded;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::access::Account;
use crate::base::{Error, Metrics, catch_panic, run_to_completion};
use crate::catalogue::Catalogue;

/// Runs background work until the server shuts down.
pub(crate) struct Tasks {
    catalogue: Catalogue,
    metrics: Arc<Metrics>,
    running: Mutex<JoinSet<()>>,
}

impl Tasks {
    /// Creates a service without running work. Tasks that an earlier process did not finish have failed.
    pub(crate) async fn open(catalogue: Catalogue, metrics: Arc<Metrics>) -> Result<Tasks, Error> {
        catalogue.tidy_tasks().await?;
        Ok(Tasks { catalogue, metrics, running: Mutex::default() })
    }

    /// Starts a task, and returns its uuid, by which clients read its state. The job also receives the uuid.
    pub(crate) async fn begin<J>(
        self: &Arc<Self>,
        account: &Account,
        job: impl FnOnce(Uuid) -> J + Send + 'static,
    ) -> Result<Uuid, Error>
    where
        J: Future<Output = Result<Loaded, Error>> + Send + 'static,
    {
        let (tasks, account) = (Arc::clone(self), account.clone());
        // A recorded task must start, or it would be pending forever.
        run_to_completion(async move {
            let task = tasks.catalogue.insert_task(&account).await?;
            let running = Arc::clone(&tasks);
            tasks.spawn(async move {
                let result = catch_panic(&running.metrics, "this task", async { job(task).await }).await;
                if let Err(error) = running.catalogue.end_task(task, &result).await {
                    tracing::error!(%task, %error, "could not record the result of a task");
                }
            });
            Ok(task)
        })
        .await
    }

    /// Spawns work that has no uuid. Shutdown cancels it after the shutdown timeout.
    pub(crate) fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.running();
        while running.try_join_next().is_some() {}
        running.spawn(job);
    }

    /// Waits until all work is done.
    pub(crate) async fn finish(&self) {
        // Dropping this future must keep the jobs, so that they can be cancelled.
        loop {
            let next = poll_fn(|context| self.running().poll_join_next(context));
            if next.await.is_none() {
                return;
            }
        }
    }

    /// Cancels all work, and returns when it has stopped.
    pub(crate) async fn cancel(&self) {
        let mut running = std::mem::take(&mut *self.running());
        running.shutdown().await;
    }

    fn running(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;
    use crate::catalogue::TaskState;
    use crate::platform::test::platform;

    #[tokio::test]
    async fn task_that_panics_has_failed() {
        let (platform, _folder) = platform().await;
        let tasks: Arc<Tasks> = platform.get();
        let account = Account::default_account();
        let task = tasks.begin(&account, async |_| panic!("a secret cell")).await.unwrap();
        tasks.finish().await;
        let message = "internal error while processing this task; see the server log";
        let state = tasks.catalogue.task(&account, task).await.unwrap().unwrap().state;
        assert_eq!(state, TaskState::Failed(message.to_owned()));
        assert_eq!(tasks.metrics.panics.get(), 1);
    }

    #[tokio::test]
    async fn task_starts_even_if_the_client_disconnects() {
        let (platform, _folder) = platform().await;
        let tasks: Arc<Tasks> = platform.get();
        let (began, begins) = oneshot::channel();
        let job = async move |_| {
            began.send(()).unwrap();
            Ok(Loaded::default())
        };
        let account = Account::default_account();
        let begin = tasks.begin(&account, job);
        assert!(tokio::time::timeout(Duration::ZERO, begin).await.is_err(), "the task was recorded without waiting");
        begins.await.unwrap();
    }
}
