//! Resources with a uuid and a name: reading them from responses, listing them, finding them by
//! name.

use std::collections::HashSet;

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
        Self::read(session, response.parse(&body)?).ok_or_else(|| response.unexpected(&body, &lacks_uuid::<Self>()))
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
        let (objects, _) = list::<Self>(session, None, deadline).await?;
        Ok(objects.into_iter().filter_map(|object| read(session, object)).collect())
    }

    /// Returns the resource with this name, if it exists.
    async fn find(session: &Session, name: &str, deadline: Deadline) -> Result<Option<Self>, Error> {
        let filter = json!({ "filters": [{ "name": "name", "op": "eq", "val": name }] });
        let (mut objects, response) = list::<Self>(session, Some(&filter.to_string()), deadline).await?;
        // A server may compare names differently, or ignore the filter.
        objects.retain(|object| object.get("name").and_then(Value::as_str) == Some(name));
        let read = |object| read(session, object).ok_or_else(|| response.error(Kind::Decode, lacks_uuid::<Self>()));
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

fn lacks_uuid<R: Resource>() -> String {
    format!("the server describes a {} without a `uuid`", R::NOUN)
}

/// Returns a list, and the response with its last page. The list must have as many objects as the
/// server reports.
///
/// Whether lists have pages is not documented: further pages are only requested if the first one is
/// not the whole list.
async fn list<R: Resource>(
    session: &Session,
    filter: Option<&str>,
    deadline: Deadline,
) -> Result<(Vec<Value>, Response), Error> {
    let mut objects = Vec::new();
    let mut known = HashSet::new();
    let mut page = 1;
    loop {
        let mut request = session.get(&["api", R::PATH], deadline);
        if let Some(filter) = filter {
            request = request.query("q", filter);
        }
        if page > 1 {
            request = request.query("page", &page.to_string());
        }
        let mut response = request.send().await?;
        let body = response.whole().await?;
        let list: List = response.parse(&body)?;
        let (total, pages, before) = (list.total(), list.pages(), objects.len());
        // A server without pages sends the first one again.
        objects.extend(list.objects.into_iter().filter(|object| known.insert(identity(object)) || page == 1));
        let is_whole = match total {
            Some(total) => objects.len() as u64 >= total,
            None => pages.is_none_or(|pages| page >= pages),
        };
        if is_whole || objects.len() == before {
            if total.is_none() && !is_whole {
                let message = format!("page {page} of the list of {}s has no further ones", R::NOUN);
                return Err(response.error(Kind::Decode, message));
            }
            response.check_count(R::NOUN, total, objects.len())?;
            return Ok((objects, response));
        }
        page += 1;
    }
}

/// Identifies an object of a list: its uuid, or its content.
fn identity(object: &Value) -> String {
    object.get("uuid").and_then(Value::as_str).map_or_else(|| object.to_string(), str::to_owned)
}
