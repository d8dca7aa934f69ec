//! Receiving: files that go to the disk as they come, be it from a client or from S3.

use std::error::Error as StdError;
use std::path::Path;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;

use crate::base::{Context, Error, Kind};
use crate::platform::Engine;

const FAILED: &str = "the received file could not be written";

impl Engine {
    /// Writes what comes to a file, which is removed if that does not come to its end, or with what is returned.
    pub(crate) async fn receive<E: StdError>(
        &self,
        what: &str,
        pieces: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<NamedTempFile, Error> {
        receive(self.uploads(), self.upload_limit, what, pieces).await
    }
}

/// Writes at most `limit` bytes of what comes to a file in a folder.
pub(crate) async fn receive<E: StdError>(
    folder: &Path,
    limit: u64,
    what: &str,
    pieces: impl Stream<Item = Result<Bytes, E>>,
) -> Result<NamedTempFile, Error> {
    let file = NamedTempFile::new_in(folder).context(FAILED)?;
    let mut output = tokio::fs::File::from_std(file.reopen().context(FAILED)?);
    let mut size = 0;
    let mut pieces = std::pin::pin!(pieces);
    let cut = |error| Error::refused(format!("{what} was cut: {error}"));
    while let Some(piece) = pieces.try_next().await.map_err(cut)? {
        size += piece.len() as u64;
        if size > limit {
            let message = format!("the file is larger than {limit} bytes, which is this server's limit");
            return Err(Error::new(Kind::TooLarge, message));
        }
        output.write_all(&piece).await.context(FAILED)?;
    }
    output.flush().await.context(FAILED)?;
    Ok(file)
}
