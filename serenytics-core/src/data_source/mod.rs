//! A data source: a table of the platform's warehouse, a join, or a connected database.

mod batch;
mod columns;
mod config;
mod find;
mod measures;
pub(crate) mod names;
mod operations;
mod push;
mod query;
mod schema;

pub use batch::Batch;
pub use measures::AppliedMeasures;
pub use push::Pusher;

use std::fmt;

use reqwest::StatusCode;
use serde_json::{Map, Value};

use crate::error::{Error, Kind};
use crate::resource::Resource;
use crate::session::Session;

/// A data source of a server, returned by [`Client::source`](crate::Client::source) and similar
/// methods.
#[derive(Clone)]
pub struct DataSource {
    session: Session,
    name: String,
    uuid: String,
    source_type: SourceType,
    config: Map<String, Value>,
}

/// The kind of a data source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceType {
    /// A table of the platform's warehouse, the only kind that data can be loaded into.
    Storage,
    /// A join of other sources.
    InnerJoin,
    /// Another kind, by the server's name for it: a connected database, or a kind that only newer
    /// servers have. Empty if the server returns no type.
    Other(String),
}

impl SourceType {
    /// Returns the server's name for the kind.
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

impl DataSource {
    /// Returns the name, unique by convention only. Empty if the server returns none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the uuid, which never changes.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// Returns the kind of the source.
    #[must_use]
    pub fn source_type(&self) -> &SourceType {
        &self.source_type
    }

    /// Deletes the source and its data.
    ///
    /// # Errors
    /// Returns an error if the source no longer exists, or the server cannot be reached or rejects
    /// the request.
    pub async fn delete(self) -> Result<(), Error> {
        let request = self.session.delete(&["api", "data_source", &self.uuid], self.session.deadline());
        request.expect(StatusCode::NO_CONTENT).send().await?;
        self.session.forget_names_of(&self.uuid);
        self.session.forget_measures(&self.uuid);
        Ok(())
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Returns an error if the source is not a storage.
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

impl Resource for DataSource {
    const PATH: &'static str = "data_source";
    const NOUN: &'static str = "source";

    /// Newer servers may have sources without a name or a type.
    fn read(session: &Session, config: Map<String, Value>) -> Option<DataSource> {
        let text = |key: &str| config.get(key).and_then(Value::as_str);
        let uuid = text("uuid")?.to_owned();
        let name = text("name").unwrap_or_default().to_owned();
        let source_type = match text("type").unwrap_or_default() {
            "Storage" => SourceType::Storage,
            "InnerJoin" => SourceType::InnerJoin,
            other => SourceType::Other(other.to_owned()),
        };
        Some(DataSource { session: session.clone(), name, uuid, source_type, config })
    }

    fn uuid(&self) -> &str {
        &self.uuid
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// Leaves out the configuration, which may contain credentials.
impl fmt::Debug for DataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataSource")
            .field("name", &self.name)
            .field("uuid", &self.uuid)
            .field("source_type", &self.source_type)
            .finish_non_exhaustive()
    }
}
