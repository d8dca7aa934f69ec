//! Accepts connections, limits their number and their speed, and closes them at shutdown.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::waiting::{Admitted, MAX_WAITING, admitted};
use super::write_timeout::WriteTimeout;
use crate::access::Peer;
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
    let waiting = Arc::new(Semaphore::new(MAX_WAITING));
    let (closing, close) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let place = Arc::clone(&waiting).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let open = OneMore::of(&metrics.connections);
                let connection = Connection { stream, peer: Peer(peer.ip()), router: router.clone(), limits };
                let (slots, close) = (Arc::clone(&slots), close.clone());
                tokio::spawn(async move {
                    let _open = open;
                    connection.serve_in_turn(&slots, place, close).await;
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

/// An accepted connection.
struct Connection {
    stream: TcpStream,
    peer: Peer,
    router: Router,
    limits: ConnectionLimits,
}

impl Connection {
    /// Serves the connection when it has a slot. Requests of monitoring are served without one, so that they are answered
    /// while clients occupy all slots.
    async fn serve_in_turn(
        self,
        slots: &Arc<Semaphore>,
        place: Option<OwnedSemaphorePermit>,
        mut close: watch::Receiver<()>,
    ) {
        let admitted = match Arc::clone(slots).try_acquire_owned() {
            Ok(slot) => Admitted::Slot(slot),
            Err(_) => tokio::select! {
                admitted = admitted(&self.stream, slots, self.limits.timeout) => admitted,
                _ = close.changed() => return,
            },
        };
        match admitted {
            Admitted::Slot(_slot) => {
                drop(place);
                self.serve(true, close).await;
            }
            Admitted::Monitoring => self.serve(false, close).await,
            Admitted::No => {}
        }
    }

    /// Serves requests until the connection ends; only one if `keep_alive` is false. After `close`, finishes only the
    /// running request.
    async fn serve(self, keep_alive: bool, mut close: watch::Receiver<()>) {
        let Connection { stream, peer, router, limits } = self;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "could not disable Nagle's algorithm, small responses may be slow");
        }
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(limits.timeout).keep_alive(keep_alive);
        let io = TokioIo::new(WriteTimeout::new(stream, limits.timeout));
        let router = TowerToHyperService::new(router);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            router.call(request)
        });
        let mut serving = pin!(http.serve_connection(io, service));
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
}

/// Returns true if the error concerns only one connection, which is closed already.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
