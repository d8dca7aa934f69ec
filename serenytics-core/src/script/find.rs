//! Finding scripts: by name, by uuid, all of them; and making one.

use reqwest::StatusCode;
use serde_json::json;

use crate::client::Client;
use crate::error::Error;
use crate::resource::Resource;
use crate::script::Script;

impl Client {
    /// The script with this name: `GET /api/script` with a filter.
    ///
    /// # Errors
    /// No script with the name, in which case the error suggests the one that was probably meant; more than one; a server
    /// that cannot be reached or refuses.
    pub async fn script(&self, name: &str) -> Result<Script, Error> {
        let deadline = self.session().deadline();
        match Script::find(self.session(), name, deadline).await? {
            Some(script) => Ok(script),
            None => Err(Script::unknown(self.session(), name, deadline).await),
        }
    }

    /// The script with this name, if there is one: `GET /api/script` with a filter.
    ///
    /// # Errors
    /// More than one script with the name; a server that cannot be reached or refuses.
    pub async fn find_script(&self, name: &str) -> Result<Option<Script>, Error> {
        Script::find(self.session(), name, self.session().deadline()).await
    }

    /// The script with this uuid: `GET /api/script/{uuid}`.
    ///
    /// # Errors
    /// No script with the uuid; a server that cannot be reached or refuses.
    pub async fn script_by_uuid(&self, uuid: &str) -> Result<Script, Error> {
        Script::by_uuid(self.session(), uuid, self.session().deadline()).await
    }

    /// All scripts that the key may see: `GET /api/script`.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses.
    pub async fn scripts(&self) -> Result<Vec<Script>, Error> {
        Script::all(self.session(), self.session().deadline()).await
    }

    /// Makes a script of Python code: `POST /api/script`. It has no schedule.
    ///
    /// # Errors
    /// A name that another script has; a server that cannot be reached or refuses.
    pub async fn create_script(&self, name: &str, code: &str) -> Result<Script, Error> {
        let body = json!({ "name": name, "schedule_infos": "", "code": code, "kind": "GENERIC_PYTHON" });
        let request =
            self.session().post(&["api", "script"], self.session().deadline()).json(&body).expect(StatusCode::CREATED);
        Script::answered(self.session(), request.send().await?).await
    }
}
