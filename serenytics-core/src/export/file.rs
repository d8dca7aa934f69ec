//! An export to a file, which is there as a whole or not at all.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt;
use tracing::{Instrument, debug};

use crate::error::{Error, Kind};
use crate::export::builder::Download;
use crate::export::{Export, ExportFormat};
use crate::io::{Progress, Scratch, Tell, tell};

/// A file that was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// Where it is.
    pub path: PathBuf,
    /// Its format.
    pub format: ExportFormat,
    /// How many bytes it has.
    pub bytes: u64,
}

impl Export<'_> {
    /// Exports to a file. It is written under another name beside it and renamed when it is whole and on disk; what was there before is
    /// replaced then, and stays if anything fails.
    ///
    /// Without [`format`](Self::format) the file's extension says it: `.csv`, `.csv.gz` or `.parquet`. With any other the
    /// server chooses, and [`Exported::format`] tells what it chose.
    ///
    /// # Errors
    /// A folder that does not exist or cannot be written to; a format that the server does not have for this source; a deadline that passes; a
    /// server that cannot be reached or refuses, or a file that breaks off.
    pub async fn to_file(mut self, path: impl Into<PathBuf>) -> Result<Exported, Error> {
        let path = path.into();
        let format = self.format.unwrap_or_else(|| ExportFormat::of(&path));
        // Before the server is put to work for nothing.
        let (scratch, file) = beside(&path).await?;
        let download = self.begin(format, self.deadline()).await?;
        let mut progress = self.take_progress();
        let (format, span) = (download.format, download.span.clone());
        let written = write(download, file, &path, &mut progress).instrument(span.clone());
        let bytes = written.await?;
        span.record("bytes", bytes);
        let target = path.clone();
        let renaming = tokio::task::spawn_blocking(move || scratch.keep_as(&target));
        renaming
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(|error| unwritable(&path, error))?;
        Ok(Exported { path, format, bytes })
    }
}

/// An empty file beside the one that is asked for.
async fn beside(path: &Path) -> Result<(Scratch, tokio::fs::File), Error> {
    let target = path.to_owned();
    let making = tokio::task::spawn_blocking(move || {
        if target.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        Scratch::beside(&target)
    });
    let made = making.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    let (scratch, file) = made.map_err(|error| unwritable(path, error))?;
    Ok((scratch, tokio::fs::File::from_std(file)))
}

/// Writes a download to a file, and tells how many bytes it has.
async fn write(
    mut download: Download,
    mut file: tokio::fs::File,
    path: &Path,
    progress: &mut Tell<'_, Progress>,
) -> Result<u64, Error> {
    let total = download.response.length();
    let mut received = 0;
    tell(progress, Progress::Downloading { received, total });
    while let Some(chunk) = download.response.chunk().await? {
        file.write_all(&chunk).await.map_err(|error| unwritable(path, error))?;
        received += chunk.len() as u64;
        tell(progress, Progress::Downloading { received, total });
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
