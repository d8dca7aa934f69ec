//! A file, or text that is made meanwhile, as a stream of gzipped bytes, in constant memory.

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

use crate::io::Piped;
use crate::load::file::CsvFile;
use crate::transport::BodyStream;

/// How many bytes travel at once.
const CHUNK: usize = 128 * 1024;
/// How many chunks wait to be sent.
const WAITING: usize = 4;

/// A file that is being read, in a thread that may wait for the disk.
pub(crate) struct FileStream {
    /// The gzipped bytes.
    pub(crate) body: BodyStream,
    /// Their number, if it is known.
    pub(crate) length: Option<u64>,
    /// How far the reading is.
    pub(crate) reading: Arc<Reading>,
}

/// How far the reading of a file is.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    read: AtomicU64,
    finished: AtomicBool,
    failure: OnceLock<io::Error>,
}

impl Reading {
    /// How many bytes of the file have been read.
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Whether the file was read to its end and all of it taken for the request.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    /// Why the file cannot be read to its end, if that is so. The stream breaks off behind it.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.failure.get().map(|error| io::Error::new(error.kind(), error.to_string()))
    }
}

/// Begins to read a file, and gzips it on the way unless it is already.
pub(crate) fn open(file: CsvFile, length: Option<u64>, cancelled: CancellationToken) -> FileStream {
    if file.gzipped {
        // No more than was announced, in case that the file grows meanwhile.
        read(file.file.take(file.size), Some(file.size), send, cancelled)
    } else {
        read(file.file, length, gzip, cancelled)
    }
}

/// Begins to read text that is made meanwhile, and gzips it on the way.
pub(crate) fn open_made(text: Piped, cancelled: CancellationToken) -> FileStream {
    read(text, None, gzip, cancelled)
}

/// Begins to read `source` in a thread that hands it on by `copy`.
fn read<R: Read + Send + 'static>(
    source: R,
    length: Option<u64>,
    copy: fn(Counted<R>, Outlet, &CancellationToken) -> io::Result<()>,
    cancelled: CancellationToken,
) -> FileStream {
    let (sender, receiver) = mpsc::channel(WAITING);
    let reading = Arc::new(Reading::default());
    let source = Counted { inner: source, reading: Arc::clone(&reading) };
    tokio::task::spawn_blocking(move || {
        let outlet = Outlet { sender: sender.clone(), chunk: Vec::new() };
        let reading = Arc::clone(&source.reading);
        if let Err(error) = copy(source, outlet, &cancelled) {
            // A part of the file must never be taken for the whole. Nobody listens when the request ended first.
            let broken = io::Error::new(error.kind(), error.to_string());
            reading.failure.get_or_init(|| error);
            let _ = sender.blocking_send(Err(broken));
        }
    });
    let body = chunks(receiver, Arc::clone(&reading)).boxed();
    FileStream { body, length, reading }
}

/// Gzips text that is made meanwhile into a file, which is left at its start, and tells its size.
pub(crate) fn gzip_into(text: Piped, mut file: File, cancelled: &CancellationToken) -> io::Result<(File, u64)> {
    let mut encoder = GzEncoder::new(&mut file, Compression::fast());
    copy(text, &mut encoder, cancelled)?;
    encoder.finish()?.flush()?;
    let size = file.stream_position()?;
    file.rewind()?;
    Ok((file, size))
}

/// The chunks, each given when it is known whether another one follows: whoever knows the length does not ask for the end
/// behind the last one.
fn chunks(
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    reading: Arc<Reading>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::unfold((receiver, None), move |(mut receiver, mut held)| {
        let reading = Arc::clone(&reading);
        async move {
            loop {
                match (receiver.recv().await, held.take()) {
                    (Some(Ok(next)), None) => held = Some(next),
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

/// How many bytes a file has when it is gzipped. Some servers must be told before they are sent the first one, and
/// gzipping twice needs neither memory nor disk.
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

/// Counts what is read.
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

/// Cuts what is written into chunks and hands them to the request.
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

/// Counts what is written.
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
    fn what_nobody_wants_is_not_measured() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.csv");
        std::fs::write(&path, "a\n1\n").unwrap();
        let cancelled = CancellationToken::new();
        assert!(gzipped_length(&mut File::open(&path).unwrap(), &cancelled).unwrap() > 0);
        cancelled.cancel();
        let error = gzipped_length(&mut File::open(&path).unwrap(), &cancelled).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    /// The thread ends though the gzipped bytes of so regular a file never fill what waits to be sent.
    #[tokio::test]
    async fn a_file_that_nobody_wants_any_more_is_not_read_on() {
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
    async fn the_last_chunk_is_given_when_it_is_known_to_be_the_last() {
        let (sender, receiver) = mpsc::channel(WAITING);
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
