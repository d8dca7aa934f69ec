//! Embed links: anybody who has one sees the dashboard, with its payload, until it expires.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::Sha256;
use url::form_urlencoded;
use uuid::Uuid;

use crate::error::{Context, Error, Kind};

/// What links are signed with.
#[derive(Clone)]
pub(crate) struct EmbedKey(String);

/// What stands in a link behind the path.
#[derive(Debug, Deserialize)]
pub(crate) struct EmbedLink {
    #[serde(rename = "embeddedPayload")]
    payload: String,
    /// When it ends, in seconds since 1970.
    expires: u64,
    signature: String,
}

impl EmbedKey {
    /// Links signed with this secret.
    pub(crate) fn new(secret: String) -> EmbedKey {
        EmbedKey(secret)
    }

    /// The path and query of a link.
    pub(crate) fn link(&self, web_app: Uuid, payload: &Map<String, Value>, life: Duration) -> Result<String, Error> {
        let payload = STANDARD.encode(Value::Object(payload.clone()).to_string());
        let expires = now().saturating_add(life.as_secs());
        let signature = URL_SAFE_NO_PAD.encode(self.signed(web_app, &payload, expires)?.finalize().into_bytes());
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("embeddedPayload", &payload)
            .append_pair("expires", &expires.to_string())
            .append_pair("signature", &signature)
            .finish();
        Ok(format!("/embed/web_app/{web_app}?{query}"))
    }

    /// Refuses a link that was not made by this engine, that was changed, or that is over.
    pub(crate) fn check(&self, web_app: Uuid, link: &EmbedLink) -> Result<(), Error> {
        let refused = |why| Err(Error::new(Kind::Unauthorized, why));
        let signature = URL_SAFE_NO_PAD.decode(&link.signature).unwrap_or_default();
        if self.signed(web_app, &link.payload, link.expires)?.verify_slice(&signature).is_err() {
            return refused("the link is not one of this server's, or was changed");
        }
        if link.expires <= now() {
            return refused("the link has expired: ask for a new one");
        }
        Ok(())
    }

    fn signed(&self, web_app: Uuid, payload: &str, expires: u64) -> Result<Hmac<Sha256>, Error> {
        let mut signed = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).context("links cannot be signed")?;
        // Neither a uuid nor base64 has a line end, so no two links are signed alike.
        signed.update(format!("embed\n{web_app}\n{expires}\n{payload}").as_bytes());
        Ok(signed)
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
