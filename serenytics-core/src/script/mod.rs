//! Scripts: finding, creating, running and deleting them.

mod data;
mod find;
mod log;
mod run;

use std::fmt;

use reqwest::StatusCode;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::resource::Resource;
use crate::session::Session;

pub use data::ScriptDateTime;
pub use log::{ScriptLog, ScriptStatus};
pub use run::RunScript;

/// A script of a server, returned by [`Client::script`](crate::Client::script) and similar methods.
#[derive(Clone)]
pub struct Script {
    session: Session,
    name: String,
    uuid: String,
    config: Map<String, Value>,
}

impl Script {
    /// Returns the name, unique in the account. Empty if the server returns none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the uuid, which never changes.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// Returns the whole configuration, including `code`, as it was when the script was found.
    #[must_use]
    pub fn config(&self) -> &Map<String, Value> {
        &self.config
    }

    /// Deletes the script: `DELETE /api/script/{uuid}`.
    ///
    /// # Errors
    /// Returns an error if the script no longer exists, or the server cannot be reached or rejects
    /// the request.
    pub async fn delete(self) -> Result<(), Error> {
        let request = self.session.delete(&["api", "script", &self.uuid], self.session.deadline());
        request.expect(StatusCode::NO_CONTENT).send().await?;
        Ok(())
    }
}

impl Resource for Script {
    const PATH: &'static str = "script";
    const NOUN: &'static str = "script";

    fn read(session: &Session, config: Map<String, Value>) -> Option<Script> {
        let text = |key: &str| config.get(key).and_then(Value::as_str);
        let uuid = text("uuid")?.to_owned();
        let name = text("name").unwrap_or_default().to_owned();
        Some(Script { session: session.clone(), name, uuid, config })
    }

    fn uuid(&self) -> &str {
        &self.uuid
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// Leaves out the configuration: code may contain secrets.
impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("name", &self.name).field("uuid", &self.uuid).finish_non_exhaustive()
    }
}
