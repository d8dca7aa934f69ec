//! Exports to a file, which is replaced atomically.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt;
use tracing::{Instrument, debug};

use crate::error::{Error, Kind};
use crate::export::builder::Download;
use crate::export::{Export, ExportFormat};
use crate::io::{Progress, ProgressCallback, TempFile, report};

/// An exported file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// Its path.
    pub path: PathBuf,
    /// Its format.
    pub format: ExportFormat,
    /// Its size in bytes.
    pub bytes: u64,
}

impl Export<'_> {
    /// Exports to a file. The data is written to a temporary file in the same folder, which
    /// replaces `path` once it is complete and on disk. If anything fails, an existing file stays.
    ///
    /// The format is set by [`format`](Self::format) or the file's extension: `.csv`, `.csv.gz` or
    /// `.parquet`. With any other extension the server chooses, and [`Exported::format`] is its
    /// choice.
    ///
    /// # Errors
    /// Returns an error if the folder does not exist or cannot be written to, the server does not
    /// support the format for this source, the timeout passes, the server cannot be reached or
    /// rejects the request, or the download is incomplete.
    pub async fn to_file(mut self, path: impl Into<PathBuf>) -> Result<Exported, Error> {
        let path = path.into();
        let format = self.format.unwrap_or_else(|| ExportFormat::of(&path));
        // First, so that the server does not create a file in vain.
        let deadline = self.deadline();
        let created = deadline.timeout("the file was not created", temp_file_for(&path));
        let (temporary, file) = created.await??;
        let download = self.begin(format, deadline).await?;
        let mut progress = self.take_progress();
        let (format, span) = (download.format, download.span.clone());
        let written = write(download, file, &path, &mut progress).instrument(span.clone());
        let bytes = written.await?;
        span.record("bytes", bytes);
        let target = path.clone();
        let renaming = tokio::task::spawn_blocking(move || temporary.keep_as(&target));
        renaming
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(|error| unwritable(&path, error))?;
        Ok(Exported { path, format, bytes })
    }
}

/// Creates an empty temporary file in the folder of the target.
async fn temp_file_for(path: &Path) -> Result<(TempFile, tokio::fs::File), Error> {
    let target = path.to_owned();
    let creating = tokio::task::spawn_blocking(move || {
        if target.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        TempFile::next_to(&target)
    });
    let created = creating.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    let (temporary, file) = created.map_err(|error| unwritable(path, error))?;
    Ok((temporary, tokio::fs::File::from_std(file)))
}

/// Writes a download to a file, and returns its size in bytes.
async fn write(
    mut download: Download,
    mut file: tokio::fs::File,
    path: &Path,
    progress: &mut ProgressCallback<'_, Progress>,
) -> Result<u64, Error> {
    let total = download.response.length();
    let mut received = 0;
    report(progress, Progress::Downloading { received, total });
    while let Some(chunk) = download.response.chunk().await? {
        file.write_all(&chunk).await.map_err(|error| unwritable(path, error))?;
        received += chunk.len() as u64;
        report(progress, Progress::Downloading { received, total });
    }
    file.sync_all().await.map_err(|error| unwritable(path, error))?;
    debug!(bytes = received, "exported");
    Ok(received)
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    let message = match error.kind() {
        io::ErrorKind::NotFound => format!("cannot write `{}`: its folder does not exist", path.display()),
        _ => format!("cannot write `{}`: {error}", path.display()),
    };
    Error::new(Kind::Usage, message).caused_by(error)
}
