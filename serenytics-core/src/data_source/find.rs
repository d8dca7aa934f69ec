//! Finds data sources by name or uuid, lists them, and creates storages.

use reqwest::StatusCode;
use serde_json::json;
use serenytics_query::schema::SourceRef;

use crate::client::Client;
use crate::data_source::{DataSource, SourceType};
use crate::error::{Error, Kind};
use crate::resource::Resource;
use crate::session::Session;
use crate::transport::Deadline;

impl Client {
    /// Returns the data source with this name.
    ///
    /// # Errors
    /// Returns an error if no source has the name (the error suggests a similar name), several
    /// sources have it, or the server cannot be reached or rejects the request.
    #[doc(alias = "get_data_source_by_name")]
    pub async fn source(&self, name: &str) -> Result<DataSource, Error> {
        DataSource::named(self.session(), name, self.session().deadline()).await
    }

    /// Returns the data source with this name, or `None` if there is none.
    ///
    /// # Errors
    /// Returns an error if several sources have the name, or the server cannot be reached or
    /// rejects the request.
    pub async fn find_source(&self, name: &str) -> Result<Option<DataSource>, Error> {
        DataSource::lookup(self.session(), name, self.session().deadline()).await
    }

    /// Returns the data source with this uuid.
    ///
    /// # Errors
    /// Returns an error if no source has the uuid, or the server cannot be reached or rejects the
    /// request.
    #[doc(alias = "get_data_source_by_uuid")]
    pub async fn source_by_uuid(&self, uuid: &str) -> Result<DataSource, Error> {
        DataSource::by_uuid(self.session(), uuid, self.session().deadline()).await
    }

    /// Returns all data sources that the API key can access.
    ///
    /// # Errors
    /// Returns an error if the server cannot be reached or rejects the request.
    #[doc(alias = "get_data_sources")]
    pub async fn sources(&self) -> Result<Vec<DataSource>, Error> {
        DataSource::all(self.session(), self.session().deadline()).await
    }

    /// Returns the storage with this name, and creates it if it does not exist. It makes two calls
    /// of the API: two callers at the same time can create two storages with the same name.
    ///
    /// # Errors
    /// Returns an error if several sources have the name, the source is not a storage, or the
    /// server cannot be reached or rejects the request.
    #[doc(alias = "get_or_create_storage_data_source_by_name")]
    pub async fn get_or_create_storage(&self, name: &str) -> Result<DataSource, Error> {
        let (session, deadline) = (self.session(), self.session().deadline());
        if let Some(source) = DataSource::lookup(session, name, deadline).await? {
            return match &source.source_type {
                SourceType::Storage => Ok(source),
                other => Err(Error::new(
                    Kind::Usage,
                    format!("source `{name}` already exists with type {other}; choose another name for the storage"),
                )),
            };
        }
        DataSource::create(session, name, deadline).await
    }

    /// Creates an empty storage with this name. Names are unique by convention only: this does not
    /// fail if another source has the name.
    ///
    /// # Errors
    /// Returns an error if the server cannot be reached or rejects the request.
    pub async fn create_storage(&self, name: &str) -> Result<DataSource, Error> {
        DataSource::create(self.session(), name, self.session().deadline()).await
    }
}

impl DataSource {
    /// Returns the data source with this name, or an error that suggests another name.
    pub(crate) async fn named(session: &Session, name: &str, deadline: Deadline) -> Result<DataSource, Error> {
        match DataSource::lookup(session, name, deadline).await? {
            Some(source) => Ok(source),
            None => Err(DataSource::unknown(session, name, deadline).await),
        }
    }

    /// Returns the data source that a declaration refers to.
    pub(crate) async fn referred(
        session: &Session,
        source: &SourceRef,
        deadline: Deadline,
    ) -> Result<DataSource, Error> {
        match source {
            SourceRef::Name(name) => DataSource::named(session, name, deadline).await,
            SourceRef::Uuid(uuid) => DataSource::by_uuid(session, uuid, deadline).await,
        }
    }

    /// Looks a data source up by its name, and remembers its uuid.
    async fn lookup(session: &Session, name: &str, deadline: Deadline) -> Result<Option<DataSource>, Error> {
        let source = DataSource::find(session, name, deadline).await?;
        if let Some(source) = &source {
            session.remember_uuid(name, source.uuid());
        }
        Ok(source)
    }

    async fn create(session: &Session, name: &str, deadline: Deadline) -> Result<DataSource, Error> {
        let body = json!({ "name": name, "type": SourceType::Storage.name(), "jsonContent": {} });
        let request = session.post(&["api", "data_source"], deadline).json(&body).expect(StatusCode::CREATED);
        // Its uuid is not remembered: other sources may have the same name.
        DataSource::answered(session, request.send().await?).await
    }
}
