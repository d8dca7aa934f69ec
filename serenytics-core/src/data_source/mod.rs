//! A data source: a table of the platform's warehouse, a join, or a connected database.

mod columns;
mod find;
mod insert;

use std::fmt;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::client::Client;
use crate::error::{Error, Kind};

pub(crate) use find::checked_uuid;

/// A data source of a server, found by [`Client::source`] and its siblings.
#[derive(Clone)]
pub struct DataSource {
    client: Client,
    name: String,
    uuid: String,
    source_type: SourceType,
    config: Map<String, Value>,
}

/// What kind of data source it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceType {
    /// A table of the platform's own warehouse, the only kind that data can be loaded into.
    Storage,
    /// A join of other sources.
    InnerJoin,
    /// Another kind, by the server's name for it: a connected database, or one that a newer server knows.
    Other(String),
}

impl SourceType {
    /// The server's name for the kind.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            SourceType::Storage => "Storage",
            SourceType::InnerJoin => "InnerJoin",
            SourceType::Other(name) => name,
        }
    }
}

impl fmt::Display for SourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The fields that every data source has.
#[derive(Deserialize)]
struct Fields {
    name: String,
    uuid: String,
    #[serde(rename = "type")]
    source_type: String,
}

impl DataSource {
    /// Reads what a server says of a source.
    fn read(client: &Client, config: Map<String, Value>) -> Result<DataSource, Error> {
        let fields = Fields::deserialize(&config).map_err(|error| {
            let message = format!("the server's description of a data source cannot be read: {error}");
            Error::new(Kind::Decode, client.api_key().redact(message))
        })?;
        let source_type = match fields.source_type.as_str() {
            "Storage" => SourceType::Storage,
            "InnerJoin" => SourceType::InnerJoin,
            _ => SourceType::Other(fields.source_type),
        };
        Ok(DataSource { client: client.clone(), name: fields.name, uuid: fields.uuid, source_type, config })
    }

    /// The name, unique by convention only.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The uuid, which never changes.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// The kind of source.
    #[must_use]
    pub fn source_type(&self) -> &SourceType {
        &self.source_type
    }

    /// Everything that the server says of the source, `jsonContent` among it, as it was when the source was found. It may
    /// hold credentials of a connected database.
    #[must_use]
    pub fn config(&self) -> &Map<String, Value> {
        &self.config
    }

    /// Deletes the source and its data.
    ///
    /// # Errors
    /// A source that does not exist any more; a server that cannot be reached or refuses.
    pub async fn delete(self) -> Result<(), Error> {
        let request = self.client.delete(&["api", "data_source", &self.uuid]).expect(StatusCode::NO_CONTENT);
        request.send().await?;
        self.client.known_uuids().retain(|_, uuid| *uuid != self.uuid);
        Ok(())
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Refuses what can only be done to a storage.
    pub(crate) fn check_is_storage(&self) -> Result<(), Error> {
        if self.source_type == SourceType::Storage {
            return Ok(());
        }
        let DataSource { name, source_type, .. } = self;
        let message =
            format!("data can only be loaded into a source of type Storage, and `{name}` is of type {source_type}");
        Err(Error::new(Kind::Usage, message))
    }
}

/// The configuration is left out: it may hold credentials.
impl fmt::Debug for DataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataSource")
            .field("name", &self.name)
            .field("uuid", &self.uuid)
            .field("source_type", &self.source_type)
            .finish_non_exhaustive()
    }
}
