//! The builder of a server: its settings and their defaults.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serenytics_engine::{Python, QueryLimits};

use crate::access::{Account, Credentials};
use crate::data_api::DataApi;
use crate::mail::MailSettings;
use crate::platform::{HttpSettings, Settings};
use crate::script::ScriptSettings;

/// The settings of a server, created by [`Server::builder`](crate::Server::builder).
#[derive(Clone)]
pub struct ServerBuilder {
    pub(super) settings: Settings,
    pub(super) listen: SocketAddr,
    pub(super) connections: usize,
    pub(super) shutdown_timeout: Duration,
    pub(super) public_url: Option<String>,
}

impl ServerBuilder {
    /// Returns the default settings for a data folder.
    pub(super) fn new(folder: PathBuf) -> ServerBuilder {
        ServerBuilder {
            settings: Settings {
                folder,
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

    /// Sets how long [`Server::shutdown`](crate::Server::shutdown) waits for running requests and loads before it cancels
    /// them (default: 10 s).
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
}

impl std::fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let folder = &self.settings.folder;
        f.debug_struct("ServerBuilder").field("folder", folder).field("listen", &self.listen).finish_non_exhaustive()
    }
}
