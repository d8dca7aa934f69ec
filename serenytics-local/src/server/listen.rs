//! Accepts connections, limits their number and their speed, and closes them at shutdown.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::write_timeout::WriteTimeout;
use crate::base::{Metrics, OneMore};

/// How long to wait when the system cannot accept a connection.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The limits of connections.
#[derive(Clone, Copy)]
pub(super) struct ConnectionLimits {
    /// The maximum number of open connections; more connections wait.
    pub(super) count: usize,
    /// The timeout for reading headers, including idle time before them, and for writing a response.
    pub(super) timeout: Duration,
}

/// Serves connections until `stop` completes. Then accepts no more, and returns when all running requests are done.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(limits.count));
    let (closing, close) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let slot = Arc::clone(&slots).acquire_owned().await.ok();
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let service = (router.clone(), OneMore::of(&metrics.connections), slot);
                let close = close.clone();
                tokio::spawn(async move {
                    let (router, _open, _slot) = service;
                    connection(stream, router, limits.timeout, close).await;
                });
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "could not accept a connection");
                tokio::time::sleep(RETRY_DELAY).await;
            }
        }
    }
    drop(listener);
    drop(close);
    // Sending fails if there are no connections.
    let _ = closing.send(());
    closing.closed().await;
}

/// Serves the requests of a connection until it ends. After `close`, finishes only the running request.
async fn connection(stream: TcpStream, router: Router, timeout: Duration, mut close: watch::Receiver<()>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not disable Nagle's algorithm, small responses may be slow");
    }
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(timeout);
    let io = TokioIo::new(WriteTimeout::new(stream, timeout));
    let mut serving = pin!(http.serve_connection(io, TowerToHyperService::new(router)));
    let served = tokio::select! {
        served = serving.as_mut() => served,
        _ = close.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection failed");
    }
}

/// Returns true if the error concerns only one connection, which is closed already.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
