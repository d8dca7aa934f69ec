//! Fuzzing: no query, batch or CSV file makes the engine panic or fail. `PROPTEST_CASES` sets the number of cases.

use std::cell::Cell;
use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use futures_util::TryStreamExt;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serenytics_engine::{BatchRequest, Python};
use serenytics_query::wire::Pipeline;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::body::RequestBody;
use crate::access::Account;
use crate::base::{Error, Kind};
use crate::catalogue::{STORAGE, Source, forced_types};
use crate::loads::attached_rows;
use crate::platform::Platform;
use crate::platform::test::platform;
use crate::sources::Sources;

/// An engine with a source with some rows.
struct Target {
    runtime: Runtime,
    platform: Platform,
    source: Source,
    folder: TempDir,
}

impl Target {
    fn new() -> Target {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_stack_size(8 << 20)
            .enable_all()
            .build()
            .unwrap();
        let (platform, folder) = runtime.block_on(platform());
        let measures =
            json!({"measures": {"m1": {"name": "double", "type": "formula", "data": {"formula": "2 * [n]"}}}});
        let mut source = Source::new(Account::default_account(), STORAGE, "fuzzed".to_owned(), measures);
        source.original_file_name = Some("fuzzed.csv".to_owned());
        let target = Target { runtime, platform, source, folder };
        let rows = json!([
            {"s": "FR", "n": 1, "f": 0.5, "t": "2013-01-01T05:00:00"},
            {"s": "", "n": i64::MAX, "f": -1e300, "t": "1969-12-31T23:59:59.999999"},
            {"s": null, "n": null, "f": null, "t": null},
        ]);
        let body = json!({"operations": [{"action": "insert", "rows": rows}]}).to_string();
        target.batch(body.into_bytes()).unwrap();
        target
    }

    fn sources(&self) -> Arc<Sources> {
        self.platform.get()
    }

    async fn body<T: DeserializeOwned + Send + 'static>(&self, bytes: Vec<u8>) -> Result<T, Error> {
        let request = Request::new(Body::from(bytes));
        RequestBody::from_request(request, &self.platform).await.unwrap().object().await
    }

    fn query(&self, bytes: Vec<u8>) -> Result<(), Error> {
        self.runtime.block_on(async {
            let pipeline: Pipeline = self.body(bytes).await?;
            let answer = self.sources().query(self.source.clone(), pipeline).await?;
            Ok(answer.chunks.try_for_each(async |_| Ok(())).await?)
        })
    }

    fn batch(&self, bytes: Vec<u8>) -> Result<(), Error> {
        self.runtime.block_on(async {
            let request: BatchRequest = self.body(bytes).await?;
            let table = self.sources().table(&self.source).await?;
            table.batch(request, forced_types(&self.source)?).await?;
            Ok(())
        })
    }

    /// Loads a file, or only parses it like a load, because a commit waits for the disk.
    fn load(&self, separator: &str, bytes: Vec<u8>, is_kept: bool) -> Result<(), Error> {
        let file = self.folder.path().join("fuzzed.csv");
        std::fs::write(&file, bytes).unwrap();
        let mut source = self.source.clone();
        source.json_content["separator"] = separator.into();
        let rows = attached_rows(&source, &file, &Python::default())?;
        if !is_kept {
            rows.validate()?;
            return Ok(());
        }
        self.runtime.block_on(async {
            self.sources().table(&source).await?.reload(rows).await?;
            Ok(())
        })
    }
}

/// Tries `cases` inputs, or the number in the environment.
fn fuzz<S: Strategy>(cases: u32, inputs: S, run: impl Fn(S::Value) -> Result<(), Error>) {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    let (cases, good) = (config.cases, Cell::new(0));
    let tried = TestRunner::new(config).run(&inputs, |input| match run(input) {
        Err(error) if matches!(error.kind(), Kind::Damaged | Kind::Failed) => {
            Err(TestCaseError::fail(error.messages().join("; ")))
        }
        Err(_) => Ok(()),
        Ok(()) => {
            good.set(good.get() + 1);
            Ok(())
        }
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
    let good = good.get();
    println!("{good} of {cases} inputs were good");
    assert!(good > cases / 50 && good < cases, "inputs have to be good and bad: {good} of {cases} were good");
}

/// Keywords of queries and batches.
const WORDS: &[&str] = &[
    "s",
    "n",
    "f",
    "t",
    "double",
    "$$count$$",
    "sum",
    "avg",
    "dcount",
    "min",
    "month",
    "weekday",
    "asc",
    "desc",
    "in",
    "!in",
    "==",
    "<",
    "is_empty",
    "is_defined",
    "name",
    "op",
    "value",
    "where",
    "select",
    "group_by",
    "order_by",
    "limit",
    "agg_function",
    "timeslot",
    "direction",
    "measureUuid",
    "m1",
    "insert",
    "insertOrUpdate",
    "delete",
    "primaryKey",
    "rows",
    "action",
    "row_by_row",
    "sum([n] * [f]) / count()",
    "[n",
    "[\"FR\", 1]",
    "2013-01-01",
    "1e999",
    "-9223372036854775808",
];

/// Generates any JSON, of keywords and other strings.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![3 => select(WORDS).prop_map(str::to_owned), 1 => any::<String>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..4i64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        let fields = vec((text.clone(), inner.clone()), 0..5);
        prop_oneof![
            vec(inner, 0..5).prop_map(Value::from),
            fields.prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Returns the value with some parts replaced, removed or doubled.
fn mutated(mut value: Value, mutations: &[(usize, u8, Value)]) -> Value {
    for (place, kind, other) in mutations {
        let count = parts(&mut value, &mut 0, None);
        let change = Change { index: place % count, kind: *kind, other };
        parts(&mut value, &mut 0, Some(&change));
    }
    value
}

struct Change<'a> {
    index: usize,
    kind: u8,
    other: &'a Value,
}

/// Counts the parts of a value, and changes the part at the index of the change.
fn parts(value: &mut Value, index: &mut usize, change: Option<&Change<'_>>) -> usize {
    let here = *index;
    *index += 1;
    if let Some(change) = change.filter(|change| change.index == here) {
        match (change.kind % 3, &mut *value) {
            (1, Value::Array(items)) => items.extend(items.clone()),
            (1, Value::Object(fields)) => {
                fields.insert(change.other.as_str().unwrap_or("name").to_owned(), change.other.clone());
            }
            (2, Value::Array(items)) => items.truncate(items.len() / 2),
            (2, Value::Object(fields)) => {
                let first = fields.keys().next().cloned();
                first.map(|first| fields.remove(&first));
            }
            _ => *value = change.other.clone(),
        }
        return *index;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| {
            parts(item, index, change);
        }),
        Value::Object(fields) => fields.values_mut().for_each(|field| {
            parts(field, index, change);
        }),
        _ => {}
    }
    *index
}

/// Generates bodies: mutations of valid ones, any JSON, and bodies with random bytes.
fn texts(right: &'static LazyLock<Vec<Value>>) -> impl Strategy<Value = Vec<u8>> {
    let mutation = (any::<usize>(), any::<u8>(), any_json());
    let mutant = (0..right.len(), vec(mutation, 1..4));
    let mutant = mutant
        .prop_map(|(which, mutations)| mutated(right[which].clone(), &mutations).to_string().into_bytes())
        .boxed();
    let broken = (mutant.clone(), vec((any::<usize>(), any::<u8>()), 1..4)).prop_map(|(mut text, bytes)| {
        for (place, byte) in bytes {
            let place = place % text.len();
            text[place] = byte;
        }
        text
    });
    prop_oneof![
        6 => mutant,
        2 => any_json().prop_map(|json| json.to_string().into_bytes()),
        1 => broken,
        1 => vec(any::<u8>(), 0..64),
    ]
}

#[test]
fn no_query_breaks_the_engine() {
    static RIGHT: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let stage = |stage: Value| json!({"order": "row_by_row", "data_processing_pipeline": [stage]});
        vec![
            stage(
                json!({"select": ["s", "n", "f", "t"], "order_by": [{"name": "n", "direction": "desc"}], "limit": 2}),
            ),
            stage(json!({"group_by": ["s", {"name": "t", "timeslot": "month"}],
                "select": [{"name": "n", "agg_function": "sum"}, {"name": "f", "agg_function": "avg"}],
                "order_by": [{"name": "n", "agg_function": "sum"}]})),
            stage(
                json!({"where": [{"name": "s", "op": "in", "value": "[\"FR\"]"}, {"name": "n", "op": ">", "value": "20"},
                {"name": "t", "op": "<", "value": "2013-02-01"}, {"name": "f", "op": "is_defined"}]}),
            ),
            stage(json!({"select": [{"name": "double", "measureUuid": "m1", "agg_function": "sum"}]})),
            stage(json!({"select": [{"name": "sum([n] * [f]) / count()"}]})),
            stage(json!({"select": [{"name": "$$count$$", "agg_function": "sum"}]})),
            json!({"only_headers": true}),
        ]
    });
    let target = Target::new();
    fuzz(3000, texts(&RIGHT), |text| target.query(text));
}

#[test]
fn no_batch_breaks_the_engine() {
    static RIGHT: LazyLock<Vec<Value>> = LazyLock::new(|| {
        vec![
            json!({"operations": [{"action": "insert", "rows": [{"s": "x", "n": 2, "f": 1.5, "t": "2013-01-01"}, {"n": 3}]}]}),
            json!({"operations": [{"action": "insertOrUpdate", "primaryKey": "n", "rows": [{"n": 2, "s": "y"}, {"n": 2}]},
                {"action": "delete", "primaryKey": "s", "rows": ["x", "y"]}]}),
            json!({"async": false, "operations": [{"action": "delete", "primaryKey": "t", "rows": ["2013-01-01"]}]}),
        ]
    });
    let target = Target::new();
    fuzz(2000, texts(&RIGHT), |text| target.batch(text));
}

#[test]
fn no_file_breaks_the_engine() {
    let field = prop_oneof![
        4 => select(vec!["1", "-2.5", "NA", "NaN", "", "x", "2013-01-01", "2013-01-01T05:00:00Z", "é", "9223372036854775808",
            "1e308", "\"a,\"\"b\n\"", "\"", "\u{feff}", "\r", "\0", "+262143-12-31"]).prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..6),
    ];
    let line = vec(field, 3..4).prop_map(|fields| fields.join(&b','));
    let ragged = vec(any::<u8>(), 0..12);
    let lines = vec(prop_oneof![20 => line, 1 => ragged], 0..12).prop_map(|lines| lines.join(&b'\n'));
    let header = prop_oneof![6 => Just(b"a,b,c\n".to_vec()), 1 => Just(Vec::new()), 1 => vec(any::<u8>(), 0..12)];
    let file = (header, lines).prop_map(|(header, lines)| [header, lines].concat());
    let seldom = |one_in| (0..one_in).prop_map(|number| number == 0);
    let inputs = (
        prop_oneof![4 => file, 1 => vec(any::<u8>(), 0..200)],
        seldom(10),
        select(vec![",", ";", "\t", "a"]),
        seldom(20),
    );
    let target = Target::new();
    fuzz(5000, inputs, |(mut file, gzipped, separator, is_kept)| {
        if gzipped {
            // Only the mark of one: what follows is damaged.
            file.splice(..0, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
        }
        target.load(separator, file, is_kept)
    });
}
