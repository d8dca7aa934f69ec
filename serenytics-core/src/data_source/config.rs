//! What a data source is configured with: its properties, read, set and saved; its cache; what it says of users.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::resource::Resource;
use crate::session::{Measures, Session};
use crate::transport::Deadline;

impl DataSource {
    /// Everything that the server says of the source, `jsonContent` among it, as it was when the source was found. It may
    /// hold credentials of a connected database.
    #[must_use]
    pub fn config(&self) -> &Map<String, Value> {
        &self.config
    }

    /// A property of the source, if it is set: an entry of its `jsonContent`.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Value> {
        self.config.get("jsonContent")?.get(name)
    }

    /// Sets a property of the source. The server is told by [`save`](Self::save).
    ///
    /// Which properties there are depends on the source's type, and only the platform's support has a list.
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

    /// Gives the source another name. The server is told by [`save`](Self::save).
    pub fn set_name(&mut self, name: impl Into<String>) {
        self.name = name.into();
        self.config.insert("name".to_owned(), self.name.clone().into());
    }

    /// Saves the source as it is here, the whole of its configuration: what somebody else changed since it was found is lost, and so is how the
    /// last [load](Self::reload_from_csv) read its file. A source that is kept for long, or was loaded, is [refreshed](Self::refresh) before
    /// its properties are set.
    ///
    /// # Errors
    /// A source that does not exist any more; a server that cannot be reached or refuses.
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

    /// Reads the configuration anew. What was set and not saved is lost.
    ///
    /// # Errors
    /// A source that does not exist any more; a server that cannot be reached or refuses.
    pub async fn refresh(&mut self) -> Result<(), Error> {
        *self = self.renewed(self.session.deadline()).await?;
        Ok(())
    }

    /// The source as the server has it now.
    pub(crate) async fn renewed(&self, deadline: Deadline) -> Result<DataSource, Error> {
        DataSource::by_uuid(&self.session, &self.uuid, deadline).await
    }

    /// Makes the platform forget the answers that it keeps for this source, so that queries and dashboards see the data as it is now.
    ///
    /// # Errors
    /// A source that does not exist any more; a server that cannot be reached or refuses.
    pub async fn invalidate_cache(&self) -> Result<(), Error> {
        self.order("invalidate_cache").await
    }

    /// Makes the source's rows the metadata of the organization's users: a row a user, whose login is in the first column, `login`. Only an
    /// admin may.
    ///
    /// # Errors
    /// A source whose first column is another; a key that is no admin's; a server that cannot be reached or refuses.
    pub async fn reload_users_metadata(&self) -> Result<(), Error> {
        self.order("reload_users_metadata").await
    }

    /// Remembers the measures that this source's configuration has.
    pub(crate) fn remember_measures(&self, session: &Session) -> Arc<Measures> {
        session.remember_measures(&self.uuid, Measures::of(&self.name, &self.config))
    }

    /// A call that is its path and no more.
    async fn order(&self, what: &str) -> Result<(), Error> {
        let session = &self.session;
        let response = session.post(&["api", "data_source", &self.uuid, what], session.deadline()).send().await?;
        response.unless_error().await?;
        Ok(())
    }

    /// The token of the source, which is the credential of a push.
    pub(crate) fn token(&self) -> Result<&str, Error> {
        self.config.get("token").and_then(Value::as_str).ok_or_else(|| {
            let message = format!("source `{}` has no token, which a push needs: it is no storage", self.name);
            Error::new(Kind::Usage, message)
        })
    }
}
