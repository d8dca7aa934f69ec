//! The result cache: answers in memory, by the versions of the tables that they read.
//!
//! A write creates a new version of its table, so the key of every later query differs: no answer is ever out of date.

use std::future::Future;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use moka::future::Cache;
use serde::Serialize;
use serde_json::Value;
use serenytics_query::formula::DateFunction;
use serenytics_query::wire::{ColumnItem, Condition, Item, Pipeline, Stage};
use uuid::Uuid;

use super::answer::{Answer, ByteStream, CacheStatus, FIRST_CHUNK, Layout};
use super::input::{Input, Key as JoinKey};
use crate::base::{Error, QueryMetrics};

/// The size of the largest query that is cached, in bytes.
const MAX_QUERY: usize = 64 * 1024;
/// What an entry costs besides its bytes, approximately.
const ENTRY: usize = 256;

/// The answers of queries.
pub(super) struct ResultCache {
    /// `None` if the cache is disabled.
    entries: Option<Cache<Key, Bytes>>,
    /// Answers of this size or more are not stored. An answer of several chunks is sent as before.
    max_answer: usize,
    metrics: QueryMetrics,
}

/// Identifies an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The ids and versions of the tables.
    tables: Vec<(Uuid, u64)>,
    /// Everything else that the answer depends on, as JSON.
    query: Vec<u8>,
}

/// The parts of a query that its answer depends on.
#[derive(Serialize)]
struct KeyedQuery<'a> {
    layout: Layout,
    stages: Vec<KeyedStage<'a>>,
    measures: Option<&'a Value>,
    joined: Vec<(&'a str, &'a [JoinKey])>,
    /// The date, if a formula uses `today()`.
    today: Option<String>,
}

/// A stage whose items are all in their long form, so that equal stages have equal keys.
#[derive(Serialize)]
struct KeyedStage<'a> {
    group_by: Vec<ColumnItem>,
    select: Vec<ColumnItem>,
    order_by: Vec<ColumnItem>,
    conditions: &'a [Condition],
    limit: Option<i64>,
}

/// The answer was not stored, so every waiting query must run by itself.
struct NotStored;

impl ResultCache {
    /// Creates a cache for `memory` bytes of queries and answers. 0 disables it.
    pub(super) fn new(memory: usize, metrics: QueryMetrics) -> ResultCache {
        let weight = |key: &Key, answer: &Bytes| {
            let bytes = key.query.len() + size_of_val(key.tables.as_slice()) + answer.len() + ENTRY;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        let entries = (memory > 0).then(|| {
            Cache::builder().max_capacity(memory as u64).weigher(weight).support_invalidation_closures().build()
        });
        ResultCache { entries, max_answer: FIRST_CHUNK.min(memory / 8), metrics }
    }

    /// Returns the key of a query. `None` if its answer must not be cached: it is too large, has no data, or depends on
    /// the time.
    pub(super) fn key(&self, layout: Layout, input: &Input, options: &Pipeline) -> Option<Key> {
        if self.entries.is_none() || options.only_headers == Some(true) {
            return None;
        }
        let measures = input.configuration.get("measures");
        let stages = &options.data_processing_pipeline;
        let mut time = TimeCalls::default();
        stages.iter().for_each(|stage| time.add_stage(stage));
        measures.into_iter().for_each(|measures| time.add_strings(measures));
        if time.now {
            return None;
        }
        let query = KeyedQuery {
            layout,
            stages: stages.iter().map(KeyedStage::of).collect(),
            measures,
            joined: input.parts.iter().map(|part| (part.prefix.as_str(), part.keys.as_slice())).collect(),
            today: time.today.then(|| jiff::Timestamp::now().strftime("%F").to_string()),
        };
        let tables = input.parts.iter().map(|part| (part.id, part.snapshot.version)).collect();
        Some(Key { tables, query: json_up_to(MAX_QUERY, &query)? })
    }

    /// Returns the stored answer, or runs the query and stores its answer if it is small. Of equal queries at the same
    /// time, only one runs.
    pub(super) async fn answer(
        &self,
        key: Option<Key>,
        run: impl Future<Output = Result<ByteStream, Error>>,
    ) -> Result<Answer, Error> {
        let (Some(entries), Some(key)) = (&self.entries, key) else {
            return Ok(self.counted(run.await?, CacheStatus::Bypass));
        };
        let mut run = Some(run);
        // The answer of this call's own query, if it was not stored.
        let mut own = None;
        let stored = entries.try_get_with(key, async {
            let Some(run) = run.take() else { return Err(NotStored) };
            match self.collect(run).await {
                Ok(Collected::Small(answer)) => Ok(answer),
                Ok(Collected::Large(chunks)) => {
                    own = Some(Ok(chunks));
                    Err(NotStored)
                }
                Err(error) => {
                    own = Some(Err(error));
                    Err(NotStored)
                }
            }
        });
        let stored = stored.await.ok();
        let status = if run.is_some() && stored.is_some() { CacheStatus::Hit } else { CacheStatus::Miss };
        let chunks = match (stored, own, run) {
            (Some(answer), ..) => stream::once(async { Ok(answer) }).boxed(),
            (None, Some(own), _) => own?,
            // The query that this one waited for was not stored.
            (None, None, Some(run)) => run.await?,
            (None, None, None) => {
                return Err(Error::failed("an answer is missing", "the query neither failed nor ended"));
            }
        };
        Ok(self.counted(chunks, status))
    }

    /// Removes the answers that read a table.
    pub(super) fn invalidate(&self, table: Uuid) -> Result<(), Error> {
        let Some(entries) = &self.entries else { return Ok(()) };
        let reads = move |key: &Key, _: &Bytes| key.tables.iter().any(|(id, _)| *id == table);
        let invalidated = entries.invalidate_entries_if(reads);
        invalidated.map(drop).map_err(|error| Error::failed("the result cache could not be emptied", error))
    }

    fn counted(&self, chunks: ByteStream, cache: CacheStatus) -> Answer {
        self.metrics.cache_used(cache.name());
        Answer { chunks, cache }
    }

    /// Runs a query and collects its answer, until it is too large to be stored.
    async fn collect(&self, run: impl Future<Output = Result<ByteStream, Error>>) -> Result<Collected, Error> {
        let mut rest = run.await?;
        let (mut chunks, mut size) = (Vec::new(), 0);
        while let Some(chunk) = rest.try_next().await? {
            size += chunk.len();
            chunks.push(chunk);
            if size >= self.max_answer {
                let begun = stream::iter(chunks.into_iter().map(Ok));
                return Ok(Collected::Large(begun.chain(rest).boxed()));
            }
        }
        // The chunks may have more capacity than bytes.
        Ok(Collected::Small(Bytes::from(chunks.concat())))
    }
}

enum Collected {
    Small(Bytes),
    /// The whole answer, from its first chunk.
    Large(ByteStream),
}

impl KeyedStage<'_> {
    fn of(stage: &Stage) -> KeyedStage<'_> {
        let long = |items: &[Item]| items.iter().cloned().map(Item::into_column).collect();
        KeyedStage {
            group_by: long(&stage.group_by),
            select: long(&stage.select),
            order_by: long(&stage.order_by),
            conditions: &stage.conditions,
            limit: stage.limit,
        }
    }
}

/// Returns a value as JSON. `None` if it is longer than `limit` bytes.
fn json_up_to(limit: usize, value: &impl Serialize) -> Option<Vec<u8>> {
    let mut json = vec![0; limit];
    let mut free = json.as_mut_slice();
    serde_json::to_writer(&mut free, value).ok()?;
    let free = free.len();
    json.truncate(limit - free);
    json.shrink_to_fit();
    Some(json)
}

/// The functions of time that the formulas of a query may call.
#[derive(Default)]
struct TimeCalls {
    now: bool,
    today: bool,
}

impl TimeCalls {
    /// Adds the names of a stage, which may be formulas.
    fn add_stage(&mut self, stage: &Stage) {
        for item in [&stage.group_by, &stage.select, &stage.order_by].into_iter().flatten() {
            match item {
                Item::Name(name) => self.add(name),
                Item::Column(item) => self.add(&item.name),
            }
        }
        stage.conditions.iter().for_each(|condition| self.add(&condition.name));
    }

    /// Adds every string of a JSON value.
    fn add_strings(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Array(values) => values.iter().for_each(|value| self.add_strings(value)),
            Value::Object(fields) => fields.values().for_each(|value| self.add_strings(value)),
            _ => {}
        }
    }

    /// Adds a text that may be a formula. A column of that name is taken for a call, which only costs a cached answer.
    fn add(&mut self, formula: &str) {
        for word in formula.split(|letter: char| !letter.is_alphanumeric() && letter != '_') {
            self.now |= word.eq_ignore_ascii_case(DateFunction::Now.name());
            self.today |= word.eq_ignore_ascii_case(DateFunction::Today.name());
        }
    }
}
