//! Links that show a web app to whoever has them.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::WebApp;
use super::warm_up::object;
use crate::error::{Error, Kind};

impl WebApp {
    /// A link that shows the web app for some time to whoever has it, with a payload that a template dashboard reads:
    /// `POST /api/web_app/{uuid}/embed`. The time is rounded up to seconds.
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
    /// A payload that is no JSON object, or no time, before anything is sent; a web app that does not exist any more; a server that
    /// cannot be reached or refuses.
    pub async fn embed_url(&self, payload: &(impl Serialize + ?Sized), expire_in: Duration) -> Result<String, Error> {
        if expire_in.is_zero() {
            return Err(Error::new(Kind::Usage, "a link that expires at once shows nothing: give it some time"));
        }
        let payload = object(payload).map_err(|error| Error::new(Kind::Usage, error))?;
        let seconds = expire_in.as_secs().saturating_add(u64::from(expire_in.subsec_nanos() > 0));
        let request = self.session.post(&["api", "web_app", &self.uuid, "embed"], self.session.deadline());
        let response = request.json(&json!({ "payload": payload, "expire_in": seconds })).send().await?;
        let answer = response.ok().await?;
        let url = answer.get("embeddedUrl").and_then(Value::as_str).map(str::to_owned);
        url.ok_or_else(|| Error::new(Kind::Decode, "the answer to a link's request has no `embeddedUrl`"))
    }
}
