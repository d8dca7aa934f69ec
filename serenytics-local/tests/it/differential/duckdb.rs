//! DuckDB, as a process that answers queries line by line.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use serenytics_query::vocabulary::ColumnType;

use crate::python::environment;

/// The version that the answers were compared with.
const PACKAGE: &str = "duckdb==2.0.1";

/// A database in memory.
pub struct DuckDb {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl DuckDb {
    pub fn start() -> DuckDb {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/differential/duckdb_answers.py");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("duckdb");
        let mut command = Command::new(environment(&folder, &[PACKAGE]));
        let mut process = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let requests = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        DuckDb { process, requests, answers }
    }

    /// Makes a table of these columns and rows.
    pub fn table(&mut self, name: &str, columns: &[(String, ColumnType)], rows: &[Vec<Value>]) {
        let columns: Vec<_> = columns.iter().map(|(name, column_type)| (name, sql_type(*column_type))).collect();
        self.ask(&json!({"table": name, "columns": columns, "rows": rows})).unwrap();
    }

    /// Runs a query and returns its rows or the error.
    pub fn query(&mut self, sql: &str) -> Result<Vec<Vec<Value>>, String> {
        self.ask(&json!({"sql": sql}))
    }

    fn ask(&mut self, request: &Value) -> Result<Vec<Vec<Value>>, String> {
        writeln!(self.requests, "{request}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let mut answer: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("DuckDB ended at {request}"));
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(serde_json::from_value(answer["rows"].take()).unwrap()),
        }
    }
}

impl Drop for DuckDb {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the SQL name of a column type.
fn sql_type(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Str => "VARCHAR",
        ColumnType::Int => "BIGINT",
        ColumnType::Float => "DOUBLE",
        ColumnType::DateTime => "TIMESTAMP",
    }
}
