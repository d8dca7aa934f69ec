//! Uploads a file or rows to a signed URL of the server's storage, or to the server itself.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream::StreamExt;
use reqwest::{StatusCode, Url};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::io::{PipeWriter, Progress, ProgressCallback, TempFile, pipe, report};
use crate::load::file::CsvFile;
use crate::load::rows::Chunks;
use crate::load::stream::{self, FileStream};
use crate::transport::{Deadline, Request, Signed};

/// The content type that uploads are signed for.
const CONTENT_TYPE: &str = "csv/gz";
/// Interval of progress reports.
const TICK: Duration = Duration::from_millis(100);

/// The content of an upload.
pub(crate) enum Content<'s> {
    /// A file, and its path for messages.
    File(PathBuf, CsvFile),
    /// Rows that are read during the upload.
    Rows(Chunks<'s>),
}

/// The size of a finished upload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    /// Number of bytes, before compression by the client.
    pub(crate) bytes: u64,
    /// Number of rows, if rows were uploaded.
    pub(crate) rows: Option<u64>,
}

/// Uploads a file or rows for a source.
pub(crate) async fn send(
    source: &DataSource,
    content: Content<'_>,
    deadline: Deadline,
    progress: &mut ProgressCallback<'_, Progress>,
) -> Result<Sent, Error> {
    let signed = signed_url(source, deadline).await?;
    // Dropped with this future, the guard stops the reading threads.
    let cancellation = CancellationToken::new();
    let _guard = cancellation.clone().drop_guard();
    let upload = Upload { source, signed, deadline, cancellation };
    match (content, upload.signed.is_some()) {
        (Content::File(path, file), _) => upload.file(&path, file, progress).await,
        (Content::Rows(chunks), false) => upload.rows(chunks, progress).await,
        (Content::Rows(chunks), true) => {
            let spooled = upload.spooled(chunks, progress).await?;
            let sent = upload.file(Path::new("the rows on their way"), spooled.file, progress).await?;
            Ok(Sent { rows: Some(spooled.rows), ..sent })
        }
    }
}

/// An upload to the URL that the server chose.
struct Upload<'u> {
    source: &'u DataSource,
    signed: Option<Url>,
    deadline: Deadline,
    /// Stops the reading threads, which do not end with the future that waits for them.
    cancellation: CancellationToken,
}

/// Rows that were written to disk.
struct Spooled {
    file: CsvFile,
    rows: u64,
    /// Deletes the file when it is dropped, after the file is closed.
    _temporary: TempFile,
}

impl Upload<'_> {
    async fn file(
        &self,
        path: &Path,
        mut file: CsvFile,
        progress: &mut ProgressCallback<'_, Progress>,
    ) -> Result<Sent, Error> {
        let unreadable = |error: io::Error| {
            let message = format!("the file `{}` cannot be read to its end: {error}", path.display());
            Error::new(Kind::Usage, message).caused_by(error)
        };
        let total = file.size;
        let mut length = None;
        if !file.gzipped {
            // S3 and many other servers require the length of an upload.
            let measuring = measured(file.file, self.cancellation.clone());
            (file.file, length) =
                self.deadline.timeout("the file was not read", measuring).await?.map_err(unreadable)?;
        }
        let stream = stream::open(file, length, self.cancellation.clone());
        let reading = Arc::clone(&stream.reading);
        let report_read = || report(progress, Progress::Uploading { read: reading.read(), total });
        match self.drive(stream, async { Ok(()) }, report_read).await {
            Ok(()) => Ok(Sent { bytes: reading.read(), rows: None }),
            // If the disk fails, the request fails too. If the request fails, reading ends with
            // `BrokenPipe`.
            Err(error) => match reading.failure() {
                Some(cause) if error.is_connection() && cause.kind() != io::ErrorKind::BrokenPipe => {
                    Err(unreadable(cause))
                }
                _ => Err(error),
            },
        }
    }

    /// Sends rows while they are read.
    async fn rows(&self, chunks: Chunks<'_>, progress: &mut ProgressCallback<'_, Progress>) -> Result<Sent, Error> {
        let (writer, text) = pipe();
        let stream = stream::open_piped(text, self.cancellation.clone());
        let reading = Arc::clone(&stream.reading);
        let counts = Counts::default();
        let report_rows = || report(progress, counts.progress());
        self.drive(stream, write_rows(chunks, writer, &counts), report_rows).await?;
        Ok(Sent { bytes: reading.read(), rows: Some(counts.rows.into_inner()) })
    }

    /// Writes rows to disk, gzipped, to know their length before the upload.
    async fn spooled(
        &self,
        chunks: Chunks<'_>,
        progress: &mut ProgressCallback<'_, Progress>,
    ) -> Result<Spooled, Error> {
        let unwritable = |error: io::Error| {
            let message =
                format!("the rows cannot be written to the temporary folder, which their upload needs: {error}");
            Error::new(Kind::Usage, message).caused_by(error)
        };
        let (pipe_writer, text) = pipe();
        let cancelled = self.cancellation.clone();
        let mut writing = tokio::task::spawn_blocking(move || {
            let (temporary, file) = TempFile::create()?;
            let (file, size) = stream::gzip_into(text, file, &cancelled)?;
            let file = CsvFile { file, size, gzipped: true, sent_name: String::new() };
            Ok((file, temporary))
        });
        let counts = Counts::default();
        let mut reading = pin!(write_rows(chunks, pipe_writer, &counts));
        let mut done = false;
        let mut ticks = tokio::time::interval(TICK);
        let writing = async {
            loop {
                tokio::select! {
                    outcome = &mut reading, if !done => { outcome?; done = true; }
                    written = &mut writing => {
                        let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
                        return written.map_err(unwritable);
                    }
                    _ = ticks.tick() => report(progress, counts.progress()),
                }
            }
        };
        let (file, temporary) = self.deadline.timeout("the rows were not written", writing).await??;
        Ok(Spooled { file, rows: counts.rows.load(Ordering::Relaxed), _temporary: temporary })
    }

    /// Sends a stream while `source` fills it, and reports progress.
    async fn drive(
        &self,
        stream: FileStream,
        source: impl Future<Output = Result<(), Error>>,
        mut report_progress: impl FnMut(),
    ) -> Result<(), Error> {
        let session = self.source.session();
        let request = match &self.signed {
            Some(url) => Request::signed_upload(session.connection(), url, CONTENT_TYPE, self.deadline),
            None => {
                let request = session.post(&["api", "data_source", self.source.uuid(), "file"], self.deadline);
                request.expect(StatusCode::CREATED).creates_file()
            }
        };
        let mut sending = pin!(request.stream(stream.body, stream.length).send());
        let mut source = pin!(source);
        let mut done = false;
        let mut ticks = tokio::time::interval(TICK);
        let response = loop {
            tokio::select! {
                // First, because an invalid row also ends the request, and is the cause.
                biased;
                outcome = &mut source, if !done => { outcome?; done = true; }
                sent = &mut sending => break sent?,
                _ = ticks.tick() => report_progress(),
            }
        };
        debug!(read = stream.reading.read(), signed = self.signed.is_some(), "uploaded");
        if stream.reading.is_finished() {
            report_progress();
            response.unless_error().await?;
            return Ok(());
        }
        // Only part of the file arrived, which must not be loaded.
        let message = "upload incomplete, nothing was loaded: the server, or a proxy, answered before the whole file was sent, or the \
                       file changed during the upload";
        Err(response.error(Kind::Connection, message.to_owned()))
    }
}

/// Number of rows that were read, and their size as CSV.
#[derive(Debug, Default)]
struct Counts {
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl Counts {
    fn progress(&self) -> Progress {
        Progress::UploadingRows { rows: self.rows.load(Ordering::Relaxed), bytes: self.bytes.load(Ordering::Relaxed) }
    }
}

/// Writes rows to a pipe until its reader is dropped.
async fn write_rows(mut chunks: Chunks<'_>, writer: PipeWriter, counts: &Counts) -> Result<(), Error> {
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        counts.rows.store(chunk.rows, Ordering::Relaxed);
        counts.bytes.fetch_add(chunk.text.len() as u64, Ordering::Relaxed);
        if !writer.put(chunk.text).await {
            return Ok(());
        }
    }
    writer.end().await;
    Ok(())
}

/// Returns the signed URL to upload to, or `None` if the server accepts uploads itself.
async fn signed_url(source: &DataSource, deadline: Deadline) -> Result<Option<Url>, Error> {
    let session = source.session();
    let request = session.get(&["api", "data_source", "sign_s3"], deadline).slash();
    let request = request.query("s3_object_type", CONTENT_TYPE).query("s3_object_name", source.uuid());
    Ok(Signed::asked(request).await?.map(|signed| signed.url))
}

/// Returns a file and its gzipped length.
async fn measured(mut file: File, cancelled: CancellationToken) -> io::Result<(File, Option<u64>)> {
    let measuring = tokio::task::spawn_blocking(move || {
        let length = stream::gzipped_length(&mut file, &cancelled)?;
        Ok((file, Some(length)))
    });
    measuring.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
