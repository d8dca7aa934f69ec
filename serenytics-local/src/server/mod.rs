//! The server: its builder, its start on a separate Tokio runtime, and its shutdown.

mod listen;
mod waiting;
mod write_timeout;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serenytics_engine::{Python, QueryLimits};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::access::{Account, Credentials};
use crate::api;
use crate::base::{Context, Error, FolderLock};
use crate::data_api::DataApi;
use crate::mail::MailSettings;
use crate::platform::{HttpSettings, Platform, Settings};
use crate::script::ScriptSettings;
use crate::tasks::Tasks;
use listen::ConnectionLimits;

/// How long to wait for the threads of the runtime after all tasks are cancelled.
const THREADS_TIMEOUT: Duration = Duration::from_secs(5);

/// The stack size of each thread. DataFusion visits expressions recursively, and formulas can be deeply nested. Unused
/// stack costs no memory.
const STACK: usize = 8 * 1024 * 1024;

/// The settings of a server, created by [`Server::builder`].
#[derive(Clone)]
pub struct ServerBuilder {
    settings: Settings,
    listen: SocketAddr,
    connections: usize,
    shutdown_timeout: Duration,
    public_url: Option<String>,
}

impl ServerBuilder {
    /// Sets the address to listen on (default: `127.0.0.1:0`). Port 0 picks a free port.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> ServerBuilder {
        self.listen = address;
        self
    }

    /// Accepts an API key, for the account `default`. Can be called several times.
    #[must_use]
    pub fn api_key(self, key: impl Into<String>) -> ServerBuilder {
        self.account_key(Account::DEFAULT, key)
    }

    /// Accepts an API key for the account with this name. Can be called several times, for several accounts or for several
    /// keys of one account. Accounts cannot see each other's data.
    #[must_use]
    pub fn account_key(mut self, name: impl Into<String>, key: impl Into<String>) -> ServerBuilder {
        self.settings.credentials.keys.push((name.into(), key.into()));
        self
    }

    /// Adds a user who can log in and create API keys for the account named like the login. Can be called several times.
    #[must_use]
    pub fn user(mut self, login: impl Into<String>, password: impl Into<String>) -> ServerBuilder {
        self.settings.credentials.users.push((login.into(), password.into()));
        self
    }

    /// Limits the memory of all running queries together, in bytes (default: 2 GiB). Queries that need more spill to the
    /// data folder, or fail.
    #[must_use]
    pub fn query_memory(mut self, bytes: usize) -> ServerBuilder {
        self.settings.queries.memory = bytes;
        self
    }

    /// Limits the memory of the result cache, in bytes (default: 256 MiB). 0 disables it. An answer is repeated only for
    /// the same query on unchanged rows.
    #[must_use]
    pub fn cache_memory(mut self, bytes: usize) -> ServerBuilder {
        self.settings.queries.cache = bytes;
        self
    }

    /// Sets the time limit of a query (default: 5 minutes). The time in which the client reads the response does not
    /// count.
    #[must_use]
    pub fn query_timeout(mut self, limit: Duration) -> ServerBuilder {
        self.settings.queries.time = limit;
        self
    }

    /// Sets how many queries run at the same time (default: 64). More queries wait for up to 30 seconds; then the server
    /// responds with 503.
    #[must_use]
    pub fn max_concurrent_queries(mut self, count: usize) -> ServerBuilder {
        self.settings.queries.at_once = count.max(1);
        self
    }

    /// Sets the maximum number of open connections (default: 512). More connections wait until one ends.
    #[must_use]
    pub fn max_connections(mut self, count: usize) -> ServerBuilder {
        self.connections = count.max(1);
        self
    }

    /// Sets the client timeout (default: 30 s): how long to wait for the headers of a request, including idle time before
    /// them, for body bytes at 1 KiB/s or more, and for a client that reads the response.
    #[must_use]
    pub fn client_timeout(mut self, timeout: Duration) -> ServerBuilder {
        self.settings.http.client_timeout = timeout;
        self
    }

    /// Ignores fields of JSON bodies that the server does not know, and unknown values of `order` and `format` in queries.
    /// By default they are rejected: a misspelled `where` would return every row.
    #[must_use]
    pub fn ignore_unknown_fields(mut self) -> ServerBuilder {
        self.settings.http.ignore_unknown_fields = true;
        self
    }

    /// Sets how long [`Server::shutdown`] waits for running requests and loads before it cancels them (default: 10 s).
    #[must_use]
    pub fn shutdown_timeout(mut self, limit: Duration) -> ServerBuilder {
        self.shutdown_timeout = limit;
        self
    }

    /// Sets the maximum size of an uploaded file in bytes (default: 16 GiB).
    #[must_use]
    pub fn upload_limit(mut self, bytes: u64) -> ServerBuilder {
        self.settings.upload_limit = bytes;
        self
    }

    /// Allows scripts, which run with the interpreter of [`python`](Self::python). Anyone with an API key can then run
    /// programs on this machine, and read the data and the keys of all accounts. By default scripts are not allowed.
    #[must_use]
    pub fn allow_scripts(mut self) -> ServerBuilder {
        self.settings.scripts.allowed = true;
        self
    }

    /// Sets the time limit of a script (default: 1 hour). A script that exceeds it is killed, with its child processes.
    #[must_use]
    pub fn script_timeout(mut self, timeout: Duration) -> ServerBuilder {
        self.settings.scripts.timeout = timeout;
        self
    }

    /// Limits the address space of each process of a script, in bytes (default: 4 GiB).
    #[must_use]
    pub fn script_memory(mut self, bytes: u64) -> ServerBuilder {
        self.settings.scripts.memory = bytes;
        self
    }

    /// Sets how many processes a script can have at the same time (default: 256). A script that exceeds it is killed.
    #[must_use]
    pub fn script_processes(mut self, count: u32) -> ServerBuilder {
        self.settings.scripts.processes = count;
        self
    }

    /// Limits the files in the folder of a script, in bytes (default: 1 GiB). A script that exceeds it is killed.
    #[must_use]
    pub fn script_disk(mut self, bytes: u64) -> ServerBuilder {
        self.settings.scripts.disk = bytes;
        self
    }

    /// Sends e-mails through an SMTP server: `smtps://user:password@mail.example.com`, `smtp://host:587?tls=required`, or
    /// `smtp://localhost:25` without TLS. By default each e-mail is a file in the folder `outbox` of the data folder.
    #[must_use]
    pub fn smtp(mut self, url: impl Into<String>) -> ServerBuilder {
        self.settings.mails.smtp = Some(url.into());
        self
    }

    /// Sets the sender of e-mails that do not set one (default: `serenytics@localhost`).
    #[must_use]
    pub fn mail_from(mut self, address: impl Into<String>) -> ServerBuilder {
        self.settings.mails.from = address.into();
        self
    }

    /// Sets how many e-mails an account can send in 24 hours (default: 50, as on the platform).
    #[must_use]
    pub fn mail_quota(mut self, mails: u32) -> ServerBuilder {
        self.settings.mails.quota = mails;
        self
    }

    /// Accepts a key for the data API. It can only read the sources of [`data_api_source`](Self::data_api_source). Can be
    /// called several times.
    #[must_use]
    pub fn data_api_key(mut self, key: impl Into<String>) -> ServerBuilder {
        self.settings.data_api.keys.push(key.into());
        self
    }

    /// Lets the keys of the data API read the source with this uuid, or with this name in the account `default`. Can be
    /// called several times.
    #[must_use]
    pub fn data_api_source(mut self, name_or_uuid: impl Into<String>) -> ServerBuilder {
        self.settings.data_api.sources.push(name_or_uuid.into());
        self
    }

    /// Sets the Python interpreter that runs scripts and reads data frames, which clients upload as pandas pickles (default:
    /// `python3`). For data frames it needs pandas, at least in the version of the clients, and PyArrow if they use it.
    #[must_use]
    pub fn python(mut self, program: impl Into<PathBuf>) -> ServerBuilder {
        self.settings.python.program = program.into();
        self
    }

    /// Sets the URL of the S3-compatible server for loads from S3 (default: AWS).
    #[must_use]
    pub fn s3_endpoint(mut self, url: impl Into<String>) -> ServerBuilder {
        self.settings.s3_endpoint = Some(url.into());
        self
    }

    /// Sets the URL of the server in links to exports, uploads and web apps, such as `https://data.example.com` (default:
    /// the header `Host` of the request).
    #[must_use]
    pub fn public_url(mut self, url: impl Into<String>) -> ServerBuilder {
        self.public_url = Some(url.into());
        self
    }

    /// Lets clients upload files through signed links, without their API key, as on a platform with uploads in S3. By
    /// default they upload to the API, with their API key.
    #[must_use]
    pub fn sign_uploads(mut self) -> ServerBuilder {
        self.settings.http.sign_uploads = true;
        self
    }

    /// Sets how long the links of exports and signed uploads are valid (default: 1 hour). A restart of the server also
    /// invalidates them.
    #[must_use]
    pub fn link_ttl(mut self, ttl: Duration) -> ServerBuilder {
        self.settings.link_ttl = ttl;
        self
    }

    /// Limits the memory of loading a data frame, in bytes (default: 4 GiB). This includes the memory of the interpreter.
    #[must_use]
    pub fn python_memory(mut self, bytes: u64) -> ServerBuilder {
        self.settings.python.memory = bytes;
        self
    }

    /// Starts the server. It accepts requests when this returns.
    ///
    /// # Errors
    /// Returns an error if:
    /// - the data folder is in use by another process, or cannot be read or written
    /// - the address cannot be bound
    /// - there is neither an API key nor a user, or two accounts have the same key
    /// - scripts are allowed and the Python interpreter cannot be started
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
        ServerBuilder {
            settings: Settings {
                folder: folder.into(),
                credentials: Credentials::default(),
                queries: QueryLimits { memory: 2 << 30, time: Duration::from_secs(300), at_once: 64, cache: 256 << 20 },
                upload_limit: 16 << 30,
                scripts: ScriptSettings::default(),
                data_api: DataApi::default(),
                mails: MailSettings::default(),
                python: Python::default(),
                s3_endpoint: None,
                link_ttl: Duration::from_secs(60 * 60),
                http: HttpSettings {
                    sign_uploads: false,
                    client_timeout: Duration::from_secs(30),
                    ignore_unknown_fields: false,
                    public_url: None,
                },
            },
            connections: 512,
            public_url: None,
            shutdown_timeout: Duration::from_secs(10),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        }
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

impl std::fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let folder = &self.settings.folder;
        f.debug_struct("ServerBuilder").field("folder", folder).field("listen", &self.listen).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("url", &self.url).finish_non_exhaustive()
    }
}
