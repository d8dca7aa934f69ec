//! The builder of a client: server URL, API key, timeouts and HTTP settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::api_key::ApiKey;
use crate::client::Client;
use crate::client::environment::{DEFAULT_URL, Environment};
use crate::error::{Error, Kind};
use crate::session::Session;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use crate::transport::Tls;
use crate::transport::{Connection, Deadlines, HttpOptions, Proxy, redacted_url};

/// Builds a [`Client`].
///
/// | timeout | default | passes when |
/// | --- | --- | --- |
/// | [`connect_timeout`](Self::connect_timeout) | 10 seconds | no connection is established |
/// | [`read_timeout`](Self::read_timeout) | 5 minutes | the server sends nothing, as it does while it computes |
/// | [`timeout`](Self::timeout) | 10 minutes | a call, with all its attempts and its whole response, is not done |
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    url: String,
    api_key: Option<ApiKey>,
    deadlines: Deadlines,
    http: HttpOptions,
}

/// The URL may contain a password, or be the API key by mistake: it is only shown once parsed and
/// redacted.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = Url::parse(self.url.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.map_or_else(|| "[invalid URL]".to_owned(), |url| redacted_url(&url));
        let url = self.api_key.as_ref().map_or(url.clone(), |key| key.redact(url));
        f.debug_struct("ClientBuilder")
            .field("url", &url)
            .field("api_key", &self.api_key)
            .field("deadlines", &self.deadlines)
            .finish_non_exhaustive()
    }
}

impl Default for ClientBuilder {
    fn default() -> Self {
        let deadlines = Deadlines {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(5 * 60),
            overall: Duration::from_secs(10 * 60),
        };
        ClientBuilder { url: DEFAULT_URL.to_owned(), api_key: None, deadlines, http: HttpOptions::default() }
    }
}

impl ClientBuilder {
    /// Returns a builder with the URL and API key of the environment; see [`Client::from_env`].
    pub(crate) fn environment(environment: &Environment<'_>) -> Result<ClientBuilder, Error> {
        Ok(ClientBuilder::default().url(environment.url()).api_key(environment.api_key()?))
    }

    /// Sets the server's URL (default: `https://api.serenytics.com`). A path is kept as a prefix of
    /// all calls.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        self
    }

    /// Sets the API key.
    pub fn api_key(mut self, api_key: impl Into<ApiKey>) -> Self {
        self.api_key = Some(api_key.into());
        self
    }

    /// Sets the connect timeout (default: 10 s): how long establishing a connection may take.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.deadlines.connect = timeout;
        self
    }

    /// Sets the read timeout (default: 5 min): how long the server may send nothing.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.deadlines.read = timeout;
        self
    }

    /// Sets the timeout of a whole call (default: 10 min). Loading a file has its own timeout.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.deadlines.overall = timeout;
        self
    }

    /// Uses this proxy for all connections, instead of the system's:
    /// `http://user:password@proxy:3128`. Connections to localhost use it too.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.http.proxy = Proxy::At(ApiKey::from(url.into()));
        self
    }

    /// Uses no proxy, whatever the system's settings. Connections to localhost never use the
    /// system's proxy, unless [`http`](Self::http) is called: then the configured client decides.
    pub fn no_proxy(mut self) -> Self {
        self.http.proxy = Proxy::None;
        self
    }

    /// Adds trusted root certificates to those of the system: PEM, one or several.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.http.roots.push(pem.into());
        self
    }

    /// Uses rustls for HTTPS, the default.
    #[cfg(feature = "rustls")]
    pub fn use_rustls(mut self) -> Self {
        self.http.tls = Tls::Rustls;
        self
    }

    /// Uses the system's TLS library for HTTPS: OpenSSL, SChannel or Secure Transport.
    #[cfg(feature = "native-tls")]
    pub fn use_native_tls(mut self) -> Self {
        self.http.tls = Tls::Native;
        self
    }

    /// Configures the underlying [`reqwest`] client: a client certificate, a resolver, a local
    /// address, pool limits. The closure may return another builder.
    ///
    /// It is called twice: for the client of API calls and for the client of downloads. The
    /// settings of this builder are applied afterwards, and so is what keeps the API key out of
    /// logs and away from other servers: redirects, the user agent, and no verbose connections.
    ///
    /// ```
    /// # fn build() -> Result<serenytics_core::Client, serenytics_core::Error> {
    /// serenytics_core::Client::builder().api_key("..").http(|http| http.pool_max_idle_per_host(4)).build()
    /// # }
    /// ```
    pub fn http(
        mut self,
        configure: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        self.http.configure = Some(Arc::new(configure));
        self
    }

    /// Builds the client. Sends nothing.
    ///
    /// # Errors
    /// Returns an error if the URL is invalid, or the API key is missing or not a valid header
    /// value.
    pub fn build(self) -> Result<Client, Error> {
        let usage = |message: &str| Error::new(Kind::Usage, message);
        let api_key = self.api_key.clone().filter(|key| !key.is_empty()).ok_or_else(|| {
            usage("no API key: set one by `.api_key(..)`, or use `Client::from_env()`, which reads SERENYTICS_API_KEY")
        })?;
        let key_header = api_key.header().map_err(|_| {
            usage("the API key contains a line end or a character that is not ASCII, which cannot be sent")
        })?;
        Ok(Client { session: self.session(api_key, key_header)? })
    }

    /// Opens a session with a key and the header that carries it. Sends nothing.
    pub(crate) fn session(self, api_key: ApiKey, key_header: HeaderValue) -> Result<Session, Error> {
        let url = base_url(&self.url)?;
        let clients = self.http.clients(&url, self.deadlines.connect)?;
        Ok(Session::new(Connection::new(clients, url, api_key, key_header, self.deadlines)))
    }
}

/// Parses the server's URL. Errors do not show it: it may contain a password, or be the API key by
/// mistake.
fn base_url(text: &str) -> Result<Url, Error> {
    let invalid = |message: String| Err(Error::new(Kind::Usage, message));
    let wrong = |reason: &str| invalid(format!("invalid server URL ({reason}): write it as in {DEFAULT_URL}"));
    let url = match Url::parse(text.trim()) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url,
        Ok(_) => return wrong("it does not begin with https:// or http://"),
        Err(error) => return wrong(&error.to_string()),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return invalid(
            "the server's URL contains a user or a password: remove them, the API key is enough".to_owned(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return invalid(
            "the server's URL contains `?` or `#`: remove everything after the host and the path".to_owned(),
        );
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(builder: ClientBuilder) -> String {
        builder.build().unwrap_err().to_string()
    }

    #[test]
    fn invalid_url_error_shows_a_valid_url() {
        for url in ["api.serenytics.com", "localhost:8000", "", "ftp://host", "https://"] {
            let message = error_of(ClientBuilder::default().api_key("canary").url(url));
            assert!(message.contains("https://api.serenytics.com"), "{url}: {message}");
        }
        for url in ["https://me:canary@host", "me:canary@host", "https://host?key=canary"] {
            let message = error_of(ClientBuilder::default().api_key("canary").url(url));
            assert!(!message.contains("canary"), "{url}: {message}");
        }
    }

    #[test]
    fn secrets_in_a_url_are_not_printed() {
        let secrets =
            ["canary-7f3a91", "canary:7f3a91", "https://me:canary@host/p?key=canary#canary", "ftp://canary@host"];
        for url in secrets {
            let builder = ClientBuilder::default().api_key("k").url(url);
            let printed = format!("{builder:?} {}", error_of(builder.clone()));
            assert!(!printed.contains("canary"), "{url}: {printed}");
        }
        let builder = ClientBuilder::default().api_key("canary-7f3a91").url("https://host/canary-7f3a91");
        let printed = format!("{builder:?} {:?}", builder.clone().build().unwrap());
        assert!(printed.contains("https://host/") && !printed.contains("canary"), "{printed}");
    }

    #[test]
    fn api_key_is_required_and_never_printed() {
        assert!(error_of(ClientBuilder::default()).contains("api_key"));
        assert!(error_of(ClientBuilder::default().api_key(" ")).contains("no API key"));
        let message = error_of(ClientBuilder::default().api_key("cana\nry"));
        assert!(message.contains("line end") && !message.contains("cana"), "{message}");
        let builder = ClientBuilder::default().api_key("canary");
        let client = builder.clone().build().unwrap();
        let printed = format!("{builder:?} {client:?}");
        assert!(!printed.contains("canary"), "{printed}");
    }
}
