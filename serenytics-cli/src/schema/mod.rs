//! `serenytics schema`: creates schema files from a server, and compares them with it.

mod check;
mod pull;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use serenytics_core::Client;
use serenytics_query::drift::Drift;
use serenytics_query::schema_file::SchemaFile;

use crate::output::written;

/// The default folder of schema files, next to a crate's Cargo.toml.
const FOLDER: &str = "schemas";

/// The part of the help of both commands that describes the server.
const SERVER: &str = "\
Environment variables:
  SERENYTICS_API_KEY     API key for the server (required)
  SERENYTICS_API_DOMAIN  URL of the server; by default the hosted platform";

/// The commands for schema files.
#[derive(Subcommand)]
pub(crate) enum SchemaCommand {
    /// Write the columns and measures of a source to a schema file, for `#[source(file = "..")]`
    Pull(pull::PullArguments),
    /// Compare schema files with the server
    Check(check::CheckArguments),
}

/// Runs a command and returns the exit code.
pub(crate) async fn run(command: SchemaCommand) -> Result<ExitCode, String> {
    match command {
        SchemaCommand::Pull(arguments) => pull::run(arguments).await.map(|()| ExitCode::SUCCESS),
        SchemaCommand::Check(arguments) => Ok(check::run(arguments).await),
    }
}

/// Connects to the server of the environment variables.
fn connect() -> Result<Client, String> {
    Client::from_env().map_err(|error| error.to_string())
}

/// Reads a schema file. Returns its content and the parsed file, or `None` if it does not exist.
fn read(path: &Path) -> Result<Option<(String, SchemaFile)>, String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("could not read {}: {error}", path.display())),
    };
    match SchemaFile::from_json(&text) {
        Ok(file) => Ok(Some((text, file))),
        Err(message) => Err(format!("{} is not a schema file: {message}", path.display())),
    }
}

/// Prints differences, breaking ones first.
fn print(output: &mut dyn Write, differences: &[Drift]) -> Result<(), String> {
    let (breaking, additive): (Vec<_>, Vec<_>) = differences.iter().partition(|drift| drift.is_breaking());
    for drift in breaking.into_iter().chain(additive) {
        let word = if drift.is_breaking() { "breaking" } else { "additive" };
        written(writeln!(output, "  {word}: {drift}"))?;
    }
    Ok(())
}
