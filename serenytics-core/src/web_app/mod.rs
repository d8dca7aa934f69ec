//! Web apps (dashboards): finding, creating, changing and saving them.

mod embed;
mod warm_up;

use std::fmt;

use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::error::{Error, Kind};
use crate::resource::Resource;
use crate::session::Session;

pub(crate) use warm_up::object;
pub use warm_up::{TabOptions, WarmUp};

/// The key of a dashboard's look and widgets.
const CONTENT: &str = "jsonContent";

/// A web app (a dashboard) of a server, returned by [`Client::web_app_by_uuid`] and
/// [`Client::web_apps`].
///
/// Changes are local until [`save`](Self::save).
#[derive(Clone)]
pub struct WebApp {
    session: Session,
    uuid: String,
    config: Map<String, Value>,
}

/// A data source that is used by the widgets of a web app.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WebAppSource {
    /// Its uuid.
    pub uuid: String,
    /// Its name.
    pub name: String,
}

impl Client {
    /// Returns all web apps that the API key can access: `GET /api/web_app`.
    ///
    /// # Errors
    /// Returns an error if the server cannot be reached or rejects the request.
    pub async fn web_apps(&self) -> Result<Vec<WebApp>, Error> {
        WebApp::all(self.session(), self.session().deadline()).await
    }

    /// Returns the web app with this uuid: `GET /api/web_app/{uuid}`.
    ///
    /// # Errors
    /// Returns an error if no web app has the uuid, or the server cannot be reached or rejects the
    /// request.
    pub async fn web_app_by_uuid(&self, uuid: &str) -> Result<WebApp, Error> {
        WebApp::by_uuid(self.session(), uuid, self.session().deadline()).await
    }

    /// Creates a web app: `POST /api/web_app`. `content` is the platform's `jsonContent`, and may
    /// be empty.
    ///
    /// # Errors
    /// Returns an error if the server cannot be reached or rejects the request.
    pub async fn create_web_app(&self, name: &str, content: Map<String, Value>) -> Result<WebApp, Error> {
        let body = json!({ "name": name, CONTENT: content });
        let request =
            self.session().post(&["api", "web_app"], self.session().deadline()).json(&body).expect(StatusCode::CREATED);
        WebApp::answered(self.session(), request.send().await?).await
    }
}

impl WebApp {
    fn text(&self, key: &str) -> Option<&str> {
        self.config.get(key).and_then(Value::as_str)
    }

    /// Returns the uuid, which never changes.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// Returns the name. Empty if the server returns none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("name").unwrap_or_default()
    }

    /// Returns the name of its folder, if the server returns one.
    #[must_use]
    pub fn folder_name(&self) -> Option<&str> {
        self.text("folder_name")
    }

    /// Returns the whole configuration, with unsaved changes.
    #[must_use]
    pub fn config(&self) -> &Map<String, Value> {
        &self.config
    }

    /// Returns the whole configuration for changes; call [`save`](Self::save) afterwards.
    pub fn config_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.config
    }

    /// Renames the web app.
    pub fn set_name(&mut self, name: impl Into<String>) {
        self.config.insert("name".to_owned(), Value::String(name.into()));
    }

    /// Moves the web app to this folder.
    pub fn set_folder_name(&mut self, folder: impl Into<String>) {
        self.config.insert("folder_name".to_owned(), Value::String(folder.into()));
    }

    /// Sets CSS for the whole web app.
    pub fn set_custom_css(&mut self, css: impl Into<String>) {
        self.set_content("cssContent", css.into());
    }

    /// Sets HTML to show above the web app, instead of its name.
    pub fn set_custom_html_header(&mut self, html: impl Into<String>) {
        self.set_content("headerMode", "custom_html".to_owned());
        self.set_content("htmlHeader", html.into());
    }

    fn set_content(&mut self, key: &str, text: String) {
        let content = self.config.entry(CONTENT).or_insert_with(|| json!({}));
        if !content.is_object() {
            *content = json!({});
        }
        content[key] = Value::String(text);
    }

    /// Saves the whole web app: `PUT /api/web_app/{uuid}`. Overwrites what others saved since it
    /// was found.
    ///
    /// # Errors
    /// Returns an error if the web app no longer exists, or the server cannot be reached or rejects
    /// the request.
    pub async fn save(&mut self) -> Result<(), Error> {
        let request = self.session.put(&["api", "web_app", &self.uuid], self.session.deadline());
        let response = request.json(&Value::Object(self.config.clone())).send().await?;
        if let Some(saved) = self.saved(&self.session, response).await? {
            *self = saved;
        }
        Ok(())
    }

    /// Deletes the web app: `DELETE /api/web_app/{uuid}`.
    ///
    /// # Errors
    /// Returns an error if the web app no longer exists, or the server cannot be reached or rejects
    /// the request.
    pub async fn delete(self) -> Result<(), Error> {
        let request = self.session.delete(&["api", "web_app", &self.uuid], self.session.deadline());
        request.expect(StatusCode::NO_CONTENT).send().await?;
        Ok(())
    }

    /// Returns the data sources that its widgets use: `GET /api/web_app/{uuid}/data_sources`.
    ///
    /// # Errors
    /// Returns an error if the web app no longer exists, or the server cannot be reached or rejects
    /// the request.
    pub async fn data_sources(&self) -> Result<Vec<WebAppSource>, Error> {
        let request = self.session.get(&["api", "web_app", &self.uuid, "data_sources"], self.session.deadline());
        let mut response = request.send().await?;
        let body = response.whole().await?;
        let mut answer: Value = response.parse(&body)?;
        response.check_status(&answer)?;
        let objects = answer.get_mut("objects").map(Value::take).unwrap_or_default();
        let sources: Vec<WebAppSource> = serde_json::from_value(objects).map_err(|error| {
            let message = format!("expected the sources of the web app with a `uuid` and `name` each: {error}");
            response.error(Kind::Decode, message)
        })?;
        response.check_count("source", answer.get("num_results").and_then(Value::as_u64), sources.len())?;
        Ok(sources)
    }

    /// Shares the web app with the user who has this login: `POST /api/web_app/{uuid}/sharings`.
    ///
    /// # Errors
    /// Returns an error if the web app no longer exists, the server does not know the login, or the
    /// server cannot be reached or rejects the request.
    pub async fn share_with(&self, login: &str) -> Result<(), Error> {
        let request = self.session.post(&["api", "web_app", &self.uuid, "sharings"], self.session.deadline());
        let request = request.json(&json!({ "username_to_share_with": login })).expect(StatusCode::CREATED);
        request.send().await?.unless_error().await?;
        Ok(())
    }
}

impl Resource for WebApp {
    const PATH: &'static str = "web_app";
    const NOUN: &'static str = "web app";

    fn read(session: &Session, config: Map<String, Value>) -> Option<WebApp> {
        let uuid = config.get("uuid").and_then(Value::as_str)?.to_owned();
        Some(WebApp { session: session.clone(), uuid, config })
    }

    fn uuid(&self) -> &str {
        &self.uuid
    }

    fn name(&self) -> &str {
        self.name()
    }
}

/// Leaves out the configuration: it is long and may contain secrets.
impl fmt::Debug for WebApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebApp").field("name", &self.name()).field("uuid", &self.uuid).finish_non_exhaustive()
    }
}
