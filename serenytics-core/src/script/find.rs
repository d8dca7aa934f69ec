//! Finding scripts: by name, by uuid, all of them; and making one.

use reqwest::StatusCode;
use serde_json::{Value, json};
use serenytics_query::suggest::{listed, nearest};

use crate::client::Client;
use crate::error::{Error, Kind};
use crate::script::{Script, without_uuid};
use crate::transport::{Deadline, List};

impl Client {
    /// The script with this name: `GET /api/script` with a filter.
    ///
    /// # Errors
    /// No script with the name, in which case the error suggests the one that was probably meant; more than one; a server
    /// that cannot be reached or refuses.
    pub async fn script(&self, name: &str) -> Result<Script, Error> {
        let deadline = self.deadline();
        match self.find_script_until(name, deadline).await? {
            Some(script) => Ok(script),
            None => Err(self.unknown_script(name, deadline).await),
        }
    }

    /// The script with this name, if there is one: `GET /api/script` with a filter.
    ///
    /// # Errors
    /// More than one script with the name; a server that cannot be reached or refuses.
    pub async fn find_script(&self, name: &str) -> Result<Option<Script>, Error> {
        self.find_script_until(name, self.deadline()).await
    }

    /// The script with this uuid: `GET /api/script/{uuid}`.
    ///
    /// # Errors
    /// No script with the uuid; a server that cannot be reached or refuses.
    pub async fn script_by_uuid(&self, uuid: &str) -> Result<Script, Error> {
        let request = self.get(&["api", "script", uuid], self.deadline());
        Script::answered(self, request.send().await?).await
    }

    /// All scripts that the key may see: `GET /api/script`.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses.
    pub async fn scripts(&self) -> Result<Vec<Script>, Error> {
        self.scripts_until(self.deadline()).await
    }

    /// Makes a script of Python code: `POST /api/script`. It has no schedule.
    ///
    /// # Errors
    /// A name that another script has; a server that cannot be reached or refuses.
    pub async fn create_script(&self, name: &str, code: &str) -> Result<Script, Error> {
        let body = json!({ "name": name, "schedule_infos": "", "code": code, "kind": "GENERIC_PYTHON" });
        let request = self.post(&["api", "script"], self.deadline()).json(&body).expect(StatusCode::CREATED);
        Script::answered(self, request.send().await?).await
    }

    async fn find_script_until(&self, name: &str, deadline: Deadline) -> Result<Option<Script>, Error> {
        let filter = json!({ "filters": [{ "name": "name", "op": "eq", "val": name }] });
        let request = self.get(&["api", "script"], deadline).query("q", &filter.to_string());
        let mut response = request.send().await?;
        let body = response.whole().await?;
        let mut objects = response.parse::<List>(&body)?.objects;
        // A server may compare names in its own way, or not know the filter.
        objects.retain(|object| object.get("name").and_then(Value::as_str) == Some(name));
        let read = |object| self.read_script(object).ok_or_else(|| without_uuid(&response));
        let mut found = objects.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if found.len() > 1 {
            let uuids = listed(found.iter().map(Script::uuid));
            let message = format!(
                "{} scripts are named `{name}`; rename all but one, or name one by its uuid: {uuids}",
                found.len()
            );
            return Err(response.error(Kind::Usage, message));
        }
        Ok(found.pop())
    }

    /// All scripts; what has no uuid cannot be used and is left out.
    async fn scripts_until(&self, deadline: Deadline) -> Result<Vec<Script>, Error> {
        let list: List = self.get(&["api", "script"], deadline).send().await?.json().await?;
        Ok(list.objects.into_iter().filter_map(|object| self.read_script(object)).collect())
    }

    fn read_script(&self, object: Value) -> Option<Script> {
        match object {
            Value::Object(config) => Script::read(self, config),
            _ => None,
        }
    }

    /// The error of a name that no script has, with what was probably meant.
    async fn unknown_script(&self, name: &str, deadline: Deadline) -> Error {
        let mut message = format!("there is no script named `{name}`");
        // The names are only for the message, which does without them when they cannot be had.
        if let Ok(scripts) = self.scripts_until(deadline).await
            && let Some(near) = nearest(name, scripts.iter().map(Script::name))
        {
            message.push_str(&format!("; did you mean `{near}`?"));
        }
        Error::new(Kind::NotFound, self.api_key().redact(message))
    }
}
