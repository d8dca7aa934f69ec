//! Measures the speed and the memory of the engine. Each command prints one table: `queries`, `cache`, `pushes`, `load`, `stream`.
//!
//! `cargo run --release -p serenytics-bench-engine -- queries`. The server runs in a separate process, so that its memory
//! can be measured.
#![allow(clippy::unwrap_used, reason = "an error ends the benchmark")]

mod api;
mod cache;
mod load;
mod pushes;
#[path = "../../../tests/support/python.rs"]
mod python;
mod queries;
mod rows;
mod server;
mod stream;
mod times;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run four queries through the server, on DataFusion in process, and on DuckDB
    Queries {
        #[arg(long, default_value_t = 10_000_000)]
        rows: u64,
        /// Number of runs of each query
        #[arg(long, default_value_t = 9)]
        runs: usize,
        /// Data folder to keep and reuse: an existing one already has the rows [default: a temporary folder]
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Repeat queries that the result cache answers, alone and from many connections
    Cache {
        #[arg(long, default_value_t = 10_000_000)]
        rows: u64,
        /// Number of runs of each query
        #[arg(long, default_value_t = 9)]
        runs: usize,
        #[arg(long, default_value_t = 64)]
        connections: usize,
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// Push single rows to one storage from many connections
    Pushes {
        #[arg(long, default_value_t = 32)]
        connections: usize,
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// Run queries, pushes and batches at the same time
    Load {
        #[arg(long, default_value_t = 64)]
        connections: usize,
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Stream results with many rows
    Stream {
        /// Number of rows of the larger result; the smaller one has a quarter of them
        #[arg(long, default_value_t = 4_000_000)]
        rows: u64,
    },
    /// Run the server that the other commands measure
    #[command(hide = true)]
    Serve { data: PathBuf, cache_memory: usize },
}

#[tokio::main]
async fn main() {
    match Arguments::parse().command {
        Command::Queries { rows, runs, data } => queries::run(rows, runs, data).await,
        Command::Cache { rows, runs, connections, seconds } => cache::run(rows, runs, connections, seconds).await,
        Command::Pushes { connections, seconds } => pushes::run(connections, seconds).await,
        Command::Load { connections, seconds } => load::run(connections, seconds).await,
        Command::Stream { rows } => stream::run(rows).await,
        Command::Serve { data, cache_memory } => server::serve(data, cache_memory).await,
    }
}
