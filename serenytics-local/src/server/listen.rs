//! Connections: how many there are, how slow they may be, and how they end when the server stops.

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

use super::stall::Unstalled;
use crate::metrics::{Metrics, OneMore};

/// How long to wait when the system has no more connections to give.
const RECOVERY: Duration = Duration::from_secs(1);

/// What connections may do.
#[derive(Clone, Copy)]
pub(super) struct Connections {
    /// How many there are at most; others wait until one ends.
    pub(super) at_once: usize,
    /// How long one may take for the headers of a request, idle before them included, or be waited for while it takes an answer.
    pub(super) patience: Duration,
}

/// Serves until `stop` ends; then takes no connection any more, and returns when all requests are answered.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Connections,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(limits.at_once));
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
                    connection(stream, router, limits.patience, close).await;
                });
            }
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken");
                tokio::time::sleep(RECOVERY).await;
            }
        }
    }
    drop(listener);
    drop(close);
    // Nobody hears it when there is no connection.
    let _ = closing.send(());
    closing.closed().await;
}

/// Answers the requests of a connection, until it ends or is told to close after the one that runs.
async fn connection(stream: TcpStream, router: Router, patience: Duration, mut close: watch::Receiver<()>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "small answers may be late");
    }
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience);
    let io = TokioIo::new(Unstalled::new(stream, patience));
    let mut serving = pin!(http.serve_connection(io, TowerToHyperService::new(router)));
    let served = tokio::select! {
        served = serving.as_mut() => served,
        _ = close.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Whether an error is of one connection only, which is gone by now.
fn is_of_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
