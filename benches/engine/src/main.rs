//! How fast the engine answers, loads and streams, and how much memory it takes: one command a question, a table each.
//!
//! `cargo run --release -p serenytics-bench-engine -- queries`, or `pushes`, `load`, `stream`. The server is a process of
//! its own, so that its memory is that of nothing else.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

mod api;
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
    /// Four queries through the server, on DataFusion in process, and on DuckDB.
    Queries {
        #[arg(long, default_value_t = 10_000_000)]
        rows: u64,
        /// How often each query is run.
        #[arg(long, default_value_t = 9)]
        runs: usize,
        /// The data folder, which is kept; one that exists has the rows already. A temporary one otherwise.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Single rows, pushed to one storage by many connections.
    Pushes {
        #[arg(long, default_value_t = 32)]
        connections: usize,
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// Queries, pushes and batches at the same time.
    Load {
        #[arg(long, default_value_t = 64)]
        connections: usize,
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Answers of many rows.
    Stream {
        /// How many rows the larger answer has; the smaller one has a quarter of them.
        #[arg(long, default_value_t = 4_000_000)]
        rows: u64,
    },
    /// The server that the others measure.
    #[command(hide = true)]
    Serve { data: PathBuf },
}

#[tokio::main]
async fn main() {
    match Arguments::parse().command {
        Command::Queries { rows, runs, data } => queries::run(rows, runs, data).await,
        Command::Pushes { connections, seconds } => pushes::run(connections, seconds).await,
        Command::Load { connections, seconds } => load::run(connections, seconds).await,
        Command::Stream { rows } => stream::run(rows).await,
        Command::Serve { data } => server::serve(data).await,
    }
}
