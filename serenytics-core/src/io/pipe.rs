//! A pipe from a future to a thread: bytes sent by a future, read by a blocking reader.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

/// Number of chunks that the pipe buffers.
const BUFFERED: usize = 4;

/// The end that bytes are written to.
pub(crate) struct PipeWriter(mpsc::Sender<Option<Bytes>>);

/// The end that bytes are read from. It blocks: read it in a thread that runs no futures.
pub(crate) struct PipeReader {
    receiver: mpsc::Receiver<Option<Bytes>>,
    chunk: Bytes,
    ended: bool,
}

/// Creates a pipe.
pub(crate) fn pipe() -> (PipeWriter, PipeReader) {
    let (sender, receiver) = mpsc::channel(BUFFERED);
    (PipeWriter(sender), PipeReader { receiver, chunk: Bytes::new(), ended: false })
}

impl PipeWriter {
    /// Writes bytes. Returns false if the reader was dropped.
    pub(crate) async fn put(&self, bytes: impl Into<Bytes>) -> bool {
        self.0.send(Some(bytes.into())).await.is_ok()
    }

    /// Ends the pipe. If the writer is dropped without this, reading fails: a part is never
    /// mistaken for the whole.
    pub(crate) async fn end(self) {
        // An error means that the reader was dropped.
        let _ = self.0.send(None).await;
    }
}

impl Read for PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() && !self.ended {
            match self.receiver.blocking_recv() {
                Some(Some(chunk)) => self.chunk = chunk,
                Some(None) => self.ended = true,
                None => return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the rest is missing")),
            }
        }
        let length = self.chunk.len().min(buffer.len());
        self.chunk.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(ended: bool) -> io::Result<String> {
        let (writer, mut reader) = pipe();
        let reading = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).map(|_| text)
        });
        for chunk in ["a", "", "bc"] {
            assert!(writer.put(chunk).await);
        }
        if ended {
            writer.end().await;
        } else {
            drop(writer);
        }
        reading.await.unwrap()
    }

    #[tokio::test]
    async fn pipe_reads_what_was_written_and_fails_without_an_end() {
        assert_eq!(read(true).await.unwrap(), "abc");
        assert_eq!(read(false).await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let (writer, reader) = pipe();
        drop(reader);
        assert!(!writer.put("a").await);
    }
}
