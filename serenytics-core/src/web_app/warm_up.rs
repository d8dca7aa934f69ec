//! Loads a web app on the server, to fill its caches or to create a PDF.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::WebApp;
use crate::error::{Error, Kind};

/// A load of a web app on the server; see [`WebApp::warm_up_cache`].
#[must_use = "nothing is loaded before `.send()` or `.pdf()`"]
pub struct WarmUp<'w> {
    web_app: &'w WebApp,
    payload: Result<Option<Map<String, Value>>, String>,
    tabs: Vec<TabOptions>,
    timeout: Option<Duration>,
}

/// The filters of a tab.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TabOptions {
    #[serde(rename = "tabIndex")]
    tab_index: String,
    dynfilters: Vec<DynFilter>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct DynFilter {
    id: Value,
    values: Map<String, Value>,
}

impl TabOptions {
    /// Creates options for the tab with this index (an id by the platform such as
    /// `t034a7b13042b529c`), without filters.
    pub fn new(tab_index: impl Into<String>) -> TabOptions {
        TabOptions { tab_index: tab_index.into(), dynfilters: Vec::new() }
    }

    /// Sets a filter of a widget to these values, by the widget's id and the filter's uuid.
    #[must_use]
    pub fn filter<V: Into<Value>>(
        mut self,
        widget: impl Into<Value>,
        filter: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> TabOptions {
        let id = widget.into();
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        let position = self.dynfilters.iter().position(|other| other.id == id);
        let filters = match position {
            Some(position) => &mut self.dynfilters[position],
            None => {
                self.dynfilters.push(DynFilter { id, values: Map::new() });
                let last = self.dynfilters.len() - 1;
                &mut self.dynfilters[last]
            }
        };
        filters.values.insert(filter.into(), values.into());
        self
    }
}

impl WebApp {
    /// Loads the web app on the server, so that its data is cached for the next viewer. Does not
    /// invalidate the caches of its sources.
    ///
    /// ```no_run
    /// # async fn warm_up(web_app: serenytics_core::WebApp) -> Result<(), serenytics_core::Error> {
    /// use serenytics_core::TabOptions;
    ///
    /// let tab = TabOptions::new("t034a7b13042b529c").filter(2, "2642b931c33373c1", ["France"]);
    /// web_app.warm_up_cache().tab(tab).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn warm_up_cache(&self) -> WarmUp<'_> {
        WarmUp { web_app: self, payload: Ok(None), tabs: Vec::new(), timeout: None }
    }

    /// Creates a PDF of the web app on the server; see [`WarmUp::pdf`]. For options, call `pdf` on
    /// [`warm_up_cache`](Self::warm_up_cache).
    ///
    /// # Errors
    /// Returns the errors of [`WarmUp::pdf`].
    pub async fn pdf(&self) -> Result<Map<String, Value>, Error> {
        self.warm_up_cache().pdf().await
    }
}

impl WarmUp<'_> {
    /// Sets the payload that a template dashboard reads: a map, or any struct that serde
    /// serializes.
    pub fn payload(mut self, payload: &(impl Serialize + ?Sized)) -> Self {
        self.payload = object(payload).map(Some);
        self
    }

    /// Loads a tab with these filters. Can be called repeatedly, also for the same tab. By default,
    /// all tabs are loaded with their own filters.
    pub fn tab(mut self, options: TabOptions) -> Self {
        self.tabs.push(options);
        self
    }

    /// Sets the timeout of the whole call (default: that of the client).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Loads the web app and waits until it is loaded: `POST /api/web_app/{uuid}/generate_pdf` with
    /// `store_pdf: false`.
    ///
    /// # Errors
    /// Returns an error if the payload is not a JSON object (nothing is sent then), the web app no
    /// longer exists or cannot be loaded, or the server cannot be reached or rejects the request.
    pub async fn send(self) -> Result<(), Error> {
        self.ask(false).await.map(drop)
    }

    /// Creates a PDF of the web app, which the server stores:
    /// `POST /api/web_app/{uuid}/generate_pdf` with `store_pdf: true`. Returns the server's
    /// response as it is: the platform does not document its content.
    ///
    /// # Errors
    /// Returns the errors of [`send`](Self::send).
    pub async fn pdf(self) -> Result<Map<String, Value>, Error> {
        match self.ask(true).await? {
            Value::Object(answer) => Ok(answer),
            _ => Err(Error::new(Kind::Decode, "expected an object as the response to a PDF request")),
        }
    }

    async fn ask(self, store_pdf: bool) -> Result<Value, Error> {
        let WarmUp { web_app, payload, tabs, timeout } = self;
        let payload = payload.map_err(|error| Error::new(Kind::Usage, error))?;
        let query_string = payload.map(|payload| {
            let encoded = STANDARD.encode(Value::Object(payload).to_string());
            json!({ "embeddedPayload": encoded })
        });
        let tabs = (!tabs.is_empty()).then_some(tabs);
        let body = json!({ "store_pdf": store_pdf, "webapp_query_string": query_string, "tabs_options": tabs });
        let session = &web_app.session;
        let deadline = session.connection().deadline_or(timeout, "`timeout` of the web app's load");
        // The server answers after it has loaded all widgets.
        let request = session.post(&["api", "web_app", &web_app.uuid, "generate_pdf"], deadline).no_read_timeout();
        request.json(&body).send().await?.ok().await
    }
}

/// The payload is not printed: it may be confidential.
impl fmt::Debug for WarmUp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WarmUp").field("web_app", self.web_app).field("tabs", &self.tabs).finish_non_exhaustive()
    }
}

/// Converts a payload to a JSON object. The error does not show its content.
pub(crate) fn object(payload: &(impl Serialize + ?Sized)) -> Result<Map<String, Value>, String> {
    match serde_json::to_value(payload) {
        Ok(Value::Object(payload)) => Ok(payload),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err("nothing was sent: the payload of a dashboard must be a JSON object".to_owned()),
        Err(error) => Err(format!("nothing was sent: the payload of a dashboard cannot be written as JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_the_same_widget_are_grouped() {
        let tab = TabOptions::new("t1").filter(2, "a", ["France"]).filter(3, "b", [1]).filter(2, "c", [1.5, 2.0]);
        assert_eq!(
            serde_json::to_value(tab).unwrap(),
            json!({"tabIndex": "t1", "dynfilters": [
                {"id": 2, "values": {"a": ["France"], "c": [1.5, 2.0]}},
                {"id": 3, "values": {"b": [1]}},
            ]})
        );
    }
}
