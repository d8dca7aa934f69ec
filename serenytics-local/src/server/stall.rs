//! Connections that break when the client takes nothing of what is sent to it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::api::MIN_BYTES_PER_SECOND;

/// A connection whose writes fail when they have waited too long in all: what is held for the answer is free again. What
/// is taken makes up for time that was waited, so that a client who reads slowly but steadily is not cut.
pub(super) struct Unstalled<C> {
    connection: C,
    patience: Duration,
    /// How long was waited, without what was made up for.
    waited: Duration,
    /// The write that waits: since when, and until when it may.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<C> Unstalled<C> {
    /// The connection, with this patience for its writes.
    pub(super) fn new(connection: C, patience: Duration) -> Unstalled<C> {
        Unstalled { connection, patience, waited: Duration::ZERO, waiting: None }
    }

    /// The outcome of a write, or its failure when too long was waited.
    fn watched(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = &written {
            if let Some((since, _)) = self.waiting.take() {
                self.waited += since.elapsed();
            }
            let bytes = written.as_ref().map_or(0, |bytes| *bytes as u64);
            self.waited =
                self.waited.saturating_sub(Duration::from_millis(bytes.saturating_mul(1000) / MIN_BYTES_PER_SECOND));
        } else {
            let left = self.patience.saturating_sub(self.waited);
            let (_, until) = self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
            ready!(until.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Unstalled<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Unstalled<C> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.watched(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write_vectored(context, slices);
        self.watched(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}
