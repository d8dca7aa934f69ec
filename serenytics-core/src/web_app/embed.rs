//! Embed links, which show a web app without a login.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::WebApp;
use super::warm_up::object;
use crate::error::{Error, Kind};

impl WebApp {
    /// Creates a link that shows the web app to anyone who has it, until it expires:
    /// `POST /api/web_app/{uuid}/embed`. A template dashboard reads the payload. `expire_in` is
    /// rounded up to seconds.
    ///
    /// ```no_run
    /// # async fn embed(client: serenytics_core::Client) -> Result<(), serenytics_core::Error> {
    /// use std::collections::BTreeMap;
    /// use std::time::Duration;
    ///
    /// let web_app = client.web_app_by_uuid("182018f9-a18a-4cf0-993f-9e3fa45d3f61").await?;
    /// let link = web_app.embed_url(&BTreeMap::from([("country", "FR")]), Duration::from_secs(3600)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the payload is not a JSON object or `expire_in` is zero (nothing is sent
    /// then), the web app no longer exists, or the server cannot be reached or rejects the request.
    pub async fn embed_url(&self, payload: &(impl Serialize + ?Sized), expire_in: Duration) -> Result<String, Error> {
        if expire_in.is_zero() {
            return Err(Error::new(Kind::Usage, "`expire_in` is zero: pass a positive duration"));
        }
        let payload = object(payload).map_err(|error| Error::new(Kind::Usage, error))?;
        let seconds = expire_in.as_secs().saturating_add(u64::from(expire_in.subsec_nanos() > 0));
        let request = self.session.post(&["api", "web_app", &self.uuid, "embed"], self.session.deadline());
        let response = request.json(&json!({ "payload": payload, "expire_in": seconds })).send().await?;
        let answer = response.ok().await?;
        let url = answer.get("embeddedUrl").and_then(Value::as_str).map(str::to_owned);
        url.ok_or_else(|| Error::new(Kind::Decode, "the response has no `embeddedUrl`"))
    }
}
