//! Measures: the uuids that the platform wants beside their names in a query, from the configuration of its source.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use serenytics_query::suggest::{listed, nearest};
use serenytics_query::wire::{ColumnItem, Item, Pipeline, Stage};
use tracing::debug;

use crate::answer::{Exchange, Rows, Until, Wanted};
use crate::api_key::ApiKey;
use crate::client::Client;
use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::transport::Deadline;

/// The measures of a source, as they were when its configuration was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Measures {
    /// The source's name.
    source: String,
    /// The uuids of each name, which is unique by convention only.
    uuids: BTreeMap<String, Vec<String>>,
}

impl Measures {
    /// The measures that a source is configured with.
    pub(crate) fn of(source: &DataSource) -> Measures {
        let configured = source.config().get("jsonContent").and_then(|content| content.get("measures"));
        let mut uuids: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (uuid, measure) in configured.and_then(Value::as_object).into_iter().flatten() {
            if let Some(name) = measure.get("name").and_then(Value::as_str) {
                uuids.entry(name.to_owned()).or_default().push(uuid.clone());
            }
        }
        Measures { source: source.name().to_owned(), uuids }
    }

    /// The names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.uuids.keys().map(String::as_str)
    }

    /// The uuid of a measure; the error shows no key.
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

    /// The JSON of a query with the uuids of these measures beside their names, in every clause.
    fn beside(&self, names: &[Cow<'static, str>], json: &str, key: &ApiKey) -> Result<Bytes, Error> {
        let mut named = Vec::new();
        for name in names {
            named.push((name.as_ref(), self.uuid(name, key)?));
        }
        let uuid = |name: &str| named.iter().find(|(other, _)| *other == name).map(|(_, uuid)| (*uuid).to_owned());
        let unreadable = |error: serde_json::Error| {
            Error::new(Kind::Usage, format!("the query is not the JSON of one: {error}")).caused_by(error)
        };
        let mut pipeline: Pipeline = serde_json::from_str(json).map_err(unreadable)?;
        for stage in &mut pipeline.data_processing_pipeline {
            for (name, place) in places(stage, |name| uuid(name).is_some()) {
                if let Some(uuid) = uuid(name) {
                    *place = Some(uuid);
                }
            }
        }
        serde_json::to_vec(&pipeline).map(Bytes::from).map_err(unreadable)
    }
}

/// Puts the uuids of a source's measures into a query that is data, as the official client does: into the objects that name one
/// and not its uuid. A name that is no object is a column's, and later stages see what the first one gives.
pub(crate) fn add_measures(source: &DataSource, pipeline: &mut Pipeline) {
    let Some(stage) = pipeline.data_processing_pipeline.first_mut() else { return };
    let mut open = places(stage, |_| false).filter(|(_, uuid)| uuid.is_none()).peekable();
    if open.peek().is_none() {
        return;
    }
    let measures = Measures::of(source);
    for (name, uuid) in open {
        // Which of several is meant is for the server to ask.
        if let Some([only]) = measures.uuids.get(name).map(Vec::as_slice) {
            *uuid = Some(only.clone());
        }
    }
}

/// Where a stage can hold the uuid of a measure, beside the name that is there. Items that are names alone have no place for it: those
/// that `is_measure` says become objects.
fn places(stage: &mut Stage, is_measure: impl Fn(&str) -> bool) -> impl Iterator<Item = (&str, &mut Option<String>)> {
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

impl Client {
    /// Keeps the measures of a source whose configuration was just read.
    pub(crate) fn learn_measures(&self, source: &DataSource) -> Arc<Measures> {
        let measures = Arc::new(Measures::of(source));
        self.known_measures().insert(source.uuid().to_owned(), Arc::clone(&measures));
        measures
    }

    /// Runs a query that names measures. Their uuids are those that are known of the source; its configuration is read again, once, when it
    /// is not known to have one of them, or when the server refuses the query and one of them is another by now.
    pub(crate) async fn run_with_measures(
        &self,
        uuid: &str,
        names: &[Cow<'static, str>],
        json: &str,
        until: Until,
        rows: &mut (dyn Rows + Send),
        deadline: Deadline,
    ) -> Result<Exchange, Error> {
        let asked = (Wanted::Rows, until);
        let known = self.known_measures().get(uuid).cloned();
        let Some(body) = known.and_then(|known| known.beside(names, json, self.api_key()).ok()) else {
            let source = self.by_uuid_until(uuid, deadline).await?;
            let body = self.beside(&source, names, json)?;
            return self.run(uuid, body, asked, rows, deadline).await;
        };
        let error = match self.run(uuid, body.clone(), asked, rows, deadline).await {
            Err(error) if error.is_refused_by_server() && !error.is_unauthorized() && !error.is_not_found() => error,
            outcome => return outcome,
        };
        // A refusal does not say that it is for a measure in words that could be relied upon.
        let Ok(source) = self.by_uuid_until(uuid, deadline).await else { return Err(error) };
        let renewed = self.beside(&source, names, json)?;
        if renewed == body {
            return Err(error);
        }
        debug!(%error, "trying again with the measures that the source has now");
        rows.clear();
        self.run(uuid, renewed, asked, rows, deadline).await
    }

    fn beside(&self, source: &DataSource, names: &[Cow<'static, str>], json: &str) -> Result<Bytes, Error> {
        self.learn_measures(source).beside(names, json, self.api_key())
    }
}
