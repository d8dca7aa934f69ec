//! A pipe from a future to a thread: bytes that arrive one way or another, as a reader that may wait for them.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

/// How many pieces wait to be read.
const WAITING: usize = 4;

/// Where bytes are put in.
pub(crate) struct Inlet(mpsc::Sender<Option<Bytes>>);

/// Where they are read; not in a thread that futures run in.
pub(crate) struct Piped {
    receiver: mpsc::Receiver<Option<Bytes>>,
    piece: Bytes,
    ended: bool,
}

/// A pipe.
pub(crate) fn pipe() -> (Inlet, Piped) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Inlet(sender), Piped { receiver, piece: Bytes::new(), ended: false })
}

impl Inlet {
    /// Puts bytes in; `false` if nobody reads any more.
    pub(crate) async fn put(&self, bytes: impl Into<Bytes>) -> bool {
        self.0.send(Some(bytes.into())).await.is_ok()
    }

    /// Says that this is all. A pipe that is dropped without it is broken: a part is never taken for the whole.
    pub(crate) async fn end(self) {
        // Nobody reads it if nobody wants it.
        let _ = self.0.send(None).await;
    }
}

impl Read for Piped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.ended {
            match self.receiver.blocking_recv() {
                Some(Some(piece)) => self.piece = piece,
                Some(None) => self.ended = true,
                None => return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the rest is missing")),
            }
        }
        let length = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(ended: bool) -> io::Result<String> {
        let (inlet, mut piped) = pipe();
        let reading = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            piped.read_to_string(&mut text).map(|_| text)
        });
        for piece in ["a", "", "bc"] {
            assert!(inlet.put(piece).await);
        }
        if ended {
            inlet.end().await;
        } else {
            drop(inlet);
        }
        reading.await.unwrap()
    }

    #[tokio::test]
    async fn what_is_put_in_comes_out_and_a_part_is_an_error() {
        assert_eq!(read(true).await.unwrap(), "abc");
        assert_eq!(read(false).await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let (inlet, piped) = pipe();
        drop(piped);
        assert!(!inlet.put("a").await);
    }
}
