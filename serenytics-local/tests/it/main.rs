//! Integration tests of the server over HTTP. Each test has a separate data folder.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod batch;
mod cache;
mod csv;
mod csv_mistakes;
mod damage;
mod data_api;
mod differential;
mod exports;
mod fairness;
mod formula_functions;
mod formula_language;
mod formula_mistakes;
mod formula_queries;
mod formula_soundness;
mod formulas;
mod hostile;
mod joins;
mod limits;
mod mails;
mod measure_errors;
mod measures;
mod numbers;
mod operation;
mod paths;
mod pushes;
#[path = "../../../tests/support/python.rs"]
mod python;
mod query;
mod query_refusals;
mod ranks;
mod recovery;
mod scripts;
mod server;
mod slots;
mod sources;
mod support;
mod unchanged_numbers;
mod unknown_fields;
mod updates;
mod web_apps;
mod where_clause;
