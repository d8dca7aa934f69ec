//! Finding data sources: by name, by uuid, all of them, or a storage that is made when it is missing.

use reqwest::StatusCode;
use serde_json::json;

use crate::client::Client;
use crate::data_source::{DataSource, SourceType};
use crate::error::{Error, Kind};
use crate::resource::Resource;
use crate::session::Session;
use crate::transport::Deadline;

impl Client {
    /// The data source with this name.
    ///
    /// # Errors
    /// No source with the name, in which case the error suggests the one that was probably meant; more than one; a server
    /// that cannot be reached or refuses.
    #[doc(alias = "get_data_source_by_name")]
    pub async fn source(&self, name: &str) -> Result<DataSource, Error> {
        DataSource::named(self.session(), name, self.session().deadline()).await
    }

    /// The data source with this name, if there is one.
    ///
    /// # Errors
    /// More than one source with the name; a server that cannot be reached or refuses.
    pub async fn find_source(&self, name: &str) -> Result<Option<DataSource>, Error> {
        DataSource::lookup(self.session(), name, self.session().deadline()).await
    }

    /// The data source with this uuid.
    ///
    /// # Errors
    /// No source with the uuid; a server that cannot be reached or refuses.
    #[doc(alias = "get_data_source_by_uuid")]
    pub async fn source_by_uuid(&self, uuid: &str) -> Result<DataSource, Error> {
        DataSource::by_uuid(self.session(), uuid, self.session().deadline()).await
    }

    /// All data sources that the key may see.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses.
    #[doc(alias = "get_data_sources")]
    pub async fn sources(&self) -> Result<Vec<DataSource>, Error> {
        DataSource::all(self.session(), self.session().deadline()).await
    }

    /// The storage with this name, made now if there is none. That is two calls of the API: who does it at the same time as another can make
    /// a second storage of the name.
    ///
    /// # Errors
    /// A source with the name that is no storage, or more than one; a server that cannot be reached or refuses.
    #[doc(alias = "get_or_create_storage_data_source_by_name")]
    pub async fn get_or_create_storage(&self, name: &str) -> Result<DataSource, Error> {
        let (session, deadline) = (self.session(), self.session().deadline());
        if let Some(source) = DataSource::lookup(session, name, deadline).await? {
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
        DataSource::create(session, name, deadline).await
    }

    /// A new storage with this name, without rows. Names are unique by convention only: one that is taken is not refused here.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses.
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
