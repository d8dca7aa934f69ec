//! Finding data sources: by name, by uuid, all of them, or a storage that is made when it is missing.

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use serenytics_query::suggest::{listed, nearest};

use crate::client::Client;
use crate::data_source::{DataSource, SourceType};
use crate::error::{Error, Kind};

/// A list as the server answers it.
#[derive(Deserialize)]
struct List {
    objects: Vec<Map<String, Value>>,
}

impl Client {
    /// The data source with this name.
    ///
    /// # Errors
    /// No source with the name, in which case the error suggests the one that was probably meant; more than one; a server
    /// that cannot be reached or refuses.
    pub async fn source(&self, name: &str) -> Result<DataSource, Error> {
        match self.find_source(name).await? {
            Some(source) => Ok(source),
            None => Err(self.unknown_source(name).await),
        }
    }

    /// The data source with this name, if there is one.
    ///
    /// # Errors
    /// More than one source with the name; a server that cannot be reached or refuses.
    pub async fn find_source(&self, name: &str) -> Result<Option<DataSource>, Error> {
        let filter = json!({ "filters": [{ "name": "name", "op": "eq", "val": name }] });
        let request = self.get(&["api", "data_source"]).query("q", &filter.to_string());
        let mut found = self.read_list(request.send().await?.json().await?)?;
        if found.len() > 1 {
            let uuids = listed(found.iter().map(DataSource::uuid));
            return Err(Error::new(
                Kind::Usage,
                format!(
                    "{} sources are named `{name}`; rename all but one, or name one by its uuid: {uuids}",
                    found.len()
                ),
            ));
        }
        let source = found.pop();
        if let Some(source) = &source {
            self.known_uuids().insert(name.to_owned(), source.uuid().to_owned());
        }
        Ok(source)
    }

    /// The data source with this uuid.
    ///
    /// # Errors
    /// No source with the uuid; a server that cannot be reached or refuses.
    pub async fn source_by_uuid(&self, uuid: &str) -> Result<DataSource, Error> {
        let request = self.get(&["api", "data_source", checked_uuid(uuid)?]);
        DataSource::read(self, request.send().await?.json().await?)
    }

    /// All data sources that the key may see.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses.
    pub async fn sources(&self) -> Result<Vec<DataSource>, Error> {
        self.read_list(self.get(&["api", "data_source"]).send().await?.json().await?)
    }

    /// The storage with this name, made now if there is none.
    ///
    /// # Errors
    /// A source with the name that is no storage, or more than one; a server that cannot be reached or refuses.
    pub async fn get_or_create_storage(&self, name: &str) -> Result<DataSource, Error> {
        if let Some(source) = self.find_source(name).await? {
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
        let body = json!({ "name": name, "type": SourceType::Storage.name(), "jsonContent": {} });
        let request = self.post(&["api", "data_source"]).json(&body).expect(StatusCode::CREATED);
        let source = DataSource::read(self, request.send().await?.json().await?)?;
        self.known_uuids().insert(name.to_owned(), source.uuid.clone());
        Ok(source)
    }

    fn read_list(&self, list: List) -> Result<Vec<DataSource>, Error> {
        list.objects.into_iter().map(|config| DataSource::read(self, config)).collect()
    }

    /// The error of a name that no source has, with what was probably meant.
    async fn unknown_source(&self, name: &str) -> Error {
        let mut message = format!("there is no source named `{name}`");
        // The names are only for the message, which does without them when they cannot be had.
        if let Ok(sources) = self.sources().await {
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

/// Refuses what would be no segment of a path: nothing, or dots, which mean other folders.
pub(crate) fn checked_uuid(uuid: &str) -> Result<&str, Error> {
    match uuid {
        "" | "." | ".." => Err(Error::new(Kind::NotFound, format!("`{uuid}` is no uuid of a source"))),
        uuid => Ok(uuid),
    }
}
