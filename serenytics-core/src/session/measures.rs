//! Measures: their uuids, from the configuration of their source, which the platform needs next to
//! their names in a query.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Map, Value};
use serenytics_query::suggest::{listed, nearest};
use serenytics_query::wire::{ColumnItem, Item, Pipeline, Stage};

use crate::api_key::ApiKey;
use crate::error::{Error, Kind};

/// The measures of a source, as they were when its configuration was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Measures {
    /// The source's name.
    source: String,
    /// The uuids of each name, which is unique by convention only.
    uuids: BTreeMap<String, Vec<String>>,
}

impl Measures {
    /// Reads the measures from the configuration of the source with this name.
    pub(crate) fn of(source: &str, config: &Map<String, Value>) -> Measures {
        let configured = config.get("jsonContent").and_then(|content| content.get("measures"));
        let mut uuids: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (uuid, measure) in configured.and_then(Value::as_object).into_iter().flatten() {
            if let Some(name) = measure.get("name").and_then(Value::as_str) {
                uuids.entry(name.to_owned()).or_default().push(uuid.clone());
            }
        }
        Measures { source: source.to_owned(), uuids }
    }

    /// Returns the names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.uuids.keys().map(String::as_str)
    }

    /// Returns the uuid of a measure. The error is redacted.
    fn uuid(&self, name: &str, key: &ApiKey) -> Result<&str, Error> {
        let source = &self.source;
        match self.uuids.get(name).map(Vec::as_slice) {
            Some([uuid]) => Ok(uuid),
            Some(uuids) => {
                let count = uuids.len();
                let uuids = listed(uuids.iter().map(String::as_str));
                let message = format!(
                    "source `{source}` has {count} measures named `{name}`; rename all but one of them: {uuids}"
                );
                Err(Error::new(Kind::Usage, key.redact(message)))
            }
            None => {
                let has = listed(self.names());
                let rest = match nearest(name, self.names()) {
                    Some(near) => format!("did you mean `{near}`? it has {has}"),
                    None => format!("it has {has}"),
                };
                let message = format!("source `{source}` has no measure `{name}`; {rest}");
                Err(Error::new(Kind::NotFound, key.redact(message)))
            }
        }
    }

    /// Returns the JSON of a query with the uuids of these measures next to their names, in every
    /// clause.
    pub(crate) fn with_measure_uuids(
        &self,
        names: &[Cow<'static, str>],
        json: &str,
        key: &ApiKey,
    ) -> Result<Bytes, Error> {
        let mut named = Vec::new();
        for name in names {
            named.push((name.as_ref(), self.uuid(name, key)?));
        }
        let uuid = |name: &str| named.iter().find(|(other, _)| *other == name).map(|(_, uuid)| (*uuid).to_owned());
        let unreadable = |error: serde_json::Error| {
            Error::new(Kind::Usage, format!("the query is not valid JSON of a query: {error}")).caused_by(error)
        };
        let mut pipeline: Pipeline = serde_json::from_str(json).map_err(unreadable)?;
        for stage in &mut pipeline.data_processing_pipeline {
            for (name, slot) in uuid_slots(stage, |name| uuid(name).is_some()) {
                if let Some(uuid) = uuid(name) {
                    *slot = Some(uuid);
                }
            }
        }
        serde_json::to_vec(&pipeline).map(Bytes::from).map_err(unreadable)
    }
}

/// Adds the uuids of a source's measures to an untyped query, like the official client: to the
/// objects that have a measure's name but no uuid. A plain name is a column, and later stages only
/// see the output of the first one.
pub(crate) fn add_measures(source: &str, config: &Map<String, Value>, pipeline: &mut Pipeline) {
    let Some(stage) = pipeline.data_processing_pipeline.first_mut() else { return };
    let mut open = uuid_slots(stage, |_| false).filter(|(_, uuid)| uuid.is_none()).peekable();
    if open.peek().is_none() {
        return;
    }
    let measures = Measures::of(source, config);
    for (name, uuid) in open {
        // If several measures have the name, the server reports it.
        if let Some([only]) = measures.uuids.get(name).map(Vec::as_slice) {
            *uuid = Some(only.clone());
        }
    }
}

/// Returns the names in a stage that may be measures, each with the slot for its uuid. A plain name
/// has no slot: if `is_measure` is true for it, it becomes an object.
fn uuid_slots(
    stage: &mut Stage,
    is_measure: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&str, &mut Option<String>)> {
    let Stage { group_by, select, order_by, conditions, .. } = stage;
    let items = group_by.iter_mut().chain(select).chain(order_by).filter_map(move |item| {
        if matches!(&*item, Item::Name(name) if is_measure(name)) {
            let column = std::mem::replace(item, Item::Name(String::new())).into_column();
            *item = Item::Column(column);
        }
        match item {
            Item::Column(ColumnItem { name, measure_uuid, .. }) => Some((name.as_str(), measure_uuid)),
            Item::Name(_) => None,
        }
    });
    items.chain(conditions.iter_mut().map(|condition| (condition.name.as_str(), &mut condition.measure_uuid)))
}
