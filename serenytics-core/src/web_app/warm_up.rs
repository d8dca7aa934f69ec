//! Loading a web app on the server: to fill its caches, or to make a PDF of it.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::WebApp;
use crate::error::{Error, Kind};

/// A web app that is loaded on the server; see [`WebApp::warm_up_cache`].
#[must_use = "nothing is loaded before `.send()` or `.pdf()`"]
pub struct WarmUp<'w> {
    web_app: &'w WebApp,
    payload: Result<Option<Map<String, Value>>, String>,
    tabs: Vec<TabOptions>,
    timeout: Option<Duration>,
}

/// What the filters of a tab are set to.
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
    /// The tab with this index, which the platform makes: `t034a7b13042b529c`. Its filters are set to nothing yet.
    pub fn new(tab_index: impl Into<String>) -> TabOptions {
        TabOptions { tab_index: tab_index.into(), dynfilters: Vec::new() }
    }

    /// Sets a filter of a widget, by the widget's id and the filter's uuid, to these values.
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
    /// Loads the web app on the server, so that its data is in the cache when somebody opens it. The caches of its sources are
    /// not invalidated by this.
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

    /// Asks the server for the web app as a PDF, with what [`warm_up_cache`](Self::warm_up_cache) may be given; see
    /// [`WarmUp::pdf`].
    ///
    /// # Errors
    /// As for [`WarmUp::pdf`].
    pub async fn pdf(&self) -> Result<Map<String, Value>, Error> {
        self.warm_up_cache().pdf().await
    }
}

impl WarmUp<'_> {
    /// The payload that a template dashboard reads: a map, or a struct that serde serializes.
    pub fn payload(mut self, payload: &(impl Serialize + ?Sized)) -> Self {
        self.payload = object(payload).map(Some);
        self
    }

    /// Loads a tab with filters that are set so. Can be called several times, for the same tab too; without it, all tabs are
    /// loaded as they are.
    pub fn tab(mut self, options: TabOptions) -> Self {
        self.tabs.push(options);
        self
    }

    /// How long everything may take; as long as any call of the client unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Loads the web app, and waits until it is: `POST /api/web_app/{uuid}/generate_pdf` with `store_pdf: false`.
    ///
    /// # Errors
    /// A payload that is no JSON object, before anything is sent; a web app that does not exist any more, or cannot be
    /// loaded; a server that cannot be reached or refuses.
    pub async fn send(self) -> Result<(), Error> {
        self.ask(false).await.map(drop)
    }

    /// Makes a PDF of the web app, which the server keeps: `POST /api/web_app/{uuid}/generate_pdf` with `store_pdf: true`.
    /// Gives the server's answer as it is, because the platform's documentation does not say what it tells of the PDF.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn pdf(self) -> Result<Map<String, Value>, Error> {
        match self.ask(true).await? {
            Value::Object(answer) => Ok(answer),
            _ => Err(Error::new(Kind::Decode, "the answer to a PDF's request is no object")),
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
        // The server answers when it has loaded all widgets.
        let request = session.post(&["api", "web_app", &web_app.uuid, "generate_pdf"], deadline).patient();
        request.json(&body).send().await?.ok().await
    }
}

/// The payload is not printed: it may hold what only one customer may see.
impl fmt::Debug for WarmUp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WarmUp").field("web_app", self.web_app).field("tabs", &self.tabs).finish_non_exhaustive()
    }
}

/// A payload as the JSON object that it has to be. What is wrong with another one is told without what stands in it.
pub(crate) fn object(payload: &(impl Serialize + ?Sized)) -> Result<Map<String, Value>, String> {
    match serde_json::to_value(payload) {
        Ok(Value::Object(payload)) => Ok(payload),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err("nothing was sent: the payload of a dashboard has to be a JSON object".to_owned()),
        Err(error) => Err(format!("nothing was sent: the payload of a dashboard cannot be written as JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_one_widget_stand_together() {
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
