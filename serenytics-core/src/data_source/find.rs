//! Finding data sources: by name, by uuid, all of them, or a storage that is made when it is missing.

use reqwest::StatusCode;
use serde_json::json;

use crate::client::Client;
use crate::data_source::{DataSource, SourceType};
use crate::error::{Error, Kind};
use crate::resource::Resource;
use crate::transport::Deadline;

impl Client {
    /// The data source with this name.
    ///
    /// # Errors
    /// No source with the name, in which case the error suggests the one that was probably meant; more than one; a server
    /// that cannot be reached or refuses.
    #[doc(alias = "get_data_source_by_name")]
    pub async fn source(&self, name: &str) -> Result<DataSource, Error> {
        self.source_until(name, self.deadline()).await
    }

    /// The data source with this name, if there is one.
    ///
    /// # Errors
    /// More than one source with the name; a server that cannot be reached or refuses.
    pub async fn find_source(&self, name: &str) -> Result<Option<DataSource>, Error> {
        self.find_until(name, self.deadline()).await
    }

    /// The data source with this uuid.
    ///
    /// # Errors
    /// No source with the uuid; a server that cannot be reached or refuses.
    #[doc(alias = "get_data_source_by_uuid")]
    pub async fn source_by_uuid(&self, uuid: &str) -> Result<DataSource, Error> {
        self.by_uuid_until(uuid, self.deadline()).await
    }

    /// All data sources that the key may see.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses.
    #[doc(alias = "get_data_sources")]
    pub async fn sources(&self) -> Result<Vec<DataSource>, Error> {
        DataSource::all(self, self.deadline()).await
    }

    /// The storage with this name, made now if there is none. That is two calls of the API: who does it at the same time as another can make
    /// a second storage of the name.
    ///
    /// # Errors
    /// A source with the name that is no storage, or more than one; a server that cannot be reached or refuses.
    #[doc(alias = "get_or_create_storage_data_source_by_name")]
    pub async fn get_or_create_storage(&self, name: &str) -> Result<DataSource, Error> {
        let deadline = self.deadline();
        if let Some(source) = self.find_until(name, deadline).await? {
            return match &source.source_type {
                SourceType::Storage => Ok(source),
                other => Err(Error::new(
                    Kind::Usage,
                    format!(
                        "there is a source `{name}` and it is of type {other}; choose another name for the storage"
                    ),
                )),
            };
        }
        self.create_until(name, deadline).await
    }

    /// A new storage with this name, without rows. Names are unique by convention only: one that is taken is not refused here.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses.
    pub async fn create_storage(&self, name: &str) -> Result<DataSource, Error> {
        self.create_until(name, self.deadline()).await
    }

    async fn create_until(&self, name: &str, deadline: Deadline) -> Result<DataSource, Error> {
        let body = json!({ "name": name, "type": SourceType::Storage.name(), "jsonContent": {} });
        let request = self.post(&["api", "data_source"], deadline).json(&body).expect(StatusCode::CREATED);
        // Its uuid is not learned by its name, which others may have.
        DataSource::answered(self, request.send().await?).await
    }

    /// The data source with this name.
    pub(crate) async fn source_until(&self, name: &str, deadline: Deadline) -> Result<DataSource, Error> {
        match self.find_until(name, deadline).await? {
            Some(source) => Ok(source),
            None => Err(DataSource::unknown(self, name, deadline).await),
        }
    }

    /// The data source with this uuid.
    pub(crate) async fn by_uuid_until(&self, uuid: &str, deadline: Deadline) -> Result<DataSource, Error> {
        DataSource::by_uuid(self, uuid, deadline).await
    }

    async fn find_until(&self, name: &str, deadline: Deadline) -> Result<Option<DataSource>, Error> {
        let source = DataSource::find(self, name, deadline).await?;
        if let Some(source) = &source {
            self.known_uuids().insert(name.to_owned(), source.uuid().to_owned());
        }
        Ok(source)
    }
}
