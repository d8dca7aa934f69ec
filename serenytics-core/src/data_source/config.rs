//! The configuration of a data source: reading, setting and saving properties, the cache, and
//! users' metadata.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::resource::Resource;
use crate::session::{Measures, Session};
use crate::transport::Deadline;

impl DataSource {
    /// Returns the whole configuration, including `jsonContent`, as it was when the source was
    /// found. It may contain the credentials of a connected database.
    #[must_use]
    pub fn config(&self) -> &Map<String, Value> {
        &self.config
    }

    /// Returns a property of the source (an entry of its `jsonContent`), if it is set.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Value> {
        self.config.get("jsonContent")?.get(name)
    }

    /// Sets a property of the source. Call [`save`](Self::save) to send it to the server.
    ///
    /// The available properties depend on the source's type; ask the platform's support for a list.
    ///
    /// ```no_run
    /// # async fn set(client: serenytics_core::Client) -> Result<(), serenytics_core::Error> {
    /// let mut source = client.source("orders of the shop").await?;
    /// source.set_property("server_ip", "sql.example.com");
    /// source.save().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_property(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let content = self.config.entry("jsonContent").or_insert_with(|| json!({}));
        match content {
            Value::Object(content) => {
                content.insert(name.into(), value.into());
            }
            other => *other = json!({ name.into(): value.into() }),
        }
    }

    /// Renames the source. Call [`save`](Self::save) to send the name to the server.
    pub fn set_name(&mut self, name: impl Into<String>) {
        self.name = name.into();
        self.config.insert("name".to_owned(), self.name.clone().into());
    }

    /// Saves the whole configuration of the source.
    ///
    /// This overwrites what others changed since the source was found, including the options of the
    /// last [load](Self::reload_from_csv). Before changing properties of a source that was found
    /// long ago, or was loaded since, call [`refresh`](Self::refresh).
    ///
    /// # Errors
    /// Returns an error if the source no longer exists, or the server cannot be reached or rejects
    /// the request.
    pub async fn save(&mut self) -> Result<(), Error> {
        let body = Value::Object(self.config.clone());
        let session = &self.session;
        let request = session.put(&["api", "data_source", &self.uuid], session.deadline());
        let response = request.json(&body).send().await?;
        if let Some(saved) = self.saved(session, response).await? {
            *self = saved;
        }
        self.session.forget_names_of(&self.uuid);
        self.remember_measures(&self.session);
        Ok(())
    }

    /// Reads the configuration again. Unsaved changes are lost.
    ///
    /// # Errors
    /// Returns an error if the source no longer exists, or the server cannot be reached or rejects
    /// the request.
    pub async fn refresh(&mut self) -> Result<(), Error> {
        *self = self.renewed(self.session.deadline()).await?;
        Ok(())
    }

    /// Returns the source as the server has it now.
    pub(crate) async fn renewed(&self, deadline: Deadline) -> Result<DataSource, Error> {
        DataSource::by_uuid(&self.session, &self.uuid, deadline).await
    }

    /// Clears the platform's cache of query results for this source, so that queries and dashboards
    /// show the current data.
    ///
    /// # Errors
    /// Returns an error if the source no longer exists, or the server cannot be reached or rejects
    /// the request.
    pub async fn invalidate_cache(&self) -> Result<(), Error> {
        self.order("invalidate_cache").await
    }

    /// Uses the source's rows as the metadata of the organization's users: one row for each user,
    /// with the login in the first column, `login`. Requires an admin's API key.
    ///
    /// # Errors
    /// Returns an error if the first column has another name, the key does not belong to an admin,
    /// or the server cannot be reached or rejects the request.
    pub async fn reload_users_metadata(&self) -> Result<(), Error> {
        self.order("reload_users_metadata").await
    }

    /// Remembers the measures in this source's configuration.
    pub(crate) fn remember_measures(&self, session: &Session) -> Arc<Measures> {
        session.remember_measures(&self.uuid, Measures::of(&self.name, &self.config))
    }

    /// Sends a call without a body.
    async fn order(&self, what: &str) -> Result<(), Error> {
        let session = &self.session;
        let response = session.post(&["api", "data_source", &self.uuid, what], session.deadline()).send().await?;
        response.unless_error().await?;
        Ok(())
    }

    /// Returns the token of the source, the credential of a push.
    pub(crate) fn token(&self) -> Result<&str, Error> {
        self.config.get("token").and_then(Value::as_str).ok_or_else(|| {
            let message = format!("source `{}` has no token, which a push needs: it is not a storage", self.name);
            Error::new(Kind::Usage, message)
        })
    }
}
