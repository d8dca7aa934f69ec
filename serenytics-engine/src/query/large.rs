//! Large queries run on threads of their own: planning a list of 100,000 values takes seconds, and
//! the requests of others would wait for it.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OnceCell, mpsc};
use tokio::task::JoinHandle;

use super::answer::ByteStream;
use crate::base::{Context, Error, join_task};

/// The stack size of a thread. DataFusion visits expressions recursively.
const STACK: usize = 8 * 1024 * 1024;

/// The threads of large queries, which the first one starts.
#[derive(Default)]
pub(super) struct LargeQueries {
    runtime: OnceCell<Runtime>,
}

fn start() -> Result<Runtime, Error> {
    let mut threads = Builder::new_multi_thread();
    threads.enable_all().thread_name("large-queries").thread_stack_size(STACK);
    threads.build().context("could not start the threads of large queries")
}

impl LargeQueries {
    /// Runs a query on the threads of large queries, until its answer is read or dropped. The first
    /// chunk is ready on return.
    pub(super) async fn run(
        &self,
        answer: impl Future<Output = Result<ByteStream, Error>> + Send + 'static,
    ) -> Result<ByteStream, Error> {
        let runtime = self.runtime.get_or_try_init(|| async { start() }).await?;
        let (sender, receiver) = mpsc::channel(1);
        let task = runtime.spawn(async move {
            let mut chunks = answer.await?;
            while let Some(chunk) = chunks.try_next().await? {
                if sender.send(chunk).await.is_err() {
                    break;
                }
            }
            Ok(())
        });
        let mut chunks =
            stream::try_unfold((receiver, Task(task)), |(mut receiver, mut task): (mpsc::Receiver<Bytes>, _)| async {
                match receiver.recv().await {
                    Some(chunk) => Ok(Some((chunk, (receiver, task)))),
                    // An error or a panic of the task must not look like the end of the answer.
                    None => join_task((&mut task.0).await).map(|()| None),
                }
            })
            .boxed();
        let first = stream::iter(chunks.try_next().await?.map(Ok));
        Ok(first.chain(chunks).boxed())
    }
}

impl Drop for LargeQueries {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting for the threads is not possible in an async context. Their queries are cancelled.
            runtime.shutdown_background();
        }
    }
}

/// A task that is cancelled when it is dropped.
struct Task(JoinHandle<Result<(), Error>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
