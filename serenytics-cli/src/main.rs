//! The `serenytics` command: `query` runs a query, `serve` runs the server, `recover` takes up lost storages, `schema`
//! writes and checks schema files.

mod log;
mod output;
mod query;
mod recover;
mod schema;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The command line.
#[derive(Parser)]
#[command(
    name = "serenytics",
    version,
    about = "Query files and sources, run a Serenytics server, and manage the schema files of typed queries"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a server until SIGTERM or ctrl-c
    Serve(Box<serve::ServeArguments>),
    /// Run a query on a file, a data folder or a server
    Query(Box<query::QueryArguments>),
    /// List unknown and damaged storages of a data folder, and take them up again
    Recover(recover::RecoverArguments),
    /// Create schema files from a server, or compare them with it
    #[command(subcommand)]
    Schema(schema::SchemaCommand),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Serve(arguments) => serve::run(*arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Query(arguments) => Ok(query::run(*arguments).await),
        Command::Recover(arguments) => recover::run(arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Schema(command) => schema::run(command).await,
    };
    match done {
        Ok(code) => code,
        Err(message) => {
            output::error(message);
            ExitCode::FAILURE
        }
    }
}
