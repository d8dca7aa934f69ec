//! A write timeout for connections, with credit for clients that read slowly but steadily.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::api::MIN_BYTES_PER_SECOND;

/// A connection whose writes fail after they have waited for too long in total, which frees the memory of the response.
/// Each written byte reduces the waited time, so that a client that reads slowly but steadily is not disconnected.
pub(super) struct WriteTimeout<C> {
    connection: C,
    timeout: Duration,
    /// The time that writes have waited, minus the credit for written bytes.
    waited: Duration,
    /// The start and the deadline of the waiting write.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<C> WriteTimeout<C> {
    /// Wraps a connection with a write timeout.
    pub(super) fn new(connection: C, timeout: Duration) -> WriteTimeout<C> {
        WriteTimeout { connection, timeout, waited: Duration::ZERO, waiting: None }
    }

    /// Returns the result of a write, or an error if writes have waited for too long.
    fn check_timeout(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = &written {
            if let Some((since, _)) = self.waiting.take() {
                self.waited += since.elapsed();
            }
            let bytes = written.as_ref().map_or(0, |bytes| *bytes as u64);
            self.waited =
                self.waited.saturating_sub(Duration::from_millis(bytes.saturating_mul(1000) / MIN_BYTES_PER_SECOND));
        } else {
            let left = self.timeout.saturating_sub(self.waited);
            let (_, until) = self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
            ready!(until.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for WriteTimeout<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<C> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.check_timeout(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write_vectored(context, slices);
        self.check_timeout(context, written)
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
