//! The server: an engine that listens, on a runtime of its own.

mod listen;
mod stall;

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
use crate::data_api::DataApi;
use crate::engine::{Engine, FolderLock, Settings};
use crate::error::{Context, Error};
use crate::mail::MailSettings;
use crate::script::ScriptSettings;
use listen::Connections;

/// How long the engine's threads are waited for, when everything that they did was cut.
const PATIENCE: Duration = Duration::from_secs(5);

/// The stack of each thread. DataFusion goes through expressions by recursion, and formulas may be deep; what is not
/// used takes no memory.
const STACK: usize = 8 * 1024 * 1024;

/// What a server is started with. Made by [`Server::builder`].
#[derive(Clone)]
pub struct ServerBuilder {
    settings: Settings,
    listen: SocketAddr,
    connections: usize,
    drain: Duration,
}

impl ServerBuilder {
    /// The address to listen on; port 0 takes a free one. `127.0.0.1:0` if this is not called.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> ServerBuilder {
        self.listen = address;
        self
    }

    /// Lets requests with this API key in, for the account called `default`. Can be called several times.
    #[must_use]
    pub fn api_key(self, key: impl Into<String>) -> ServerBuilder {
        self.account_key(Account::DEFAULT, key)
    }

    /// Lets requests with this API key in, for the account with this name. Can be called several times: for several
    /// accounts, of which none sees what another one has, and for several keys of one.
    #[must_use]
    pub fn account_key(mut self, name: impl Into<String>, key: impl Into<String>) -> ServerBuilder {
        self.settings.credentials.keys.push((name.into(), key.into()));
        self
    }

    /// Lets a user log in who can make API keys for the account that is called like the login. Can be called several
    /// times.
    #[must_use]
    pub fn user(mut self, login: impl Into<String>, password: impl Into<String>) -> ServerBuilder {
        self.settings.credentials.users.push((login.into(), password.into()));
        self
    }

    /// How many bytes of memory all queries take between them; 2 GiB if this is not called. What does not fit is
    /// written to the data folder, or refused.
    #[must_use]
    pub fn query_memory(mut self, bytes: usize) -> ServerBuilder {
        self.settings.queries.memory = bytes;
        self
    }

    /// How long a query runs at most; 5 minutes if this is not called. The time that a client takes to read an answer is
    /// not the query's.
    #[must_use]
    pub fn query_timeout(mut self, limit: Duration) -> ServerBuilder {
        self.settings.queries.time = limit;
        self
    }

    /// How many queries run at the same time; 64 if this is not called. Others wait for their turn, half a minute at
    /// most, and are then told to come again.
    #[must_use]
    pub fn max_concurrent_queries(mut self, count: usize) -> ServerBuilder {
        self.settings.queries.at_once = count.max(1);
        self
    }

    /// How many connections are open at the same time; 512 if this is not called. Others wait until one ends.
    #[must_use]
    pub fn max_connections(mut self, count: usize) -> ServerBuilder {
        self.connections = count.max(1);
        self
    }

    /// How long a client may keep the server waiting, 30 seconds if this is not called: for the headers of a request, idle
    /// before them included; for a part of a file at 1 KiB a second; to take a part of an answer.
    #[must_use]
    pub fn client_timeout(mut self, patience: Duration) -> ServerBuilder {
        self.settings.patience = patience;
        self
    }

    /// How long a stop waits for requests and loads that still run, before they are cut; 10 seconds if this is not called.
    #[must_use]
    pub fn shutdown_timeout(mut self, limit: Duration) -> ServerBuilder {
        self.drain = limit;
        self
    }

    /// How many bytes an uploaded file has at most; 16 GiB if this is not called.
    #[must_use]
    pub fn upload_limit(mut self, bytes: u64) -> ServerBuilder {
        self.settings.upload_limit = bytes;
        self
    }

    /// Runs scripts, by the interpreter that [`python`](Self::python) names. Everybody who has an API key can run programs on
    /// this machine then. If this is not called, no script is run.
    #[must_use]
    pub fn allow_scripts(mut self) -> ServerBuilder {
        self.settings.scripts.allowed = true;
        self
    }

    /// How long a script may take; an hour if this is not called. Then it is ended, with the processes it started.
    #[must_use]
    pub fn script_timeout(mut self, timeout: Duration) -> ServerBuilder {
        self.settings.scripts.timeout = timeout;
        self
    }

    /// How many bytes of address space each process of a script has; 4 GiB if this is not called.
    #[must_use]
    pub fn script_memory(mut self, bytes: u64) -> ServerBuilder {
        self.settings.scripts.memory = bytes;
        self
    }

    /// Sends mails by this SMTP server: `smtps://user:password@mail.example.com`, `smtp://host:587?tls=required`, or
    /// `smtp://localhost:25` without TLS. If this is not called, each mail is a file in the data folder's `outbox`.
    #[must_use]
    pub fn smtp(mut self, url: impl Into<String>) -> ServerBuilder {
        self.settings.mails.smtp = Some(url.into());
        self
    }

    /// The sender of mails that name none; `serenytics@localhost` if this is not called.
    #[must_use]
    pub fn mail_from(mut self, address: impl Into<String>) -> ServerBuilder {
        self.settings.mails.from = address.into();
        self
    }

    /// How many mails an account may send in 24 hours; 50 if this is not called, as on the platform.
    #[must_use]
    pub fn mail_quota(mut self, mails: u32) -> ServerBuilder {
        self.settings.mails.quota = mails;
        self
    }

    /// Lets requests of the data API with this key in, which read the sources that [`data_api_source`](Self::data_api_source)
    /// names, and do nothing else. Can be called several times.
    #[must_use]
    pub fn data_api_key(mut self, key: impl Into<String>) -> ServerBuilder {
        self.settings.data_api.keys.push(key.into());
        self
    }

    /// Opens a source to the keys of the data API: by its uuid, or by its name if it is the default account's. Can be called
    /// several times.
    #[must_use]
    pub fn data_api_source(mut self, name_or_uuid: impl Into<String>) -> ServerBuilder {
        self.settings.data_api.sources.push(name_or_uuid.into());
        self
    }

    /// The Python that reads data frames, which clients upload as pandas pickles, and that runs scripts. For data frames it
    /// needs pandas, of the clients' version or a newer one, and PyArrow if they have it. `python3` if this is not called.
    #[must_use]
    pub fn python(mut self, program: impl Into<PathBuf>) -> ServerBuilder {
        self.settings.python.program = program.into();
        self
    }

    /// The URL of the server that loads from S3 read objects of, which speaks the protocol of S3; AWS if this is not called.
    #[must_use]
    pub fn s3_endpoint(mut self, url: impl Into<String>) -> ServerBuilder {
        self.settings.s3_endpoint = Some(url.into());
        self
    }

    /// Lets clients upload files by signed links, without their key, as on a platform that keeps uploads in S3. Without
    /// this call they upload with their key, to the API itself.
    #[must_use]
    pub fn sign_uploads(mut self) -> ServerBuilder {
        self.settings.sign_uploads = true;
        self
    }

    /// How long the links of exports and of signed uploads are good for; an hour if this is not called. They end with the
    /// server too.
    #[must_use]
    pub fn link_ttl(mut self, life: Duration) -> ServerBuilder {
        self.settings.link_ttl = life;
        self
    }

    /// How many bytes of memory a data frame may take while it is loaded, Python's own among them; 4 GiB if this is not
    /// called.
    #[must_use]
    pub fn python_memory(mut self, bytes: u64) -> ServerBuilder {
        self.settings.python.memory = bytes;
        self
    }

    /// Starts the server. It is ready when this returns.
    ///
    /// # Errors
    /// The data folder is in use or cannot be used, the address cannot be listened on, there is neither an API key nor a
    /// user, or two accounts have the same key; scripts are allowed and the Python cannot be started; the SMTP server's URL
    /// or the sender's address is none.
    pub async fn start(self) -> Result<Server, Error> {
        self.settings.credentials.check()?;
        self.settings.data_api.check_keys(&self.settings.credentials)?;
        let lock = FolderLock::take(&self.settings.folder)?;
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .thread_name("serenytics-local")
            .thread_stack_size(STACK)
            .build()
            .context("the engine's threads could not be started")?;
        let (stop, stopped) = watch::channel(());
        let started = runtime.spawn(serve(self, stopped));
        let mut running = Running { runtime: Some(runtime), stop: Some(stop), lock: Some(lock) };
        match started.await.context("the engine failed to start") {
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

/// Opens the engine and the address; what is returned runs until it is told to stop.
async fn serve(
    builder: ServerBuilder,
    mut stopped: watch::Receiver<()>,
) -> Result<(SocketAddr, JoinHandle<()>), Error> {
    let ServerBuilder { settings, listen, connections, drain } = builder;
    let limits = Connections { at_once: connections, patience: settings.patience };
    let listener =
        TcpListener::bind(listen).await.context(&format!("the address {listen} could not be listened on"))?;
    let address = listener.local_addr().context("the address is not known")?;
    let engine = Arc::new(Engine::open(settings, &local_url(address), api::BODY_MEMORY).await?);
    let router = api::router(Arc::clone(&engine));
    let serving = tokio::spawn(async move {
        let mut told = stopped.clone();
        let stop = async move {
            // An error means that the server was dropped, which is a stop as well.
            let _ = told.changed().await;
        };
        let served = async {
            listen::serve(listener, router, limits, Arc::clone(&engine.metrics), stop).await;
            engine.finish_jobs().await;
        };
        let patience = async move {
            let _ = stopped.changed().await;
            tokio::time::sleep(drain).await;
        };
        tokio::select! {
            () = served => {}
            () = patience => tracing::warn!("requests and loads that still run are cut"),
        }
        engine.close().await;
    });
    Ok((address, serving))
}

/// The URL of the API, as this machine reaches it.
fn local_url(mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{address}")
}

/// A server that runs until it is stopped or dropped.
pub struct Server {
    url: String,
    address: SocketAddr,
    serving: Option<JoinHandle<()>>,
    running: Running,
}

/// What a server runs on, and what ends with it.
struct Running {
    runtime: Option<Runtime>,
    stop: Option<watch::Sender<()>>,
    lock: Option<FolderLock>,
}

impl Running {
    /// Ends everything that still runs, and then gives the folder back.
    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            // A runtime may not be ended by one of the caller's own threads.
            let ending = std::thread::spawn(move || runtime.shutdown_timeout(PATIENCE));
            if ending.join().is_err() {
                tracing::error!("the engine's threads did not end");
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
    /// A server for a data folder, which is made if it does not exist.
    #[must_use]
    pub fn builder(folder: impl Into<PathBuf>) -> ServerBuilder {
        ServerBuilder {
            settings: Settings {
                folder: folder.into(),
                credentials: Credentials::default(),
                queries: QueryLimits { memory: 2 << 30, time: Duration::from_secs(300), at_once: 64 },
                upload_limit: 16 << 30,
                scripts: ScriptSettings::default(),
                data_api: DataApi::default(),
                mails: MailSettings::default(),
                python: Python::default(),
                s3_endpoint: None,
                sign_uploads: false,
                link_ttl: Duration::from_secs(60 * 60),
                patience: Duration::from_secs(30),
            },
            connections: 512,
            drain: Duration::from_secs(10),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        }
    }

    /// The URL of the API: `http://127.0.0.1:8000`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address that the server listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops: no request is taken any more, and those that run, loads included, are given the [drain
    /// time](ServerBuilder::shutdown_timeout). What is cut then is done wholly or not at all. The data folder is free when this
    /// returns.
    pub async fn shutdown(mut self) {
        drop(self.running.stop.take());
        if let Some(serving) = self.serving.take()
            && serving.await.is_err()
        {
            tracing::error!("the server ended before it was stopped");
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
