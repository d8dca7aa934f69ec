//! Failures of queries: a panic becomes an error, and a failure that damaged files may have caused is explained by them.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::{FutureExt, StreamExt};
use tokio::task::spawn_blocking;

use super::ByteStream;
use crate::base::{Context, Error, ErrorKind};
use crate::session::CheckedFile;

/// Runs a query over data files. If it fails or panics, the files are verified, and damage is reported instead.
pub(super) async fn explained(
    files: Vec<Arc<CheckedFile>>,
    query: impl Future<Output = Result<ByteStream, Error>>,
) -> Result<ByteStream, Error> {
    let result = AssertUnwindSafe(query).catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic)));
    match result {
        Ok(chunks) => {
            let chunks = AssertUnwindSafe(chunks).catch_unwind();
            Ok(chunks.map(|chunk| chunk.unwrap_or_else(|panic| Err(panicked(&*panic)))).boxed())
        }
        Err(error) if error.kind() == ErrorKind::Failed => {
            const FAILED: &str = "the files of a failed query could not be verified";
            let verified =
                spawn_blocking(move || files.iter().try_for_each(|file| file.verify())).await.context(FAILED)?;
            verified.context(FAILED)?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Makes the error for a panic. The message of the panic can contain a cell, so only the log of panics has it.
fn panicked(_: &(dyn Any + Send)) -> Error {
    tracing::error!("a query panicked");
    Error::new(ErrorKind::Failed, "an internal error occurred while the query ran; see the log of the server")
}

#[cfg(test)]
mod tests {
    use futures_util::{TryStreamExt, stream};

    use super::*;

    #[tokio::test]
    async fn panic_of_a_query_is_an_error() {
        let error = explained(Vec::new(), async { panic!("decoder") }).await.map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Failed);
        let chunks = async { Ok(stream::iter([0]).map(|_| panic!("decoder")).boxed()) };
        let error = explained(Vec::new(), chunks).await.unwrap().try_collect::<Vec<_>>().await.unwrap_err();
        assert!(error.to_string().contains("internal error"), "{error}");
    }
}
