//! Web apps: dashboards, found, made, changed and saved.

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

/// What describes the look and the widgets of a dashboard.
const CONTENT: &str = "jsonContent";

/// A web app (a dashboard) of a server, found by [`Client::web_app_by_uuid`] and [`Client::web_apps`].
///
/// What is set stays here until [`save`](Self::save).
#[derive(Clone)]
pub struct WebApp {
    session: Session,
    uuid: String,
    config: Map<String, Value>,
}

/// A data source that widgets of a web app show.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WebAppSource {
    /// Its uuid.
    pub uuid: String,
    /// Its name.
    pub name: String,
}

impl Client {
    /// All web apps that the key may see: `GET /api/web_app`.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses.
    pub async fn web_apps(&self) -> Result<Vec<WebApp>, Error> {
        WebApp::all(self.session(), self.session().deadline()).await
    }

    /// The web app with this uuid: `GET /api/web_app/{uuid}`.
    ///
    /// # Errors
    /// No web app with the uuid; a server that cannot be reached or refuses.
    pub async fn web_app_by_uuid(&self, uuid: &str) -> Result<WebApp, Error> {
        WebApp::by_uuid(self.session(), uuid, self.session().deadline()).await
    }

    /// Makes a web app with this content, the `jsonContent` of the platform, which may be an empty object:
    /// `POST /api/web_app`.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses.
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

    /// The uuid, which never changes.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// The name; empty when the server says none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("name").unwrap_or_default()
    }

    /// The folder that it lies in, if the server says one.
    #[must_use]
    pub fn folder_name(&self) -> Option<&str> {
        self.text("folder_name")
    }

    /// Everything that the server says of the web app, with what was set since.
    #[must_use]
    pub fn config(&self) -> &Map<String, Value> {
        &self.config
    }

    /// The same, to be changed and [saved](Self::save).
    pub fn config_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.config
    }

    /// Sets the name.
    pub fn set_name(&mut self, name: impl Into<String>) {
        self.config.insert("name".to_owned(), Value::String(name.into()));
    }

    /// Sets the folder that it lies in.
    pub fn set_folder_name(&mut self, folder: impl Into<String>) {
        self.config.insert("folder_name".to_owned(), Value::String(folder.into()));
    }

    /// Sets CSS for the whole web app.
    pub fn set_custom_css(&mut self, css: impl Into<String>) {
        self.set_content("cssContent", css.into());
    }

    /// Sets the HTML that stands above the web app, where its name would.
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

    /// Saves the web app, whole: `PUT /api/web_app/{uuid}`. What somebody else saved since it was found is overwritten.
    ///
    /// # Errors
    /// A web app that does not exist any more; a server that cannot be reached or refuses.
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
    /// A web app that does not exist any more; a server that cannot be reached or refuses.
    pub async fn delete(self) -> Result<(), Error> {
        let request = self.session.delete(&["api", "web_app", &self.uuid], self.session.deadline());
        request.expect(StatusCode::NO_CONTENT).send().await?;
        Ok(())
    }

    /// The data sources that its widgets show: `GET /api/web_app/{uuid}/data_sources`.
    ///
    /// # Errors
    /// A web app that does not exist any more; a server that cannot be reached or refuses.
    pub async fn data_sources(&self) -> Result<Vec<WebAppSource>, Error> {
        let request = self.session.get(&["api", "web_app", &self.uuid, "data_sources"], self.session.deadline());
        let mut answer = request.send().await?.ok().await?;
        let objects = answer.get_mut("objects").map(Value::take).unwrap_or_default();
        serde_json::from_value(objects).map_err(|error| {
            let message = format!("the sources of the web app are not told by `uuid` and `name`: {error}");
            Error::new(Kind::Decode, self.session.api_key().redact(message))
        })
    }

    /// Shares the web app with the user of this login: `POST /api/web_app/{uuid}/sharings`.
    ///
    /// # Errors
    /// A web app that does not exist any more; a server that cannot be reached or refuses, as it may for unknown logins.
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

/// The configuration is left out: it is long, and may hold secrets.
impl fmt::Debug for WebApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebApp").field("name", &self.name()).field("uuid", &self.uuid).finish_non_exhaustive()
    }
}
