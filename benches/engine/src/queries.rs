//! Compares four queries: through the server over HTTP, on DataFusion in process, and on DuckDB, all with the same files.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Instant;

use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::functions_aggregate::expr_fn::{count, count_distinct, max, sum};
use datafusion::prelude::{DataFrame, Expr, SessionConfig, SessionContext, lit};
use serde_json::{Value, json};
use url::Url;

use crate::api::{Api, Storage};
use crate::python::environment;
use crate::rows;
use crate::server::Process;
use crate::times::Times;

/// The memory limit of queries in bytes: the server's default, also used for DataFusion in process.
const QUERY_MEMORY: usize = 2 << 30;

/// A query in three languages: the platform's JSON, a DataFusion plan and SQL.
pub struct Query {
    pub name: &'static str,
    pub stage: Value,
    plan: fn(DataFrame) -> datafusion::error::Result<DataFrame>,
    sql: &'static str,
    is_filtered: bool,
}

fn column(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}

fn text(value: &str) -> Expr {
    lit(ScalarValue::Utf8View(Some(value.to_owned())))
}

pub fn queries() -> [Query; 4] {
    let aggregate = |name: &str, function: &str| json!({"name": name, "agg_function": function});
    [
        Query {
            name: "two keys, distinct count",
            stage: json!({
                "group_by": ["country", "quantity"],
                "select": [aggregate("revenue", "sum"), aggregate("customer", "dcount")],
            }),
            plan: |rows| {
                // The engine names its aggregates too. Without names, DataFusion splits the distinct count into two steps.
                let aggregates =
                    vec![sum(column("revenue")).alias("sum"), count_distinct(column("customer")).alias("dcount")];
                rows.aggregate(vec![column("country"), column("quantity")], aggregates)
            },
            sql: "SELECT country, quantity, SUM(revenue), COUNT(DISTINCT customer) FROM rows GROUP BY 1, 2",
            is_filtered: false,
        },
        Query {
            name: "a million groups, first 100",
            stage: json!({
                "group_by": ["customer"],
                "select": [aggregate("revenue", "sum"), aggregate("$$count$$", "sum")],
                "order_by": [{"name": "revenue", "agg_function": "sum", "direction": "desc"}],
                "limit": 100,
            }),
            plan: |rows| {
                let aggregates = vec![sum(column("revenue")).alias("sum"), count(lit(1)).alias("count")];
                let groups = rows.aggregate(vec![column("customer")], aggregates)?;
                groups.sort(vec![column("sum").sort(false, true)])?.limit(0, Some(100))
            },
            sql: "SELECT customer, SUM(revenue), COUNT(*) FROM rows GROUP BY 1 ORDER BY 2 DESC NULLS FIRST LIMIT 100",
            is_filtered: false,
        },
        Query {
            name: "filtered maximum",
            stage: json!({
                "select": [aggregate("revenue", "max")],
                "where": [{"name": "country", "op": "==", "value": "C07"}, {"name": "quantity", "op": ">", "value": "5"}],
            }),
            plan: |rows| {
                let filtered = rows.filter(column("country").eq(text("C07")).and(column("quantity").gt(lit(5_i64))))?;
                filtered.aggregate(Vec::new(), vec![max(column("revenue"))])
            },
            sql: "SELECT MAX(revenue) FROM rows WHERE country = 'C07' AND quantity > 5",
            is_filtered: true,
        },
        Query {
            name: "filtered count",
            stage: json!({
                "select": [aggregate("$$count$$", "sum")],
                "where": [
                    {"name": "product", "op": "in", "value": "[\"product 7\", \"product 8\"]"},
                    {"name": "date", "op": ">=", "value": "2024-06-01"},
                ],
            }),
            plan: |rows| {
                let june = lit(ScalarValue::TimestampMicrosecond(Some(1_717_200_000_000_000), None));
                let products = column("product").in_list(vec![text("product 7"), text("product 8")], false);
                rows.filter(products.and(column("date").gt_eq(june)))?.aggregate(Vec::new(), vec![count(lit(1))])
            },
            sql: "SELECT COUNT(*) FROM rows \
                  WHERE product IN ('product 7', 'product 8') AND date >= TIMESTAMP '2024-06-01'",
            is_filtered: true,
        },
    ]
}

pub async fn run(rows: u64, runs: usize, data: Option<PathBuf>) {
    let temporary = tempfile::tempdir().unwrap();
    let data = data.unwrap_or_else(|| temporary.path().to_owned());
    let name = format!("{rows} rows");
    let kept = data.join(&name);
    let server = Process::start(&data);
    let api = Api::new(&server.url);
    let storage = if kept.exists() {
        Storage { uuid: std::fs::read_to_string(&kept).unwrap(), token: String::new() }
    } else {
        let begun = Instant::now();
        let storage = api.storage(&name).await;
        api.reload(&storage, rows::csv(rows)).await;
        println!("{rows} rows loaded from CSV in {:.1} s\n", begun.elapsed().as_secs_f64());
        std::fs::write(&kept, &storage.uuid).unwrap();
        storage
    };
    let files = files(&data.join("storages").join(&storage.uuid));
    let (whole, filtered) = contexts(&files);
    let mut duckdb = DuckDb::start(&files);
    let mut times: Vec<[Times; 3]> = queries().iter().map(|_| Default::default()).collect();
    // The first run warms up the caches and is not counted.
    for run in 0..=runs {
        for (query, times) in queries().iter().zip(&mut times) {
            // Alternate the order, because each engine finds the caches that the previous one left.
            let turns = if run % 2 == 0 { [0, 1, 2] } else { [2, 1, 0] };
            let mut counted = [0; 3];
            for turn in turns {
                let begun = Instant::now();
                counted[turn] = match turn {
                    0 => api.query(&storage, query.stage.clone()).await.len(),
                    1 => {
                        let context = if query.is_filtered { &filtered } else { &whole };
                        let planned = (query.plan)(context.table("rows").await.unwrap()).unwrap();
                        planned.collect().await.unwrap().iter().map(|batch| batch.num_rows()).sum()
                    }
                    _ => duckdb.query(query.sql),
                };
                if run > 0 {
                    times[turn].0.push(begun.elapsed());
                }
            }
            assert!(counted.iter().all(|count| *count == counted[0]), "{}: {counted:?} rows", query.name);
        }
    }
    println!("| query over {rows} rows, ms, minimum (median) | server | DataFusion | server / DataFusion | DuckDB |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (query, [server, datafusion, duckdb]) in queries().iter().zip(&times) {
        let cell = |times: &Times| format!("{:.1} ({:.1})", times.at(0.0), times.median());
        let ratio = |part: f64| server.at(part) / datafusion.at(part);
        let ratio = format!("{:.2} ({:.2})", ratio(0.0), ratio(0.5));
        println!("| {} | {} | {} | {ratio} | {} |", query.name, cell(server), cell(datafusion), cell(duckdb));
    }
}

/// Returns the data files of a storage.
fn files(storage: &Path) -> Vec<PathBuf> {
    let inside = |folder: PathBuf| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let folders = inside(storage.to_owned()).filter(|path| path.is_dir());
    let mut files: Vec<_> =
        folders.flat_map(inside).filter(|path| path.to_string_lossy().ends_with(".parquet")).collect();
    files.sort();
    files
}

/// Returns two DataFusion contexts with the same settings as the engine: for whole tables and for filtered ones.
fn contexts(files: &[PathBuf]) -> (SessionContext, SessionContext) {
    let urls = files.iter().map(|file| ListingTableUrl::try_new(Url::from_file_path(file).unwrap(), None).unwrap());
    let columns = [
        ("country", DataType::Utf8View),
        ("product", DataType::Utf8View),
        ("customer", DataType::Int64),
        ("quantity", DataType::Int64),
        ("revenue", DataType::Float64),
        ("date", DataType::Timestamp(TimeUnit::Microsecond, None)),
    ];
    let fields: Vec<_> = columns.into_iter().map(|(name, data_type)| Field::new(name, data_type, true)).collect();
    let config = ListingTableConfig::new_with_multi_paths(urls.collect())
        .with_listing_options(ListingOptions::new(Arc::new(ParquetFormat::default())))
        .with_schema(Arc::new(Schema::new(fields)));
    let table = Arc::new(ListingTable::try_new(config).unwrap());
    let mut settings = SessionConfig::new();
    settings.options_mut().optimizer.enable_aggregate_dynamic_filter_pushdown = false;
    let pool = Arc::new(FairSpillPool::new(QUERY_MEMORY));
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc().unwrap();
    let whole = SessionContext::new_with_config_rt(settings, runtime);
    let state = whole.state();
    let rules = state.physical_optimizers().iter().filter(|rule| rule.name() != "aggregate_statistics").cloned();
    let rules = rules.collect();
    let filtered = SessionStateBuilder::new_from_existing(state).with_physical_optimizer_rules(rules).build();
    let filtered = SessionContext::new_with_state(filtered);
    // Both contexts share one list of tables.
    whole.register_table("rows", table).unwrap();
    (whole, filtered)
}

/// DuckDB in a Python process that reads a query and writes a result per line.
struct DuckDb {
    process: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl DuckDb {
    fn start(files: &[PathBuf]) -> DuckDb {
        let folder = std::env::current_exe().unwrap().with_file_name("duckdb-of-benches");
        let script = "serenytics-local/tests/it/differential/duckdb_answers.py";
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(script);
        let mut command = std::process::Command::new(environment(&folder, &["duckdb==2.0.1"]));
        let mut process = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        let mut duckdb = DuckDb { process, answers };
        let threads = std::thread::available_parallelism().unwrap();
        duckdb.query(&format!("SET threads = {threads}"));
        let files: Vec<_> = files.iter().map(|file| format!("'{}'", file.display())).collect();
        duckdb.query(&format!("CREATE VIEW rows AS SELECT * FROM read_parquet([{}])", files.join(", ")));
        duckdb
    }

    /// Runs a query and returns the number of its rows.
    fn query(&mut self, sql: &str) -> usize {
        writeln!(self.process.stdin.as_mut().unwrap(), "{}", json!({"sql": sql})).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        answer["rows"].as_array().unwrap_or_else(|| panic!("{answer}")).len()
    }
}

impl Drop for DuckDb {
    fn drop(&mut self) {
        // The process ends when its input is closed.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
