//! A file as a stream of gzipped bytes, in constant memory.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use tokio::sync::mpsc;

use crate::load::file::CsvFile;

/// How many bytes travel at once.
const CHUNK: usize = 128 * 1024;
/// How many chunks wait to be sent.
const WAITING: usize = 4;

/// A file that is being read, in a thread that may wait for the disk.
pub(crate) struct FileStream {
    /// The gzipped bytes.
    pub(crate) body: reqwest::Body,
    /// Their number, if it is known.
    pub(crate) length: Option<u64>,
    /// How far the reading is.
    pub(crate) reading: Arc<Reading>,
}

/// How far the reading of a file is.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    read: AtomicU64,
    failure: OnceLock<io::Error>,
}

impl Reading {
    /// How many bytes of the file have been read.
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Why the file cannot be read to its end, if that is so. The stream breaks off behind it.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.failure.get().map(|error| io::Error::new(error.kind(), error.to_string()))
    }
}

/// Begins to read a file, and gzips it on the way unless it is already.
pub(crate) fn open(file: CsvFile, length: Option<u64>) -> FileStream {
    let (sender, receiver) = mpsc::channel(WAITING);
    let reading = Arc::new(Reading::default());
    let length = if file.gzipped { Some(file.size) } else { length };
    let source = Counted { file: file.file, reading: Arc::clone(&reading) };
    tokio::task::spawn_blocking(move || {
        let outlet = Outlet { sender: sender.clone(), chunk: Vec::new() };
        let reading = Arc::clone(&source.reading);
        let outcome = if file.gzipped {
            // No more than was announced, in case that the file grows meanwhile.
            send(source.take(file.size), outlet)
        } else {
            gzip(source, outlet)
        };
        if let Err(error) = outcome {
            // A part of the file must never be taken for the whole. Nobody listens when the request ended first.
            let broken = io::Error::new(error.kind(), error.to_string());
            reading.failure.get_or_init(|| error);
            let _ = sender.blocking_send(Err(broken));
        }
    });
    let chunks = stream::unfold(receiver, |mut receiver| async move {
        let chunk: io::Result<Bytes> = receiver.recv().await?;
        Some((chunk, receiver))
    });
    FileStream { body: reqwest::Body::wrap_stream(chunks), length, reading }
}

/// How many bytes a file has when it is gzipped. Some servers must be told before they are sent the first one, and
/// gzipping twice needs neither memory nor disk.
pub(crate) fn gzipped_length(file: &mut File) -> io::Result<u64> {
    let mut encoder = GzEncoder::new(Length(0), Compression::fast());
    copy(&mut *file, &mut encoder)?;
    file.rewind()?;
    Ok(encoder.finish()?.0)
}

fn gzip(file: impl Read, outlet: Outlet) -> io::Result<()> {
    let mut encoder = GzEncoder::new(outlet, Compression::fast());
    copy(file, &mut encoder)?;
    encoder.finish()?.flush()
}

fn send(file: impl Read, mut outlet: Outlet) -> io::Result<()> {
    copy(file, &mut outlet)?;
    outlet.flush()
}

fn copy(mut from: impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => to.write_all(&buffer[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A file that counts what is read.
struct Counted {
    file: File,
    reading: Arc<Reading>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
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
