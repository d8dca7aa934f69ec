//! The blocking web app and its loads on the server.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::blocking::Client;
use crate::blocking::runtime::Runtime;
use crate::{Error, TabOptions, WebAppSource};

/// A web app of a server, with blocking calls; see [`crate::WebApp`].
#[derive(Debug, Clone)]
pub struct WebApp {
    inner: crate::WebApp,
    runtime: Runtime,
}

/// A load of a web app on the server; see [`crate::WarmUp`].
#[must_use = "nothing is loaded before `.send()` or `.pdf()`"]
pub struct WarmUp<'w> {
    inner: crate::WarmUp<'w>,
    runtime: Runtime,
}

blocking_types! {
    WebApp;
    WarmUp<'w>;
}

impl Client {
    async_methods! {
        Client: web_apps(&self) -> blocking Vec<WebApp>;
        Client: web_app_by_uuid(&self, uuid: &str) -> blocking WebApp;
        Client: create_web_app(&self, name: &str, content: Map<String, Value>) -> blocking WebApp;
    }
}

impl WebApp {
    sync_methods! {
        WebApp: uuid(&self) -> &str;
        WebApp: name(&self) -> &str;
        WebApp: folder_name(&self) -> Option<&str>;
        WebApp: config(&self) -> &Map<String, Value>;
        WebApp: config_mut(&mut self) -> &mut Map<String, Value>;
        WebApp: set_name(&mut self, name: impl Into<String>);
        WebApp: set_folder_name(&mut self, folder: impl Into<String>);
        WebApp: set_custom_css(&mut self, css: impl Into<String>);
        WebApp: set_custom_html_header(&mut self, html: impl Into<String>);
        WebApp: warm_up_cache(&self) -> blocking WarmUp<'_>;
    }

    async_methods! {
        WebApp: data_sources(&self) -> Vec<WebAppSource>;
        WebApp: share_with(&self, login: &str) -> ();
        WebApp: embed_url(&self, payload: &(impl Serialize + ?Sized), expire_in: Duration) -> String;
        WebApp: pdf(&self) -> Map<String, Value>;
        WebApp: delete(self) -> ();
    }

    /// Waits for [`WebApp::save`](crate::WebApp::save).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    pub fn save(&mut self) -> Result<(), Error> {
        self.runtime.wait(self.inner.save())
    }
}

impl WarmUp<'_> {
    sync_methods! {
        WarmUp: payload(self, payload: &(impl Serialize + ?Sized));
        WarmUp: tab(self, options: TabOptions);
        WarmUp: timeout(self, timeout: Duration);
    }

    async_methods! {
        WarmUp: send(self) -> ();
        WarmUp: pdf(self) -> Map<String, Value>;
    }
}
