//! The blocking web app, and its loading on the server.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::blocking::Client;
use crate::blocking::runtime::Runtime;
use crate::{Error, TabOptions, WebAppSource};

/// A web app of a server, whose calls wait: see [`crate::WebApp`].
#[derive(Debug, Clone)]
pub struct WebApp {
    inner: crate::WebApp,
    runtime: Runtime,
}

/// A web app that is loaded on the server: see [`crate::WarmUp`].
#[must_use = "nothing is loaded before `.send()` or `.pdf()`"]
pub struct WarmUp<'w> {
    inner: crate::WarmUp<'w>,
    runtime: Runtime,
}

wraps! {
    WebApp;
    WarmUp<'w>;
}

impl Client {
    gives! {
        Client: web_apps(&self) -> Vec<WebApp>;
        Client: web_app_by_uuid(&self, uuid: &str) -> WebApp;
        Client: create_web_app(&self, name: &str, content: Map<String, Value>) -> WebApp;
    }
}

impl WebApp {
    tells! {
        WebApp: uuid(&self) -> &str;
        WebApp: name(&self) -> &str;
        WebApp: folder_name(&self) -> Option<&str>;
        WebApp: config(&self) -> &Map<String, Value>;
    }

    changes! {
        WebApp: config_mut(&mut self) -> &mut Map<String, Value>;
        WebApp: set_name(&mut self, name: impl Into<String>);
        WebApp: set_folder_name(&mut self, folder: impl Into<String>);
        WebApp: set_custom_css(&mut self, css: impl Into<String>);
        WebApp: set_custom_html_header(&mut self, html: impl Into<String>);
    }

    begins! {
        WebApp: warm_up_cache(&self) -> WarmUp<'_>;
    }

    waits! {
        WebApp: data_sources(&self) -> Vec<WebAppSource>;
        WebApp: share_with(&self, login: &str) -> ();
        WebApp: embed_url(&self, payload: &(impl Serialize + ?Sized), expire_in: Duration) -> String;
        WebApp: pdf(&self) -> Map<String, Value>;
    }

    ends! {
        WebApp: delete(self) -> ();
    }

    /// Waits for [`WebApp::save`](crate::WebApp::save).
    ///
    /// # Errors
    /// Its errors; and a call from within async code.
    pub fn save(&mut self) -> Result<(), Error> {
        self.runtime.wait(self.inner.save())
    }
}

impl WarmUp<'_> {
    sets! {
        WarmUp: payload(self, payload: &(impl Serialize + ?Sized));
        WarmUp: tab(self, options: TabOptions);
        WarmUp: timeout(self, timeout: Duration);
    }

    ends! {
        WarmUp: send(self) -> ();
        WarmUp: pdf(self) -> Map<String, Value>;
    }
}
