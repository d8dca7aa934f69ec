//! Signed links: URLs of this server that need no API key and expire.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hex::FromHex;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::access;
use crate::base::{Context, Error, Kind};

/// The names of the parameters at the end of a link.
const EXPIRES: &str = "expires";
const SIGNATURE: &str = "signature";

/// Signs and checks links.
pub(crate) struct Links {
    key: String,
    ttl: Duration,
}

impl Links {
    /// Creates a random key. Links are valid for `ttl`, until the server stops.
    pub(crate) fn new(ttl: Duration) -> Links {
        Links { key: access::random(), ttl }
    }

    /// Uses a stored key. Each call of [`sign_for`](Self::sign_for) sets how long its link is valid.
    pub(crate) fn with_key(key: String) -> Links {
        Links { key, ttl: Duration::ZERO }
    }

    /// Signs a path, with its query, for one method.
    pub(crate) fn sign(&self, method: &str, path: &str) -> Result<String, Error> {
        self.sign_for(self.ttl, method, path)
    }

    /// Signs a path, with its query, for one method and for this time.
    pub(crate) fn sign_for(&self, ttl: Duration, method: &str, path: &str) -> Result<String, Error> {
        let expires = since_epoch().saturating_add(ttl).as_millis();
        let joint = if path.contains('?') { '&' } else { '?' };
        let signed = format!("{path}{joint}{EXPIRES}={expires}");
        let signature = self.mac(method, &signed)?.finalize().into_bytes();
        Ok(format!("{signed}&{SIGNATURE}={}", hex::encode(signature)))
    }

    /// Checks that a path, with its query, was signed by this server for this method and has not expired.
    pub(crate) fn check(&self, method: &str, path: &str) -> Result<(), Error> {
        let refused = |why: &str| Error::new(Kind::Forbidden, format!("the link {why}: request a new one"));
        let (signed, signature) =
            path.rsplit_once(&format!("&{SIGNATURE}=")).ok_or_else(|| refused("has no signature"))?;
        let signature = <[u8; 32]>::from_hex(signature).map_err(|_| refused("was not signed by this server"))?;
        // The comparison runs in constant time.
        let checked = self.mac(method, signed)?.verify_slice(&signature);
        checked.map_err(|_| refused("was not signed by this server for this request"))?;
        let expires = signed.rsplit_once(&format!("{EXPIRES}=")).and_then(|(_, time)| time.parse::<u128>().ok());
        if expires.is_none_or(|time| time < since_epoch().as_millis()) {
            return Err(refused("has expired"));
        }
        Ok(())
    }

    fn mac(&self, method: &str, signed: &str) -> Result<Hmac<Sha256>, Error> {
        let mac = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).context("could not sign a link")?;
        Ok(mac.chain_update(method).chain_update(" ").chain_update(signed))
    }
}

/// The two kinds of signed links of a server.
pub(crate) struct SignedLinks {
    files: Links,
    embeds: Links,
}

impl SignedLinks {
    /// Creates the service. Links to files are valid for `ttl` and end with the server; `embed_key` signs links to web apps.
    pub(crate) fn new(ttl: Duration, embed_key: String) -> SignedLinks {
        SignedLinks { files: Links::new(ttl), embeds: Links::with_key(embed_key) }
    }

    /// Returns the links of exports and uploads.
    pub(crate) fn files(&self) -> &Links {
        &self.files
    }

    /// Returns the links to web apps, which stay valid after a restart.
    pub(crate) fn embeds(&self) -> &Links {
        &self.embeds
    }
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_link_is_rejected() {
        let links = Links::new(Duration::from_secs(60));
        let link = links.sign("GET", "/a?b=c").unwrap();
        links.check("GET", &link).unwrap();
        let refused = |method: &str, link: &str| links.check(method, link).unwrap_err().to_string();
        assert!(refused("PUT", &link).contains("not signed by this server"));
        assert!(refused("GET", &link.replace("b=c", "b=d")).contains("not signed by this server"));
        assert!(refused("GET", &link.replace("expires=1", "expires=2")).contains("not signed by this server"));
        assert!(refused("GET", &format!("{link}0")).contains("not signed by this server"));
        assert!(refused("GET", "/a?b=c").contains("has no signature"));
        assert!(Links::new(Duration::from_secs(60)).check("GET", &link).is_err(), "each server has its own key");
    }

    #[test]
    fn link_expires() {
        let links = Links::new(Duration::ZERO);
        let link = links.sign("GET", "/a").unwrap();
        std::thread::sleep(Duration::from_millis(5));
        assert!(links.check("GET", &link).unwrap_err().to_string().contains("has expired"));
    }
}
