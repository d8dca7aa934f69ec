//! The HTTP clients: proxies, certificates, TLS, and settings that keep the API key from other
//! servers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::redirect::Policy;

use crate::error::{Error, Kind};
use crate::transport::proxy::{Proxy, is_loopback};

/// The user agent of the client.
const USER_AGENT: &str = concat!("serenytics-rust/", env!("CARGO_PKG_VERSION"));

/// Maximum number of redirects of a download.
const REDIRECTS: usize = 10;

/// A user's configuration of the reqwest builder.
type Configure = Arc<dyn Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync>;

/// The options of the HTTP clients.
#[derive(Clone, Default)]
pub(crate) struct HttpOptions {
    pub(crate) proxy: Proxy,
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) tls: Tls,
    pub(crate) configure: Option<Configure>,
}

/// The HTTP clients of a connection. Cheap to clone.
#[derive(Clone)]
pub(crate) struct HttpClients {
    /// For API calls, which follow no redirect.
    pub(super) api: reqwest::Client,
    /// For files on other servers, which are downloaded without the key.
    pub(super) downloads: reqwest::Client,
    /// The proxy of API calls, as messages name it.
    pub(super) proxy: Option<Arc<str>>,
}

/// The TLS library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tls {
    /// Rustls if it is compiled in, else native TLS.
    #[default]
    Default,
    #[cfg(feature = "rustls")]
    Rustls,
    #[cfg(feature = "native-tls")]
    Native,
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOptions").field("tls", &self.tls).finish_non_exhaustive()
    }
}

impl HttpOptions {
    /// Creates the clients for API calls and for downloads.
    pub(crate) fn clients(&self, url: &Url, connect: Duration) -> Result<HttpClients, Error> {
        if url.scheme() == "https" && !cfg!(any(feature = "rustls", feature = "native-tls")) {
            let message = "HTTPS is not compiled in: enable the feature `rustls` or `native-tls` of serenytics";
            return Err(Error::new(Kind::Usage, message));
        }
        let client = |redirect: Policy, gzip: bool| {
            let http = self.builder(url)?.connect_timeout(connect).redirect(redirect).gzip(gzip);
            // Verbose connections log everything that is sent, including the key.
            let http = http.user_agent(USER_AGENT).referer(false).connection_verbose(false);
            http.build().map_err(|error| wrong("set up the HTTP client", error))
        };
        // Files are downloaded as they are: a gzipped file stays gzipped.
        Ok(HttpClients {
            api: client(Policy::none(), true)?,
            downloads: client(Policy::limited(REDIRECTS), false)?,
            proxy: self.described_proxy(url).map(Arc::from),
        })
    }

    /// Describes the proxy of API calls. A proxy that the user configured in reqwest is not known.
    fn described_proxy(&self, url: &Url) -> Option<String> {
        match self.proxy {
            Proxy::System if self.configure.is_some() => None,
            _ => self.proxy.described(url, |name| std::env::var(name).ok()),
        }
    }

    fn builder(&self, url: &Url) -> Result<reqwest::ClientBuilder, Error> {
        let mut http = reqwest::Client::builder();
        if let Some(configure) = &self.configure {
            http = configure(http);
        }
        http = match &self.proxy {
            Proxy::At(proxy) => {
                let proxy = reqwest::Proxy::all(proxy.expose_secret()).map_err(|_| {
                    // The cause may contain the password.
                    Error::new(Kind::Usage, "invalid proxy URL: write it as in http://user:password@proxy:3128")
                })?;
                http.proxy(proxy)
            }
            Proxy::None => http.no_proxy(),
            // A system proxy cannot reach servers on this machine.
            Proxy::System if is_loopback(url) && self.configure.is_none() => http.no_proxy(),
            Proxy::System => http,
        };
        self.with_tls(http)
    }

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    fn with_tls(&self, mut http: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, Error> {
        for pem in &self.roots {
            let roots = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|error| wrong("read the root certificates", error))?;
            if roots.is_empty() {
                let message =
                    "no certificate found in the root certificates: PEM begins with -----BEGIN CERTIFICATE-----";
                return Err(Error::new(Kind::Usage, message));
            }
            http = http.tls_certs_merge(roots);
        }
        Ok(match self.tls {
            // Keep what the user configured.
            Tls::Default if self.configure.is_some() => http,
            #[cfg(feature = "rustls")]
            Tls::Default | Tls::Rustls => http.tls_backend_rustls(),
            #[cfg(feature = "native-tls")]
            Tls::Native => http.tls_backend_native(),
            #[cfg(not(feature = "rustls"))]
            Tls::Default => http.tls_backend_native(),
        })
    }

    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    fn with_tls(&self, http: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, Error> {
        let (_, _) = (&self.roots, self.tls);
        Ok(http)
    }
}

fn wrong(what: &str, error: reqwest::Error) -> Error {
    let error = error.without_url();
    Error::new(Kind::Usage, format!("cannot {what}: {error}")).caused_by(error)
}
