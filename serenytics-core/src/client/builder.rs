//! The builder of a client: the server's URL, the API key and the deadlines.

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
use crate::transport::{Connection, Deadlines, HttpOptions, Proxy, place};

/// Makes a [`Client`].
///
/// | deadline | default | passes when |
/// | --- | --- | --- |
/// | [`connect_timeout`](Self::connect_timeout) | 10 seconds | no connection is made |
/// | [`read_timeout`](Self::read_timeout) | 5 minutes | the server sends nothing, as it does while it computes |
/// | [`timeout`](Self::timeout) | 10 minutes | a call, with all its attempts and its whole answer, is not done |
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    url: String,
    api_key: Option<ApiKey>,
    deadlines: Deadlines,
    http: HttpOptions,
}

/// What was given as the URL may hold a password, or be the API key by mistake: only what is surely none is shown.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = Url::parse(self.url.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.map_or_else(|| "[no URL]".to_owned(), |url| place(&url));
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
    /// The URL and the API key that the process was given; see [`Client::from_env`].
    pub(crate) fn environment(environment: &Environment<'_>) -> Result<ClientBuilder, Error> {
        Ok(ClientBuilder::default().url(environment.url()).api_key(environment.api_key()?))
    }

    /// The server: `https://api.serenytics.com` unless set. A path is kept as a prefix of all calls.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        self
    }

    /// The API key.
    pub fn api_key(mut self, api_key: impl Into<ApiKey>) -> Self {
        self.api_key = Some(api_key.into());
        self
    }

    /// How long making a connection may take.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.deadlines.connect = timeout;
        self
    }

    /// How long the server may send nothing, which it does while it computes.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.deadlines.read = timeout;
        self
    }

    /// How long a whole call may take. Loading a file has a deadline of its own.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.deadlines.overall = timeout;
        self
    }

    /// A proxy for all connections, in place of those that the system has: `http://user:password@proxy:3128`. Servers of this machine are
    /// reached through it too.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.http.proxy = Proxy::At(ApiKey::from(url.into()));
        self
    }

    /// No proxy, whatever the system has. Servers of this machine are never reached through one of the system's, unless
    /// [`http`](Self::http) sets up the connections: then a client without a proxy is its matter.
    pub fn no_proxy(mut self) -> Self {
        self.http.proxy = Proxy::None;
        self
    }

    /// Further certificates of authorities that servers are trusted by, beside those of the system: PEM, one or several.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.http.roots.push(pem.into());
        self
    }

    /// HTTPS by rustls, as it is unless set.
    #[cfg(feature = "rustls")]
    pub fn use_rustls(mut self) -> Self {
        self.http.tls = Tls::Rustls;
        self
    }

    /// HTTPS by the system's own TLS: OpenSSL, SChannel or Secure Transport.
    #[cfg(feature = "native-tls")]
    pub fn use_native_tls(mut self) -> Self {
        self.http.tls = Tls::Native;
        self
    }

    /// Everything else of the connections, said to the builder of [`reqwest`]: a client certificate, a resolver, a local address, limits of the
    /// pool. Another builder may be given back.
    ///
    /// It is called for each of the two clients there are, of calls and of downloads. Redirects, the user agent and what else keeps the API
    /// key from other servers and from logs is set behind it, as are the settings of this builder: connections are never verbose.
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

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    /// A URL that is none, no API key, or one that cannot be sent.
    pub fn build(self) -> Result<Client, Error> {
        let usage = |message: &str| Error::new(Kind::Usage, message);
        let api_key = self.api_key.clone().filter(|key| !key.is_empty()).ok_or_else(|| {
            usage("no API key: give one by `.api_key(..)`, or use `Client::from_env()`, which reads SERENYTICS_API_KEY")
        })?;
        let key_header = api_key.header().map_err(|_| {
            usage("the API key holds a character that cannot be sent: a line end, or one that is not ASCII")
        })?;
        Ok(Client { session: self.session(api_key, key_header)? })
    }

    /// Opens a session with a key, and the header that carries it. Nothing is sent.
    pub(crate) fn session(self, api_key: ApiKey, key_header: HeaderValue) -> Result<Session, Error> {
        let url = base_url(&self.url)?;
        let clients = self.http.clients(&url, self.deadlines.connect)?;
        Ok(Session::new(Connection::new(clients, url, api_key, key_header, self.deadlines)))
    }
}

/// Reads the server's URL. What is wrong with it is told without the text, which may hold a password, or be the API key by
/// mistake.
fn base_url(text: &str) -> Result<Url, Error> {
    let refuse = |message: String| Err(Error::new(Kind::Usage, message));
    let wrong = |reason: &str| {
        refuse(format!("what is set as the server's URL is no URL ({reason}): write it as in {DEFAULT_URL}"))
    };
    let url = match Url::parse(text.trim()) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url,
        Ok(_) => return wrong("it does not begin with https:// or http://"),
        Err(error) => return wrong(&error.to_string()),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("the server's URL holds a user or a password: take them out, the API key is enough".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse(
            "the server's URL holds a `?` or `#`: leave out everything behind the host and the path".to_owned(),
        );
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(builder: ClientBuilder) -> String {
        builder.build().unwrap_err().to_string()
    }

    #[test]
    fn bad_urls_are_refused_with_the_right_spelling() {
        for url in ["api.serenytics.com", "localhost:8000", "", "ftp://host", "https://"] {
            let message = refused(ClientBuilder::default().api_key("canary").url(url));
            assert!(message.contains("https://api.serenytics.com"), "{url}: {message}");
        }
        for url in ["https://me:canary@host", "me:canary@host", "https://host?key=canary"] {
            let message = refused(ClientBuilder::default().api_key("canary").url(url));
            assert!(!message.contains("canary"), "{url}: {message}");
        }
    }

    #[test]
    fn what_may_be_secret_in_a_url_is_not_printed() {
        let secrets =
            ["canary-7f3a91", "canary:7f3a91", "https://me:canary@host/p?key=canary#canary", "ftp://canary@host"];
        for url in secrets {
            let builder = ClientBuilder::default().api_key("k").url(url);
            let printed = format!("{builder:?} {}", refused(builder.clone()));
            assert!(!printed.contains("canary"), "{url}: {printed}");
        }
        let builder = ClientBuilder::default().api_key("canary-7f3a91").url("https://host/canary-7f3a91");
        let printed = format!("{builder:?} {:?}", builder.clone().build().unwrap());
        assert!(printed.contains("https://host/") && !printed.contains("canary"), "{printed}");
    }

    #[test]
    fn a_key_is_needed_and_is_never_printed() {
        assert!(refused(ClientBuilder::default()).contains("api_key"));
        assert!(refused(ClientBuilder::default().api_key(" ")).contains("no API key"));
        let message = refused(ClientBuilder::default().api_key("cana\nry"));
        assert!(message.contains("line end") && !message.contains("cana"), "{message}");
        let builder = ClientBuilder::default().api_key("canary");
        let client = builder.clone().build().unwrap();
        let printed = format!("{builder:?} {client:?}");
        assert!(!printed.contains("canary"), "{printed}");
    }
}
