//! Uploaded files: they are written to the disk while they arrive, from a client or from S3.

use std::error::Error as StdError;
use std::io::Write;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use crate::base::{Context, Error, Kind};

const KEEP_FAILED: &str = "could not write the uploaded file";
const FAILED: &str = "could not write the received file";

/// The size in bytes of the file that [`Uploads::check`] writes: about that of a small batch or a merge of pushes.
const CHECKED_SIZE: usize = 1024 * 1024;

/// The files that are attached to sources.
pub(crate) struct Uploads {
    folder: PathBuf,
    limit: u64,
}

impl Uploads {
    /// Opens a folder of files with at most `limit` bytes each, and removes interrupted uploads.
    pub(crate) fn open(folder: PathBuf, limit: u64) -> Result<Uploads, Error> {
        const CONTEXT: &str = "could not open the data folder";
        std::fs::create_dir_all(&folder).context(CONTEXT)?;
        remove_interrupted(&folder).context(CONTEXT)?;
        Ok(Uploads { folder, limit })
    }

    /// Returns the path of the file of a source.
    pub(crate) fn file(&self, source: Uuid) -> PathBuf {
        self.folder.join(source.to_string())
    }

    /// Returns the maximum size of a file in bytes.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Writes a stream to a temporary file, which is removed when it is dropped.
    pub(crate) async fn receive<E: StdError>(
        &self,
        what: &str,
        chunks: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<NamedTempFile, Error> {
        receive(&self.folder, self.limit, what, chunks).await
    }

    /// Checks that files can be written, and that the disk has room for small ones. This blocks.
    pub(crate) fn check(&self) -> std::io::Result<()> {
        let mut file = temporary_file(&self.folder)?;
        file.write_all(&vec![1; CHECKED_SIZE])?;
        // Some file systems reserve the space only now.
        file.as_file().sync_data()
    }
}

/// The start of the names of files whose upload has not ended.
const TEMPORARY: &str = ".receiving-";

/// Removes the files of uploads that never ended. Other files may have been restored under a wrong name, so they stay.
fn remove_interrupted(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(TEMPORARY)) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn temporary_file(folder: &Path) -> std::io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)
}

/// Moves a received file to its final path, in the same file system.
pub(crate) async fn keep(file: NamedTempFile, target: PathBuf) -> Result<(), Error> {
    tokio::task::spawn_blocking(move || {
        file.as_file().sync_all().context(KEEP_FAILED)?;
        file.persist(target).context(KEEP_FAILED)
    })
    .await
    .context(KEEP_FAILED)?
    .map(|_| ())
}

/// Writes a stream of at most `limit` bytes to a temporary file in a folder.
pub(crate) async fn receive<E: StdError>(
    folder: &Path,
    limit: u64,
    what: &str,
    chunks: impl Stream<Item = Result<Bytes, E>>,
) -> Result<NamedTempFile, Error> {
    let file = temporary_file(folder).context(FAILED)?;
    let mut output = tokio::fs::File::from_std(file.reopen().context(FAILED)?);
    let mut size = 0;
    let mut chunks = std::pin::pin!(chunks);
    let interrupted = |error| Error::refused(format!("{what} was interrupted: {error}"));
    while let Some(chunk) = chunks.try_next().await.map_err(interrupted)? {
        size += chunk.len() as u64;
        if size > limit {
            let message = format!("the file is larger than the limit of {limit} bytes");
            return Err(Error::new(Kind::TooLarge, message));
        }
        output.write_all(&chunk).await.context(FAILED)?;
    }
    output.flush().await.context(FAILED)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_removes_only_interrupted_uploads() {
        let folder = tempfile::tempdir().unwrap();
        let (_, interrupted) = temporary_file(folder.path()).unwrap().keep().unwrap();
        let uuid = Uuid::from_u128(7).to_string();
        let others = [uuid.clone(), format!("{uuid}.1"), "sales.csv".to_owned()].map(|name| folder.path().join(name));
        for file in &others {
            std::fs::write(file, "n\n1\n").unwrap();
        }
        Uploads::open(folder.path().to_owned(), 10).unwrap();
        assert!(!interrupted.exists());
        assert!(others.iter().all(|file| file.exists()));
    }
}
