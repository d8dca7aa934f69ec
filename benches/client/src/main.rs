//! Compares this client with the official Python client: queries, files and rows, on the same server and data. Each job
//! runs in its own process.
//!
//! `cargo run --release -p serenytics-bench-client` prints Markdown tables; `docs/benchmarks.md` lists the results.

mod data;
mod decoding;
mod jobs;
mod measured;
mod python;
mod server;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use measured::{Measured, print_pairs};
use server::Serving;

/// The result of a step. Any error ends the benchmark.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Compares this client with the official Python client
#[derive(Parser)]
struct Arguments {
    /// Number of rows to load and fetch
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Number of rows to stream
    #[arg(long, default_value_t = 10_000_000)]
    streamed_rows: u64,
    /// Number of runs of each job; the two clients alternate
    #[arg(long, default_value_t = 3)]
    runs: usize,
    #[command(subcommand)]
    part: Option<Part>,
}

/// A part of the benchmark.
#[derive(Subcommand)]
enum Part {
    /// Compare only the decoders; needs no server
    Decoding,
    /// Run one job in this process; the benchmark starts itself with this command
    #[command(hide = true)]
    Job { name: String, url: String, file: PathBuf },
}

fn main() -> Outcome {
    let arguments = Arguments::parse();
    match &arguments.part {
        Some(Part::Job { name, url, file }) => {
            println!("{}", serde_json::to_string(&jobs::run(name, url, file)?)?);
            Ok(())
        }
        Some(Part::Decoding) => decoding::compare(arguments.rows, arguments.runs),
        None => compare(&arguments),
    }
}

/// Runs all parts.
fn compare(arguments: &Arguments) -> Outcome {
    let folder = tempfile::tempdir()?;
    let python = python::interpreter()?;
    let serving = Serving::start(folder.path(), &python)?;

    let file = folder.path().join("bench.csv.gz");
    data::write(&file, arguments.rows)?;
    let mut pairs = Vec::new();
    // `fetch` reads the rows that `load-file` left.
    for job in ["load-rows", "load-file", "fetch"] {
        let mut ours: Vec<Measured> = Vec::new();
        let mut theirs: Vec<Measured> = Vec::new();
        for _ in 0..arguments.runs {
            // This client goes first, because it creates the storage.
            ours.push(jobs::run_in_process(job, &serving.url, &file)?);
            theirs.push(python::run(&python, job, &serving.url, &file)?);
        }
        pairs.push((job, ours, theirs));
    }
    println!("{} rows of 6 columns; each cell is the median of {}.\n", arguments.rows, arguments.runs);
    print_pairs(&pairs);

    decoding::compare(arguments.rows, arguments.runs)?;

    data::write(&file, arguments.streamed_rows)?;
    jobs::run_in_process("load-file", &serving.url, &file)?;
    let streamed = jobs::run_in_process("stream", &serving.url, &file)?;
    println!("\nStreamed: {}.", streamed.described());
    Ok(())
}
