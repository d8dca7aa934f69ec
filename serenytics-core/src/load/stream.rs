//! Streams a file, or CSV that is being written, as gzipped bytes in constant memory.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::io::PipeReader;
use crate::load::file::CsvFile;
use crate::transport::BodyStream;

/// Size of a chunk in bytes.
const CHUNK: usize = 128 * 1024;
/// Number of chunks that are buffered for the request.
const BUFFERED: usize = 4;

/// A file that is being read in a thread for blocking calls.
pub(crate) struct FileStream {
    /// The gzipped bytes.
    pub(crate) body: BodyStream,
    /// Their length, if it is known.
    pub(crate) length: Option<u64>,
    /// The progress of the reading.
    pub(crate) reading: Arc<Reading>,
}

/// The progress of reading a file.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    read: AtomicU64,
    finished: AtomicBool,
    failure: OnceLock<io::Error>,
}

impl Reading {
    /// Returns the number of bytes that were read.
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Returns true if the file was read to its end, and all of it was passed to the request.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    /// Returns the error that stopped the reading, if there is one. The stream ends with it.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.failure.get().map(|error| io::Error::new(error.kind(), error.to_string()))
    }
}

/// Starts reading a file, and gzips it unless it is gzipped already.
pub(crate) fn open(file: CsvFile, length: Option<u64>, cancelled: CancellationToken) -> FileStream {
    if file.gzipped {
        // Read only the announced length, in case the file grows.
        read(file.file.take(file.size), Some(file.size), send, cancelled)
    } else {
        read(file.file, length, gzip, cancelled)
    }
}

/// Starts reading CSV that is being written, and gzips it.
pub(crate) fn open_piped(text: PipeReader, cancelled: CancellationToken) -> FileStream {
    read(text, None, gzip, cancelled)
}

/// Starts reading `source` in a thread that passes it on by `copy`.
fn read<R: Read + Send + 'static>(
    source: R,
    length: Option<u64>,
    copy: fn(Counted<R>, Outlet, &CancellationToken) -> io::Result<()>,
    cancelled: CancellationToken,
) -> FileStream {
    let (sender, receiver) = mpsc::channel(BUFFERED);
    let reading = Arc::new(Reading::default());
    let source = Counted { inner: source, reading: Arc::clone(&reading) };
    tokio::task::spawn_blocking(move || {
        let outlet = Outlet { sender: sender.clone(), chunk: Vec::new() };
        let reading = Arc::clone(&source.reading);
        if let Err(error) = copy(source, outlet, &cancelled) {
            // Send the error, so that a part is never mistaken for the whole file. It is lost if
            // the request has ended.
            let broken = io::Error::new(error.kind(), error.to_string());
            reading.failure.get_or_init(|| error);
            let _ = sender.blocking_send(Err(broken));
        }
    });
    let body = chunks(receiver, Arc::clone(&reading)).boxed();
    FileStream { body, length, reading }
}

/// Gzips CSV that is being written into a file, rewinds the file, and returns its size.
pub(crate) fn gzip_into(text: PipeReader, mut file: File, cancelled: &CancellationToken) -> io::Result<(File, u64)> {
    let mut encoder = GzEncoder::new(&mut file, Compression::fast());
    copy(text, &mut encoder, cancelled)?;
    encoder.finish()?.flush()?;
    let size = file.stream_position()?;
    file.rewind()?;
    Ok((file, size))
}

/// Returns the chunks. Each one is buffered until the next one arrives or the end is known: a
/// receiver that knows the length does not poll for the end after the last chunk.
fn chunks(
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    reading: Arc<Reading>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::unfold((receiver, None), move |(mut receiver, mut buffered)| {
        let reading = Arc::clone(&reading);
        async move {
            loop {
                match (receiver.recv().await, buffered.take()) {
                    (Some(Ok(next)), None) => buffered = Some(next),
                    (Some(Ok(next)), Some(chunk)) => return Some((Ok(chunk), (receiver, Some(next)))),
                    (Some(Err(error)), _) => return Some((Err(error), (receiver, None))),
                    (None, last) => {
                        reading.finished.store(reading.failure.get().is_none(), Ordering::Release);
                        return last.map(|chunk| (Ok(chunk), (receiver, None)));
                    }
                }
            }
        }
    })
}

/// Returns the gzipped size of a file. Some servers require the length of an upload first, and
/// gzipping twice needs neither memory nor disk space.
pub(crate) fn gzipped_length(file: &mut File, cancelled: &CancellationToken) -> io::Result<u64> {
    let mut encoder = GzEncoder::new(Length(0), Compression::fast());
    copy(&mut *file, &mut encoder, cancelled)?;
    file.rewind()?;
    Ok(encoder.finish()?.0)
}

fn gzip<R: Read>(file: R, outlet: Outlet, cancelled: &CancellationToken) -> io::Result<()> {
    let mut encoder = GzEncoder::new(outlet, Compression::fast());
    copy(file, &mut encoder, cancelled)?;
    encoder.finish()?.flush()
}

fn send<R: Read>(file: R, mut outlet: Outlet, cancelled: &CancellationToken) -> io::Result<()> {
    copy(file, &mut outlet, cancelled)?;
    outlet.flush()
}

fn copy(mut from: impl Read, to: &mut impl Write, cancelled: &CancellationToken) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        if cancelled.is_cancelled() {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the load was cancelled"));
        }
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => to.write_all(&buffer[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A reader that counts bytes.
struct Counted<R> {
    inner: R,
    reading: Arc<Reading>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.reading.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

/// A writer that sends chunks to the request.
struct Outlet {
    sender: mpsc::Sender<io::Result<Bytes>>,
    chunk: Vec<u8>,
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::take(&mut self.chunk);
        self.sender.blocking_send(Ok(chunk.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// A writer that only counts bytes.
struct Length(u64);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn cancelled_load_stops_measuring_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.csv");
        std::fs::write(&path, "a\n1\n").unwrap();
        let cancelled = CancellationToken::new();
        assert!(gzipped_length(&mut File::open(&path).unwrap(), &cancelled).unwrap() > 0);
        cancelled.cancel();
        let error = gzipped_length(&mut File::open(&path).unwrap(), &cancelled).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    /// The gzipped bytes of such a regular file never fill the buffer, so that the thread never
    /// blocks on it.
    #[tokio::test]
    async fn cancelled_load_stops_reading_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.csv");
        let file = File::create(&path).unwrap();
        file.set_len(1 << 36).unwrap();
        let opened = CsvFile::open_now(&path).unwrap();
        let cancelled = CancellationToken::new();
        let FileStream { body, reading, .. } = open(opened, None, cancelled.clone());
        let started = Instant::now();
        while reading.read() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        cancelled.cancel();
        while reading.failure().is_none() {
            assert!(started.elapsed().as_secs() < 5);
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        drop(body);
        assert!(!reading.is_finished());
    }

    #[tokio::test]
    async fn last_chunk_is_sent_once_the_end_is_known() {
        let (sender, receiver) = mpsc::channel(BUFFERED);
        let reading = Arc::new(Reading::default());
        let mut chunks = std::pin::pin!(chunks(receiver, Arc::clone(&reading)));
        for chunk in ["a", "b"] {
            sender.send(Ok(Bytes::from(chunk))).await.unwrap();
        }
        assert_eq!(chunks.next().await.unwrap().unwrap(), "a");
        assert!(!reading.is_finished());
        drop(sender);
        assert_eq!(chunks.next().await.unwrap().unwrap(), "b");
        assert!(reading.is_finished());
        assert!(chunks.next().await.is_none());
    }
}
