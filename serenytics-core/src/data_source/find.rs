//! Finding data sources: by name, by uuid, all of them, or a storage that is made when it is missing.

use reqwest::StatusCode;
use serde_json::{Value, json};
use serenytics_query::suggest::{listed, nearest};

use crate::client::Client;
use crate::data_source::{DataSource, SourceType, without_uuid};
use crate::error::{Error, Kind};
use crate::transport::{Deadline, List};

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
        self.sources_until(self.deadline()).await
    }

    /// The storage with this name, made now if there is none.
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
        let source = DataSource::answered(self, request.send().await?).await?;
        self.known_uuids().insert(name.to_owned(), source.uuid.clone());
        Ok(source)
    }

    /// The data source with this name.
    pub(crate) async fn source_until(&self, name: &str, deadline: Deadline) -> Result<DataSource, Error> {
        match self.find_until(name, deadline).await? {
            Some(source) => Ok(source),
            None => Err(self.unknown_source(name, deadline).await),
        }
    }

    /// The data source with this uuid.
    pub(crate) async fn by_uuid_until(&self, uuid: &str, deadline: Deadline) -> Result<DataSource, Error> {
        let request = self.get(&["api", "data_source", uuid], deadline);
        DataSource::answered(self, request.send().await?).await
    }

    async fn find_until(&self, name: &str, deadline: Deadline) -> Result<Option<DataSource>, Error> {
        let filter = json!({ "filters": [{ "name": "name", "op": "eq", "val": name }] });
        let request = self.get(&["api", "data_source"], deadline).query("q", &filter.to_string());
        let mut response = request.send().await?;
        let body = response.whole().await?;
        let mut objects = response.parse::<List>(&body)?.objects;
        // A server may compare names in its own way, or not know the filter.
        objects.retain(|object| object.get("name").and_then(Value::as_str) == Some(name));
        let read = |object| self.read_source(object).ok_or_else(|| without_uuid(&response));
        let mut found = objects.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if found.len() > 1 {
            let uuids = listed(found.iter().map(DataSource::uuid));
            let message = format!(
                "{} sources are named `{name}`; rename all but one, or name one by its uuid: {uuids}",
                found.len()
            );
            return Err(response.error(Kind::Usage, message));
        }
        let source = found.pop();
        if let Some(source) = &source {
            self.known_uuids().insert(name.to_owned(), source.uuid().to_owned());
        }
        Ok(source)
    }

    /// All sources; what has no uuid cannot be used and is left out.
    async fn sources_until(&self, deadline: Deadline) -> Result<Vec<DataSource>, Error> {
        let list: List = self.get(&["api", "data_source"], deadline).send().await?.json().await?;
        Ok(list.objects.into_iter().filter_map(|object| self.read_source(object)).collect())
    }

    fn read_source(&self, object: Value) -> Option<DataSource> {
        match object {
            Value::Object(config) => DataSource::read(self, config),
            _ => None,
        }
    }

    /// The error of a name that no source has, with what was probably meant.
    async fn unknown_source(&self, name: &str, deadline: Deadline) -> Error {
        let mut message = format!("there is no source named `{name}`");
        // The names are only for the message, which does without them when they cannot be had.
        if let Ok(sources) = self.sources_until(deadline).await {
            let mut names: Vec<_> = sources.iter().map(DataSource::name).collect();
            names.sort_unstable();
            message.push_str(&match nearest(name, names.iter().copied()) {
                Some(near) => format!("; did you mean `{near}`?"),
                None if names.is_empty() => "; the server has no source yet".to_owned(),
                None => format!("; the server has {}", listed(names)),
            });
        }
        Error::new(Kind::NotFound, self.api_key().redact(message))
    }
}
