//! Joins: the storages and keys in the configuration of a source of type `InnerJoin`.
//!
//! The documentation of the platform does not define the format of keys. Only this file depends on our choice.

use serde::Deserialize;
use serde_json::Value;
use serenytics_engine::{JoinKey, JoinedTable};
use uuid::Uuid;

use crate::base::Error;
use crate::catalogue::Source;

/// The maximum number of storages in a join, and of keys per storage.
const LIMIT: usize = 16;

/// The expected format, for messages.
const FORM: &str = r#"[{"uuid": "..", "prefix": "a"}, {"uuid": "..", "prefix": "b", "on": [{"left": "<uuid>.<column>", "right": "<column>"}]}]"#;

/// An item of `joinConfig`.
#[derive(Deserialize)]
struct Configured {
    uuid: String,
    prefix: Option<String>,
    #[serde(default)]
    on: Vec<On>,
}

#[derive(Deserialize)]
struct On {
    /// `<uuid>.<column>`.
    left: String,
    /// The name of the column.
    right: String,
}

/// Returns the storages that a source joins, in the order of the configuration.
pub(crate) fn joined(source: &Source) -> Result<Vec<JoinedTable>, Error> {
    let configured = source.json_content.get("joinConfig").unwrap_or(&Value::Null);
    let items = Vec::<Configured>::deserialize(configured)
        .map_err(|error| Error::refused(format!("a join needs `jsonContent.joinConfig` as {FORM}: {error}")))?;
    if !(2..=LIMIT).contains(&items.len()) {
        let count = items.len();
        return Err(Error::refused(format!("expected 2 to {LIMIT} storages in `joinConfig`, found {count}")));
    }
    let mut joined: Vec<JoinedTable> = Vec::with_capacity(items.len());
    for item in items {
        let uuid = parsed(&item.uuid)?;
        if uuid == source.uuid {
            return Err(Error::refused("a join cannot join itself"));
        }
        if joined.iter().any(|other| other.id == uuid) {
            return Err(Error::refused(format!(
                "`joinConfig` has the source {uuid} twice: join each source only once"
            )));
        }
        if joined.is_empty() != item.on.is_empty() {
            return Err(Error::refused(format!(
                "every source of `joinConfig` except the first needs `on`, the columns that must be equal: {FORM}"
            )));
        }
        if item.on.len() > LIMIT {
            return Err(Error::refused(format!("`on` has {} keys, more than the limit of {LIMIT}", item.on.len())));
        }
        let keys = item.on.into_iter().map(|on| key(on, &joined)).collect::<Result<_, _>>()?;
        let prefix = item.prefix.filter(|prefix| !prefix.is_empty());
        joined.push(JoinedTable { id: uuid, prefix, keys });
    }
    Ok(joined)
}

fn key(on: On, before: &[JoinedTable]) -> Result<JoinKey, Error> {
    let (uuid, column) = on.left.split_once('.').ok_or_else(|| {
        Error::refused(format!("invalid key `left` {:?}: expected a column as \"<uuid>.<column>\"", on.left))
    })?;
    let left = parsed(uuid)?;
    if !before.iter().any(|other| other.id == left) {
        return Err(Error::refused(format!(
            "invalid key `left` {:?}: no earlier source in `joinConfig` has this uuid",
            on.left
        )));
    }
    Ok(JoinKey { left, left_column: column.to_owned(), right_column: on.right })
}

fn parsed(uuid: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(uuid).map_err(|_| Error::refused(format!("invalid uuid {uuid:?} in `joinConfig`")))
}
