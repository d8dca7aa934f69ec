//! Finds scripts by name or uuid, lists them, and creates them.

use reqwest::StatusCode;
use serde_json::json;

use crate::client::Client;
use crate::error::Error;
use crate::resource::Resource;
use crate::script::Script;

impl Client {
    /// Returns the script with this name: `GET /api/script` with a filter.
    ///
    /// # Errors
    /// Returns an error if no script has the name (the error suggests a similar name), several
    /// scripts have it, or the server cannot be reached or rejects the request.
    pub async fn script(&self, name: &str) -> Result<Script, Error> {
        let deadline = self.session().deadline();
        match Script::find(self.session(), name, deadline).await? {
            Some(script) => Ok(script),
            None => Err(Script::unknown(self.session(), name, deadline).await),
        }
    }

    /// Returns the script with this name, or `None` if there is none: `GET /api/script` with a
    /// filter.
    ///
    /// # Errors
    /// Returns an error if several scripts have the name, or the server cannot be reached or
    /// rejects the request.
    pub async fn find_script(&self, name: &str) -> Result<Option<Script>, Error> {
        Script::find(self.session(), name, self.session().deadline()).await
    }

    /// Returns the script with this uuid: `GET /api/script/{uuid}`.
    ///
    /// # Errors
    /// Returns an error if no script has the uuid, or the server cannot be reached or rejects the
    /// request.
    pub async fn script_by_uuid(&self, uuid: &str) -> Result<Script, Error> {
        Script::by_uuid(self.session(), uuid, self.session().deadline()).await
    }

    /// Returns all scripts that the API key can access: `GET /api/script`.
    ///
    /// # Errors
    /// Returns an error if the server cannot be reached or rejects the request.
    pub async fn scripts(&self) -> Result<Vec<Script>, Error> {
        Script::all(self.session(), self.session().deadline()).await
    }

    /// Creates a script of Python code, without a schedule: `POST /api/script`.
    ///
    /// # Errors
    /// Returns an error if another script has the name, or the server cannot be reached or rejects
    /// the request.
    pub async fn create_script(&self, name: &str, code: &str) -> Result<Script, Error> {
        let body = json!({ "name": name, "schedule_infos": "", "code": code, "kind": "GENERIC_PYTHON" });
        let request =
            self.session().post(&["api", "script"], self.session().deadline()).json(&body).expect(StatusCode::CREATED);
        Script::answered(self.session(), request.send().await?).await
    }
}
