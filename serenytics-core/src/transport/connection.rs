//! The connection to a server: its HTTP clients, URL, credentials and deadlines.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::api_key::ApiKey;
use crate::transport::{Deadline, HttpClients};

/// A connection to a server, as needed by requests. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Connection {
    server: Arc<Server>,
    deadlines: Deadlines,
}

struct Server {
    clients: HttpClients,
    url: Url,
    api_key: ApiKey,
    key_header: HeaderValue,
}

/// How long the steps of a call may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    pub(crate) connect: Duration,
    pub(crate) read: Duration,
    pub(crate) overall: Duration,
}

impl Connection {
    pub(crate) fn new(
        clients: HttpClients,
        url: Url,
        api_key: ApiKey,
        key_header: HeaderValue,
        deadlines: Deadlines,
    ) -> Connection {
        Connection { server: Arc::new(Server { clients, url, api_key, key_header }), deadlines }
    }

    /// Returns a connection over the same HTTP clients that redacts another secret.
    pub(crate) fn with_token(&self, token: ApiKey) -> Connection {
        let Server { clients, url, key_header, .. } = &*self.server;
        Connection::new(clients.clone(), url.clone(), token, key_header.clone(), self.deadlines)
    }

    /// Returns the same connection with another deadline for whole calls. The read deadline is at
    /// least as long.
    pub(crate) fn with_timeout(mut self, timeout: Duration) -> Connection {
        self.deadlines.overall = timeout;
        self.deadlines.read = self.deadlines.read.max(timeout);
        self
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.server.clients.api
    }

    pub(crate) fn downloads(&self) -> &reqwest::Client {
        &self.server.clients.downloads
    }

    /// Returns the proxy of API calls, as messages name it.
    pub(crate) fn proxy(&self) -> Option<&str> {
        self.server.clients.proxy.as_deref()
    }

    pub(crate) fn url(&self) -> &Url {
        &self.server.url
    }

    pub(crate) fn api_key(&self) -> &ApiKey {
        &self.server.api_key
    }

    pub(crate) fn key_header(&self) -> &HeaderValue {
        &self.server.key_header
    }

    pub(crate) fn deadlines(&self) -> Deadlines {
        self.deadlines
    }

    /// Returns the deadline of a call that starts now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.deadlines.overall, "`timeout` of the client's builder, or `with_timeout`,")
    }

    /// Returns the deadline of a call that starts now and may have its own timeout. `setting` names
    /// that timeout in error messages.
    pub(crate) fn deadline_or(&self, own: Option<Duration>, setting: &'static str) -> Deadline {
        own.map_or_else(|| self.deadline(), |timeout| Deadline::after(timeout, setting))
    }
}
