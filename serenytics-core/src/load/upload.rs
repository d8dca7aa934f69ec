//! Sending a file or rows to where a server wants it: a signed URL of its storage, or the server itself.

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
use crate::io::{Inlet, Progress, Scratch, Tell, pipe, tell};
use crate::load::file::CsvFile;
use crate::load::rows::Chunks;
use crate::load::stream::{self, FileStream};
use crate::transport::{Deadline, Request, Signed};

/// What uploads of data are signed for.
const CONTENT_TYPE: &str = "csv/gz";
/// How often progress is told.
const TICK: Duration = Duration::from_millis(100);

/// What is uploaded.
pub(crate) enum Content<'s> {
    /// A file, and its path for messages.
    File(PathBuf, CsvFile),
    /// Rows that are made meanwhile.
    Rows(Chunks<'s>),
}

/// What was uploaded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    /// How many bytes, before they were gzipped here.
    pub(crate) bytes: u64,
    /// How many rows, if they were made here.
    pub(crate) rows: Option<u64>,
}

/// Uploads a file or rows for a source.
pub(crate) async fn send(
    source: &DataSource,
    content: Content<'_>,
    deadline: Deadline,
    progress: &mut Tell<'_, Progress>,
) -> Result<Sent, Error> {
    let signed = signed_url(source, deadline).await?;
    // Dropped with this future, the guard stops the threads that read.
    let cancellation = CancellationToken::new();
    let _guard = cancellation.clone().drop_guard();
    let upload = Upload { source, signed, deadline, cancellation };
    match (content, upload.signed.is_some()) {
        (Content::File(path, file), _) => upload.file(&path, file, progress).await,
        (Content::Rows(chunks), false) => upload.rows(chunks, progress).await,
        (Content::Rows(chunks), true) => {
            let made = upload.spooled(chunks, progress).await?;
            let sent = upload.file(Path::new("the rows on their way"), made.file, progress).await?;
            Ok(Sent { rows: Some(made.rows), ..sent })
        }
    }
}

/// An upload to where the server wants it.
struct Upload<'u> {
    source: &'u DataSource,
    signed: Option<Url>,
    deadline: Deadline,
    /// Stops the threads that read; they do not end with the future that waits for them.
    cancellation: CancellationToken,
}

/// Rows that were written to disk.
struct Spooled {
    file: CsvFile,
    rows: u64,
    /// Dropped behind the file, it deletes it.
    _scratch: Scratch,
}

impl Upload<'_> {
    async fn file(&self, path: &Path, mut file: CsvFile, progress: &mut Tell<'_, Progress>) -> Result<Sent, Error> {
        let unreadable = |error: io::Error| {
            let message = format!("the file `{}` cannot be read to its end: {error}", path.display());
            Error::new(Kind::Usage, message).caused_by(error)
        };
        let total = file.size;
        let mut length = None;
        if !file.gzipped {
            // S3, and many a server before others, takes no upload whose length it is not told.
            let measuring = measured(file.file, self.cancellation.clone());
            (file.file, length) = self.deadline.hold("the file was not read", measuring).await?.map_err(unreadable)?;
        }
        let stream = stream::open(file, length, self.cancellation.clone());
        let reading = Arc::clone(&stream.reading);
        let told = || tell(progress, Progress::Uploading { read: reading.read(), total });
        match self.drive(stream, async { Ok(()) }, told).await {
            Ok(()) => Ok(Sent { bytes: reading.read(), rows: None }),
            // The request breaks off when the disk fails; when it breaks off itself, so does the reading.
            Err(error) => match reading.failure() {
                Some(cause) if error.is_connection() && cause.kind() != io::ErrorKind::BrokenPipe => {
                    Err(unreadable(cause))
                }
                _ => Err(error),
            },
        }
    }

    /// Rows are sent while they are made.
    async fn rows(&self, chunks: Chunks<'_>, progress: &mut Tell<'_, Progress>) -> Result<Sent, Error> {
        let (inlet, text) = pipe();
        let stream = stream::open_made(text, self.cancellation.clone());
        let reading = Arc::clone(&stream.reading);
        let counts = Counts::default();
        let told = || tell(progress, counts.progress());
        self.drive(stream, make(chunks, inlet, &counts), told).await?;
        Ok(Sent { bytes: reading.read(), rows: Some(counts.rows.into_inner()) })
    }

    /// Rows are written to disk, gzipped: what wants them has to be told how long they are before it gets the first one.
    async fn spooled(&self, chunks: Chunks<'_>, progress: &mut Tell<'_, Progress>) -> Result<Spooled, Error> {
        let unwritable = |error: io::Error| {
            let message = format!("the rows cannot be written to the temporary folder, as their upload needs: {error}");
            Error::new(Kind::Usage, message).caused_by(error)
        };
        let (inlet, text) = pipe();
        let cancelled = self.cancellation.clone();
        let mut writing = tokio::task::spawn_blocking(move || {
            let (scratch, file) = Scratch::create()?;
            let (file, size) = stream::gzip_into(text, file, &cancelled)?;
            let file = CsvFile { file, size, gzipped: true, sent_name: String::new() };
            Ok((file, scratch))
        });
        let counts = Counts::default();
        let mut making = pin!(make(chunks, inlet, &counts));
        let mut made = false;
        let mut ticks = tokio::time::interval(TICK);
        let writing = async {
            loop {
                tokio::select! {
                    outcome = &mut making, if !made => { outcome?; made = true; }
                    written = &mut writing => {
                        let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
                        return written.map_err(unwritable);
                    }
                    _ = ticks.tick() => tell(progress, counts.progress()),
                }
            }
        };
        let (file, scratch) = self.deadline.hold("the rows were not made", writing).await??;
        Ok(Spooled { file, rows: counts.rows.load(Ordering::Relaxed), _scratch: scratch })
    }

    /// Sends a stream while it is made, and tells now and then how far it is.
    async fn drive(
        &self,
        stream: FileStream,
        making: impl Future<Output = Result<(), Error>>,
        mut told: impl FnMut(),
    ) -> Result<(), Error> {
        let session = self.source.session();
        let request = match &self.signed {
            Some(url) => Request::signed_upload(session.connection(), url, CONTENT_TYPE, self.deadline),
            None => {
                let request = session.post(&["api", "data_source", self.source.uuid(), "file"], self.deadline);
                request.expect(StatusCode::CREATED)
            }
        };
        let mut sending = pin!(request.stream(stream.body, stream.length).send());
        let mut making = pin!(making);
        let mut made = false;
        let mut ticks = tokio::time::interval(TICK);
        let response = loop {
            tokio::select! {
                // What is wrong with a row ends the request, and is the reason why it ended.
                biased;
                outcome = &mut making, if !made => { outcome?; made = true; }
                sent = &mut sending => break sent?,
                _ = ticks.tick() => told(),
            }
        };
        debug!(read = stream.reading.read(), signed = self.signed.is_some(), "uploaded");
        if stream.reading.is_finished() {
            told();
            response.unless_error().await?;
            return Ok(());
        }
        // What arrived is a part of the file, which must not be loaded for the whole.
        let message = "nothing was loaded: the server, or one before it, said that it has the file before it was sent the whole, or \
                       the file changed meanwhile";
        Err(response.error(Kind::Connection, message.to_owned()))
    }
}

/// How many rows were made, and how many bytes of text they are.
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

/// Makes rows and puts their text into a pipe, as long as somebody reads it.
async fn make(mut chunks: Chunks<'_>, inlet: Inlet, counts: &Counts) -> Result<(), Error> {
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        counts.rows.store(chunk.rows, Ordering::Relaxed);
        counts.bytes.fetch_add(chunk.text.len() as u64, Ordering::Relaxed);
        if !inlet.put(chunk.text).await {
            return Ok(());
        }
    }
    inlet.end().await;
    Ok(())
}

/// Where the server wants the file: a signed URL, or nothing when it takes files itself.
async fn signed_url(source: &DataSource, deadline: Deadline) -> Result<Option<Url>, Error> {
    let session = source.session();
    let request = session.get(&["api", "data_source", "sign_s3"], deadline).slash();
    let request = request.query("s3_object_type", CONTENT_TYPE).query("s3_object_name", source.uuid());
    Ok(Signed::asked(request).await?.map(|signed| signed.url))
}

/// A file, and its length when it is gzipped.
async fn measured(mut file: File, cancelled: CancellationToken) -> io::Result<(File, Option<u64>)> {
    let measuring = tokio::task::spawn_blocking(move || {
        let length = stream::gzipped_length(&mut file, &cancelled)?;
        Ok((file, Some(length)))
    });
    measuring.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
