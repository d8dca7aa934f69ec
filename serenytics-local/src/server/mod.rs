//! The server: its builder, its start on a separate Tokio runtime, and its shutdown.

mod builder;
mod listen;
mod waiting;
mod write_timeout;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api;
use crate::base::{Context, Error, FolderLock};
use crate::platform::Platform;
use crate::tasks::Tasks;
pub use builder::ServerBuilder;
use listen::ConnectionLimits;

/// How long to wait for the threads of the runtime after all tasks are cancelled.
const THREADS_TIMEOUT: Duration = Duration::from_secs(5);

/// The stack size of each thread. DataFusion visits expressions recursively, and formulas can be deeply nested. Unused
/// stack costs no memory.
const STACK: usize = 8 * 1024 * 1024;

impl ServerBuilder {
    /// Starts the server. It accepts requests when this returns.
    ///
    /// # Errors
    /// Returns an error if:
    /// - the data folder is in use by another process, or cannot be read or written
    /// - the address cannot be bound
    /// - there is neither an API key nor a user, or two accounts have the same key
    /// - scripts are allowed and the Python interpreter cannot be started
    /// - the public URL is invalid
    /// - the SMTP URL or the sender's address is invalid
    pub async fn start(mut self) -> Result<Server, Error> {
        self.settings.credentials.check()?;
        self.settings.data_api.check_keys(&self.settings.credentials)?;
        let public_url = self.public_url.as_deref().map(api::public_url).transpose()?;
        self.settings.http.public_url = public_url.map(Arc::from);
        // A start that fails must not leave a new data folder.
        let listener = bind(self.listen)?;
        let lock = FolderLock::take(&self.settings.folder)?;
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .thread_name("serenytics-local")
            .thread_stack_size(STACK)
            .build()
            .context("could not start the threads of the server")?;
        let (stop, stopped) = watch::channel(());
        let started = runtime.spawn(serve(self, listener, stopped));
        let mut running = Running { runtime: Some(runtime), stop: Some(stop), lock: Some(lock) };
        match started.await.context("the server failed to start") {
            Ok(Ok((address, serving))) => {
                Ok(Server { url: format!("http://{address}"), address, serving: Some(serving), running })
            }
            Ok(Err(error)) | Err(error) => {
                running.end();
                Err(error)
            }
        }
    }
}

/// Binds an address, without accepting connections yet.
fn bind(address: SocketAddr) -> Result<std::net::TcpListener, Error> {
    let context = format!("could not listen on {address}");
    // The standard library also allows a restart while connections of the previous server are closing.
    let listener = std::net::TcpListener::bind(address).context(&context)?;
    listener.set_nonblocking(true).context(&context)?;
    Ok(listener)
}

/// Opens the engine and serves requests on the listener. The returned task runs until `stopped` changes.
async fn serve(
    builder: ServerBuilder,
    listener: std::net::TcpListener,
    mut stopped: watch::Receiver<()>,
) -> Result<(SocketAddr, JoinHandle<()>), Error> {
    let ServerBuilder { settings, connections, shutdown_timeout, .. } = builder;
    let limits = ConnectionLimits { count: connections, timeout: settings.http.client_timeout };
    let listener = TcpListener::from_std(listener).context("could not use the listener")?;
    let address = listener.local_addr().context("could not read the address of the listener")?;
    let platform = Platform::open(settings, &local_url(address)).await?;
    let router = api::router(platform.clone());
    let serving = tokio::spawn(async move {
        let mut signal = stopped.clone();
        let stop = async move {
            // An error means that the server was dropped, which also stops it.
            let _ = signal.changed().await;
        };
        let served = async {
            listen::serve(listener, router, limits, platform.get(), stop).await;
            platform.get::<Arc<Tasks>>().finish().await;
        };
        let deadline = async move {
            let _ = stopped.changed().await;
            tokio::time::sleep(shutdown_timeout).await;
        };
        tokio::select! {
            () = served => {}
            () = deadline => tracing::warn!("shutdown timeout: cancelling running requests and loads"),
        }
        platform.close().await;
    });
    Ok((address, serving))
}

/// Returns the URL of the API for programs on this machine.
fn local_url(mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{address}")
}

/// A running server. It stops when it is shut down or dropped.
pub struct Server {
    url: String,
    address: SocketAddr,
    serving: Option<JoinHandle<()>>,
    running: Running,
}

/// The resources of a running server.
struct Running {
    runtime: Option<Runtime>,
    stop: Option<watch::Sender<()>>,
    lock: Option<FolderLock>,
}

impl Running {
    /// Cancels everything that is still running, and then unlocks the data folder.
    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            // Shutting a runtime down panics in an async context, so do it on another thread.
            let ending = std::thread::spawn(move || runtime.shutdown_timeout(THREADS_TIMEOUT));
            if ending.join().is_err() {
                tracing::error!("the threads of the server did not end");
            }
        }
        drop(self.lock.take());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

impl Server {
    /// Returns the builder of a server for a data folder, which is created if needed.
    #[must_use]
    pub fn builder(folder: impl Into<PathBuf>) -> ServerBuilder {
        ServerBuilder::new(folder.into())
    }

    /// Returns the URL of the API, such as `http://127.0.0.1:8000`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the address that the server listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops the server. It accepts no more requests, and running requests and loads may continue for the [shutdown
    /// timeout](ServerBuilder::shutdown_timeout). Shutdown never leaves a partial write: a load that was committing when it
    /// was cancelled is either fully applied or not applied. The data folder is unlocked when this returns.
    pub async fn shutdown(mut self) {
        drop(self.running.stop.take());
        if let Some(serving) = self.serving.take()
            && serving.await.is_err()
        {
            tracing::error!("the server failed before the shutdown");
        }
        self.running.end();
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("url", &self.url).finish_non_exhaustive()
    }
}
