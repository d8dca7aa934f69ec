//! Resources with a uuid and a name: reading them from responses, listing them, finding them by
//! name.

use serde_json::{Map, Value, json};
use serenytics_query::suggest::{listed, nearest};

use crate::error::{Error, Kind};
use crate::session::Session;
use crate::transport::{Deadline, List, Response};

/// A data source, a script or a web app.
pub(crate) trait Resource: Sized {
    /// The path segment after `/api/`.
    const PATH: &'static str;
    /// The noun for one of these in messages.
    const NOUN: &'static str;

    /// Reads a resource from its description by the server. Returns `None` if it has no uuid.
    fn read(session: &Session, config: Map<String, Value>) -> Option<Self>;

    /// Returns its uuid.
    fn uuid(&self) -> &str;

    /// Returns its name.
    fn name(&self) -> &str;

    /// Reads the resource that a response describes.
    async fn answered(session: &Session, mut response: Response) -> Result<Self, Error> {
        let body = response.whole().await?;
        Self::read(session, response.parse(&body)?).ok_or_else(|| without_uuid::<Self>(&response, &body))
    }

    /// Reads the response to a save. A server may have changed what it was sent, and may answer
    /// without a description.
    async fn saved(&self, session: &Session, response: Response) -> Result<Option<Self>, Error> {
        match response.unless_error().await? {
            Some(Value::Object(config)) => Ok(Self::read(session, config).filter(|saved| saved.uuid() == self.uuid())),
            _ => Ok(None),
        }
    }

    /// Returns the resource with this uuid.
    async fn by_uuid(session: &Session, uuid: &str, deadline: Deadline) -> Result<Self, Error> {
        Self::answered(session, session.get(&["api", Self::PATH, uuid], deadline).send().await?).await
    }

    /// Returns all of them. Objects without a uuid cannot be used and are skipped.
    async fn all(session: &Session, deadline: Deadline) -> Result<Vec<Self>, Error> {
        let list: List = session.get(&["api", Self::PATH], deadline).send().await?.json().await?;
        Ok(list.objects.into_iter().filter_map(|object| read(session, object)).collect())
    }

    /// Returns the resource with this name, if it exists.
    async fn find(session: &Session, name: &str, deadline: Deadline) -> Result<Option<Self>, Error> {
        let filter = json!({ "filters": [{ "name": "name", "op": "eq", "val": name }] });
        let request = session.get(&["api", Self::PATH], deadline).query("q", &filter.to_string());
        let mut response = request.send().await?;
        let body = response.whole().await?;
        let mut objects = response.parse::<List>(&body)?.objects;
        // A server may compare names differently, or ignore the filter.
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

    /// Creates the error of an unknown name, with a suggestion.
    async fn unknown(session: &Session, name: &str, deadline: Deadline) -> Error {
        let noun = Self::NOUN;
        let mut message = format!("there is no {noun} named `{name}`");
        // The list of names only improves the message: an error here is ignored.
        if let Ok(others) = Self::all(session, deadline).await {
            let mut names: Vec<_> = others.iter().map(Self::name).collect();
            names.sort_unstable();
            message.push_str(&match nearest(name, names.iter().copied()) {
                Some(near) => format!("; did you mean `{near}`?"),
                None if names.is_empty() => format!("; the server has no {noun}s yet"),
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
    response.unexpected(body, &format!("the server describes a {} without a `uuid`", R::NOUN))
}
