//! What the platform keeps under a uuid and a name: reading it from answers, listing it, finding it by its name.

use serde_json::{Map, Value, json};
use serenytics_query::suggest::{listed, nearest};

use crate::error::{Error, Kind};
use crate::session::Session;
use crate::transport::{Deadline, List, Response};

/// A data source, a script or a web app.
pub(crate) trait Resource: Sized {
    /// What stands behind `/api/` in its paths.
    const PATH: &'static str;
    /// What one is called.
    const NOUN: &'static str;

    /// Reads one from what the server says of it; none without a uuid.
    fn read(session: &Session, config: Map<String, Value>) -> Option<Self>;

    /// Its uuid.
    fn uuid(&self) -> &str;

    /// Its name.
    fn name(&self) -> &str;

    /// Reads the one that an answer describes.
    async fn answered(session: &Session, mut response: Response) -> Result<Self, Error> {
        let body = response.whole().await?;
        Self::read(session, response.parse(&body)?).ok_or_else(|| without_uuid::<Self>(&response, &body))
    }

    /// Reads what the answer to saving describes: a server may have changed what it was sent, and need not say so.
    async fn saved(&self, session: &Session, response: Response) -> Result<Option<Self>, Error> {
        match response.unless_error().await? {
            Some(Value::Object(config)) => Ok(Self::read(session, config).filter(|saved| saved.uuid() == self.uuid())),
            _ => Ok(None),
        }
    }

    /// The one with this uuid.
    async fn by_uuid(session: &Session, uuid: &str, deadline: Deadline) -> Result<Self, Error> {
        Self::answered(session, session.get(&["api", Self::PATH, uuid], deadline).send().await?).await
    }

    /// All of them; what has no uuid cannot be used and is left out.
    async fn all(session: &Session, deadline: Deadline) -> Result<Vec<Self>, Error> {
        let list: List = session.get(&["api", Self::PATH], deadline).send().await?.json().await?;
        Ok(list.objects.into_iter().filter_map(|object| read(session, object)).collect())
    }

    /// The one with this name, if there is one.
    async fn find(session: &Session, name: &str, deadline: Deadline) -> Result<Option<Self>, Error> {
        let filter = json!({ "filters": [{ "name": "name", "op": "eq", "val": name }] });
        let request = session.get(&["api", Self::PATH], deadline).query("q", &filter.to_string());
        let mut response = request.send().await?;
        let body = response.whole().await?;
        let mut objects = response.parse::<List>(&body)?.objects;
        // A server may compare names in its own way, or not know the filter.
        objects.retain(|object| object.get("name").and_then(Value::as_str) == Some(name));
        let read = |object| read(session, object).ok_or_else(|| without_uuid::<Self>(&response, &body));
        let mut found = objects.into_iter().map(read).collect::<Result<Vec<Self>, _>>()?;
        if found.len() > 1 {
            let uuids = listed(found.iter().map(Self::uuid));
            let message = format!(
                "{} {}s are named `{name}`; rename all but one, or name one by its uuid: {uuids}",
                found.len(),
                Self::NOUN
            );
            return Err(response.error(Kind::Usage, message));
        }
        Ok(found.pop())
    }

    /// The error of a name that none has, with what was probably meant.
    async fn unknown(session: &Session, name: &str, deadline: Deadline) -> Error {
        let noun = Self::NOUN;
        let mut message = format!("there is no {noun} named `{name}`");
        // The names are only for the message, which does without them when they cannot be had.
        if let Ok(others) = Self::all(session, deadline).await {
            let mut names: Vec<_> = others.iter().map(Self::name).collect();
            names.sort_unstable();
            message.push_str(&match nearest(name, names.iter().copied()) {
                Some(near) => format!("; did you mean `{near}`?"),
                None if names.is_empty() => format!("; the server has no {noun} yet"),
                None => format!("; the server has {}", listed(names)),
            });
        }
        Error::new(Kind::NotFound, session.api_key().redact(message))
    }
}

fn read<R: Resource>(session: &Session, object: Value) -> Option<R> {
    match object {
        Value::Object(config) => R::read(session, config),
        _ => None,
    }
}

fn without_uuid<R: Resource>(response: &Response, body: &[u8]) -> Error {
    response.unexpected(body, &format!("the server describes a {} without its `uuid`", R::NOUN))
}
