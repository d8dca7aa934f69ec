//! The command `serenytics`.

mod log;
mod schema;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The command line.
#[derive(Parser)]
#[command(name = "serenytics", version, about = "Typed queries over Serenytics, and an embedded engine to run them on")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the embedded engine as a server, until it gets SIGTERM or ctrl-c
    Serve(Box<serve::ServeArguments>),
    /// Write schema files from what a server has, and hold them against it
    #[command(subcommand)]
    Schema(schema::SchemaCommand),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Serve(arguments) => serve::run(*arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Schema(command) => schema::run(command).await,
    };
    match done {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
