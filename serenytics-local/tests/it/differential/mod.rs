//! Runs random queries on the engine and on DuckDB over the same rows, and compares the results.
//!
//! `DIFFERENTIAL_SEED` and `DIFFERENTIAL_QUERIES` set another seed and number of queries. A failing query is reduced, and
//! reported with both queries and both results.

mod compare;
mod data;
mod duckdb;
mod formula;
mod query;
mod source;
mod sql;

use std::cell::{Cell, RefCell};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use serenytics_query::vocabulary::ColumnType;

use crate::support::LocalEngine;
use data::{LARGE, PLACE, Table, WILD, tables};
use duckdb::DuckDb;
use query::Query;
use source::{Column, Precision, Source, quoted};

/// How many queries are run.
const QUERIES: u32 = 2000;
/// How many measures each source has.
const MEASURES: usize = 16;

#[test]
fn random_queries_match_duckdb() {
    let seed = setting("DIFFERENTIAL_SEED", 1);
    let queries = setting("DIFFERENTIAL_QUERIES", QUERIES);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let engine = runtime.block_on(LocalEngine::start());
    let sources = runtime.block_on(sources(&engine, &mut runner(seed, 0, 0)));
    let failed: u32 = std::thread::scope(|scope| {
        let halves = [1, 2].map(|half| {
            let runner = runner(seed, half, queries / 2);
            scope.spawn(|| run(runner, &sources, |query| runtime.block_on(answer(&engine, query))))
        });
        halves.into_iter().map(|half| half.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).sum()
    });
    assert!(failed * 5 < queries, "{failed} of {queries} queries failed because integers were too large");
}

fn setting(name: &str, default: u32) -> u32 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

fn runner(seed: u32, half: u8, cases: u32) -> TestRunner {
    let mut bytes = [half; 32];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    TestRunner::new_with_rng(config, rng)
}

/// The rows or the error of a query.
type Answer = Result<Vec<Vec<Value>>, String>;

/// Runs queries on both engines and returns how many failed on both.
fn run(mut runner: TestRunner, sources: &[Source], ask: impl Fn(&Query) -> Answer) -> u32 {
    let mut duckdb = DuckDb::start();
    for table in tables() {
        duckdb.table(table.name, &table.columns, &table.rows);
    }
    let duckdb = RefCell::new(duckdb);
    let failed = Cell::new(0);
    let result = runner.run(&query::draft(), |draft| {
        let query = draft.build(sources);
        let answer = ask(&query);
        let expected = duckdb.borrow_mut().query(&query.sql);
        match held(&query, &answer, &expected, &mut duckdb.borrow_mut()) {
            Ok(has_failed) => {
                failed.set(failed.get() + u32::from(has_failed));
                Ok(())
            }
            Err(difference) => Err(TestCaseError::fail(format!(
                "{difference}\nquery {}\nSQL {}\nengine {}\nDuckDB {}",
                query.stage,
                query.sql,
                shown(&answer),
                shown(&expected)
            ))),
        }
    });
    match result {
        Ok(()) => failed.get(),
        Err(TestError::Fail(reason, _)) => panic!("{}", reason.message()),
        Err(error) => panic!("{error}"),
    }
}

/// Compares the results. Returns true if both engines failed on numbers of more than 64 bits.
fn held(query: &Query, answer: &Answer, expected: &Answer, duckdb: &mut DuckDb) -> Result<bool, String> {
    match (answer, expected) {
        (Ok(engine), Ok(duckdb)) => compare::difference(query, engine, duckdb).map_or(Ok(false), Err),
        (Err(error), expected) if error.contains("64 bits") => {
            let is_too_large = match expected {
                Ok(rows) => compare::has_wide(rows),
                Err(other) => is_overflow(other),
            };
            let mut has_large_cell = || {
                query.cells.as_ref().is_some_and(|cells| duckdb.query(cells).is_err_and(|error| is_overflow(&error)))
            };
            if is_too_large || has_large_cell() { Ok(true) } else { Err("the engine rejects".to_owned()) }
        }
        (Err(_), _) => Err("the engine rejects".to_owned()),
        (Ok(_), Err(_)) => Err("DuckDB rejects".to_owned()),
    }
}

fn is_overflow(error: &str) -> bool {
    ["Out of Range Error", "Conversion Error", "Overflow"].iter().any(|kind| error.contains(kind))
}

fn shown(answer: &Answer) -> String {
    match answer {
        Ok(rows) => json!(rows).to_string().chars().take(3000).collect(),
        Err(error) => error.clone(),
    }
}

async fn answer(engine: &LocalEngine, query: &Query) -> Answer {
    let options = json!({"order": "row_by_row", "data_processing_pipeline": [query.stage]});
    let (_, mut answer) = engine.ask(&query.uuid, options).await;
    match answer["status"].as_str() {
        Some("ok") => Ok(serde_json::from_value(answer["data"].take()).unwrap()),
        _ => Err(answer["errors"].to_string()),
    }
}

/// The storages and joins of the engine.
async fn sources(engine: &LocalEngine, runner: &mut TestRunner) -> Vec<Source> {
    let mut storages = Vec::new();
    for table in tables() {
        storages.push(storage(engine, &table).await);
    }
    let [many, _, regions] = storages.as_slice() else { panic!("three tables") };
    let joins =
        [join(engine, many, regions, "country", "code").await, join(engine, many, regions, "quantity", "factor").await];
    storages.extend(joins);
    for source in &mut storages {
        add_measures(engine, source, runner).await;
    }
    storages
}

/// A storage with the rows of a table, in more than one commit.
async fn storage(engine: &LocalEngine, table: &Table) -> Source {
    let uuid = engine.storage().await;
    let force = |column_type: ColumnType| match column_type {
        ColumnType::Int => "int64",
        ColumnType::Float => "float64",
        other => other.word(),
    };
    let types: Map<_, _> = table.columns.iter().map(|(name, kind)| (name.clone(), json!(force(*kind)))).collect();
    let content = json!({"advanced_options": json!({"force_types": types}).to_string()});
    let saved =
        engine.call("PUT", &format!("/api/data_source/{uuid}"), json!({"jsonContent": content}).to_string()).await;
    assert_eq!(saved.0, 200, "{saved:?}");
    for rows in table.objects().chunks(70) {
        engine.insert(&uuid, json!(rows)).await;
    }
    let from = quoted(table.name);
    let place = table.columns.iter().any(|(name, _)| name == PLACE).then(|| quoted(PLACE));
    let mut columns = Vec::new();
    // In the order of the engine.
    for described in engine.columns(&uuid).await {
        let (name, column_type) = described.rsplit_once(' ').unwrap();
        let index = table.columns.iter().position(|(other, _)| other == name).unwrap();
        assert_eq!(table.columns[index].1.word(), column_type, "{name}");
        let mut values: Vec<Value> = Vec::new();
        for value in table.rows.iter().map(|row| &row[index]) {
            if !value.is_null() && !values.contains(value) {
                values.push(value.clone());
            }
        }
        columns.push(stored(name, table.columns[index].1, &quoted(name), values));
    }
    Source { uuid, from, columns, place }
}

fn stored(name: &str, column_type: ColumnType, cell: &str, values: Vec<Value>) -> Column {
    let precision = match name.rsplit('.').next() {
        Some(WILD) => Precision::Wild,
        Some(LARGE) => Precision::Large,
        _ => Precision::Exact,
    };
    Column {
        name: name.to_owned(),
        measure: None,
        column_type,
        precision,
        cell: cell.to_owned(),
        inner: if column_type == ColumnType::Int { sql::wide(cell) } else { cell.to_owned() },
        values,
    }
}

/// The pairs of rows whose keys are equal.
async fn join(engine: &LocalEngine, left: &Source, right: &Source, left_key: &str, right_key: &str) -> Source {
    let on = json!([{"left": format!("{}.{left_key}", left.uuid), "right": right_key}]);
    let config = json!([{"uuid": left.uuid, "prefix": "l"}, {"uuid": right.uuid, "prefix": "r", "on": on}]);
    let body = json!({"name": "joined", "type": "InnerJoin", "jsonContent": {"joinConfig": config}});
    let (status, source) = engine.call("POST", "/api/data_source", body.to_string()).await;
    assert_eq!(status, 201, "{source}");
    let side = |table: &str, source: &Source| -> Vec<Column> {
        let column = |column: &Column| {
            let name = format!("{}.{}", source.uuid, column.name);
            let cell = format!("{table}.{}", quoted(&column.name));
            stored(&name, column.column_type, &cell, column.values.clone())
        };
        source.columns.iter().map(column).collect()
    };
    let (left_sql, right_sql) = (quoted(left_key), quoted(right_key));
    Source {
        uuid: source["uuid"].as_str().unwrap().to_owned(),
        from: format!("{} AS l JOIN {} AS r ON l.{left_sql} = r.{right_sql}", left.from, right.from),
        columns: [side("l", left), side("r", right)].concat(),
        place: None,
    }
}

/// Saves random measures for a source. Some of them refer to others.
async fn add_measures(engine: &LocalEngine, source: &mut Source, runner: &mut TestRunner) {
    let mut formulas = Vec::new();
    for index in 0..MEASURES {
        let formula = formula::of_rows().new_tree(runner).unwrap().current();
        // The server would reject nested measures as too long.
        let short = |column: &&Column| column.column_type.is_numeric() && column.cell.len() < 300;
        let built = formula.build(&source.columns.iter().filter(short).collect::<Vec<_>>());
        let (uuid, name) = (format!("m{index}"), format!("measure {index}"));
        source.columns.push(Column {
            name: name.clone(),
            measure: Some(uuid.clone()),
            column_type: built.column_type,
            precision: built.precision,
            cell: sql::narrowed(&built),
            inner: built.sql,
            values: [-7, -1, 0, 1, 3, 40].map(|value| json!(value)).into(),
        });
        formulas.push((uuid, name, built.text));
    }
    let measures: Vec<_> = formulas.iter().map(|(uuid, name, text)| (&**uuid, &**name, &**text)).collect();
    engine.save_measures(&source.uuid, &measures).await;
}
