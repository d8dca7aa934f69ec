//! The proxy of a client: the user's choice, and how messages name it.

use std::net::IpAddr;

use reqwest::Url;

use crate::api_key::ApiKey;

/// The proxy of all connections.
#[derive(Clone, Default)]
pub(crate) enum Proxy {
    /// The system's proxies.
    #[default]
    System,
    /// The proxy at this URL, which may contain a password.
    At(ApiKey),
    None,
}

impl Proxy {
    /// Describes the proxy for connections to a server, without its password. Returns `None` if
    /// there is no proxy, or it is not known. `variable` reads an environment variable.
    pub(super) fn described(&self, server: &Url, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
        match self {
            Proxy::None => None,
            Proxy::At(url) => Some(format!("the proxy {}", shown(url.expose_secret())?)),
            Proxy::System if is_loopback(server) => None,
            Proxy::System => {
                let scheme = server.scheme();
                let names = [format!("{}_PROXY", scheme.to_uppercase()), format!("{scheme}_proxy")];
                let names = names.iter().map(String::as_str).chain(["ALL_PROXY", "all_proxy"]);
                let (name, url) =
                    names.filter_map(|name| Some((name, variable(name)?))).find(|(_, url)| !url.trim().is_empty())?;
                let excluded = variable("NO_PROXY").or_else(|| variable("no_proxy")).unwrap_or_default();
                let is_excluded = excludes(&excluded, server.host_str().unwrap_or_default());
                (!is_excluded).then_some(format!("the proxy {} of `{name}`", shown(&url)?))
            }
        }
    }
}

/// Returns the scheme, host and port of a proxy's URL, which may lack the scheme.
fn shown(url: &str) -> Option<String> {
    let url =
        Url::parse(url.trim()).ok().filter(Url::has_host).or_else(|| Url::parse(&format!("http://{url}")).ok())?;
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    Some(format!("{}://{}{port}", url.scheme(), url.host_str()?))
}

/// Returns true if the list in `NO_PROXY` contains a host, one of its domains, or `*`.
fn excludes(list: &str, host: &str) -> bool {
    list.split(',').map(|entry| entry.trim().trim_start_matches('.')).any(|entry| {
        entry == "*"
            || host
                .strip_suffix(entry)
                .is_some_and(|before| !entry.is_empty() && (before.is_empty() || before.ends_with('.')))
    })
}

/// Returns true if a URL's host is this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn loopback_addresses_are_recognized() {
        let loopback = |text| is_loopback(&url(text));
        assert!(loopback("http://127.0.0.1:8000") && loopback("http://[::1]:1") && loopback("http://localhost"));
        assert!(!loopback("https://api.serenytics.com") && !loopback("http://10.0.0.1"));
    }

    #[test]
    fn proxies_are_described_without_their_password() {
        let server = url("https://api.serenytics.com");
        let at = |text: &str| Proxy::At(ApiKey::from(text)).described(&server, |_| None);
        for text in ["http://me:canary@proxy:3128", "me:canary@proxy:3128", " http://me:canary@proxy:3128/canary "] {
            assert_eq!(at(text).as_deref(), Some("the proxy http://proxy:3128"), "{text}");
        }
        assert_eq!(at("socks5://proxy").as_deref(), Some("the proxy socks5://proxy"));
        assert_eq!(Proxy::None.described(&server, |_| Some("http://proxy".to_owned())), None);
    }

    #[test]
    fn system_proxy_is_the_one_of_its_variable() {
        let of = |server: &str, variables: &[(&str, &str)]| {
            let variable =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, url)| (*url).to_owned());
            Proxy::System.described(&url(server), variable)
        };
        let https = ("HTTPS_PROXY", "http://me:canary@proxy:3128");
        let server = "https://api.serenytics.com";
        assert_eq!(of(server, &[https]).as_deref(), Some("the proxy http://proxy:3128 of `HTTPS_PROXY`"));
        assert_eq!(of(server, &[("all_proxy", "proxy:1")]).as_deref(), Some("the proxy http://proxy:1 of `all_proxy`"));
        assert_eq!(of("http://api.serenytics.com", &[https]), None);
        assert_eq!(of("https://localhost:8000", &[https]), None);
        for excluded in ["*", "serenytics.com", ".serenytics.com", "other, api.serenytics.com"] {
            assert_eq!(of(server, &[https, ("NO_PROXY", excluded)]), None, "{excluded}");
        }
        for others in ["", "enytics.com", "com.example"] {
            assert!(of(server, &[https, ("NO_PROXY", others)]).is_some(), "{others}");
        }
    }
}
