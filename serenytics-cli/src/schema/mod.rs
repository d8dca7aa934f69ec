//! `serenytics schema`: schema files, written from what a server has and held against it.

mod check;
mod pull;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use serenytics_core::Client;
use serenytics_query::drift::Drift;
use serenytics_query::schema_file::SchemaFile;

/// The folder of schema files, beside a crate's Cargo.toml.
const FOLDER: &str = "schemas";

/// What both commands say of the server.
const SERVER: &str = "\
The server is asked with the API key of the environment variable SERENYTICS_API_KEY; it is the hosted platform, or the one whose URL is \
in SERENYTICS_API_DOMAIN.";

/// The commands for schema files.
#[derive(Subcommand)]
pub(crate) enum SchemaCommand {
    /// Write the columns and measures of a source into a schema file, which `#[source(file = "..")]` reads
    Pull(pull::PullArguments),
    /// Hold schema files against the server, and tell what differs
    Check(check::CheckArguments),
}

/// Runs a command and gives what the process ends with.
pub(crate) async fn run(command: SchemaCommand) -> Result<ExitCode, String> {
    match command {
        SchemaCommand::Pull(arguments) => pull::run(arguments).await.map(|()| ExitCode::SUCCESS),
        SchemaCommand::Check(arguments) => Ok(check::run(arguments).await),
    }
}

/// The client of the server that the environment names.
fn connect() -> Result<Client, String> {
    Client::from_env().map_err(|error| error.to_string())
}

/// Reads a schema file; the text is given beside it. `None` without such a file.
fn read(path: &Path) -> Result<Option<(String, SchemaFile)>, String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
    };
    match SchemaFile::from_json(&text) {
        Ok(file) => Ok(Some((text, file))),
        Err(message) => Err(format!("{} is no schema file: {message}", path.display())),
    }
}

/// Prints differences, those that break first.
fn print(output: &mut dyn Write, differences: &[Drift]) -> Result<(), String> {
    let (breaking, additive): (Vec<_>, Vec<_>) = differences.iter().partition(|drift| drift.is_breaking());
    for drift in breaking.into_iter().chain(additive) {
        let word = if drift.is_breaking() { "breaking" } else { "additive" };
        writeln!(output, "  {word}: {drift}").map_err(closed)?;
    }
    Ok(())
}

/// The error of an output that nobody reads.
fn closed(error: io::Error) -> String {
    format!("the standard output is closed: {error}")
}
