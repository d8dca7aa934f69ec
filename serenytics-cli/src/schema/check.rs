//! `serenytics schema check`: compares schema files with the server.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serenytics_core::{Client, Error};
use serenytics_query::drift::Drift;
use serenytics_query::schema::{Schema, SourceRef};

use super::{FOLDER, SERVER, connect, print, read};
use crate::output::{self, written};

/// The arguments of `schema check`.
#[derive(Args)]
#[command(after_help = format!("{CODES}\n\n{SERVER}"), after_long_help = format!("\
Differences:
  breaking  Queries fail, or their rows cannot be read. A column or measure was removed, a column became a measure or changed its type, or a measure has another formula.
  additive  Existing queries still work. A column or measure was added, an integer became a float or the other way around, or this \
version does not know a type.

Value formulas, NULLs and the types of measures are not compared.

{CODES}

{SERVER}"))]
pub(crate) struct CheckArguments {
    /// Schema files to check; by default `schemas/*.json`
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Exit with 1 for additive differences too
    #[arg(long)]
    strict: bool,
}

const CODES: &str = "\
Exit status:
  0  no breaking differences
  1  at least one breaking difference
  2  at least one file could not be checked";

const DIFFERENT: u8 = 1;
const UNCHECKED: u8 = 2;

/// Why a file could not be checked.
struct Unchecked {
    message: String,
    /// True if the other files cannot be checked either.
    is_last: bool,
}

/// Checks the files, prints the differences and returns the exit code.
pub(crate) async fn run(arguments: CheckArguments) -> ExitCode {
    match check(arguments).await {
        Ok(code) => code,
        Err(message) => {
            output::error(message);
            ExitCode::from(UNCHECKED)
        }
    }
}

async fn check(arguments: CheckArguments) -> Result<ExitCode, String> {
    let files = if arguments.files.is_empty() { default_files()? } else { arguments.files };
    let client = connect()?;
    let mut code = 0;
    for path in &files {
        match compare(&client, path).await {
            Ok((schema, differences)) => {
                report(path, &schema, &differences)?;
                if differences.iter().any(|drift| arguments.strict || drift.is_breaking()) {
                    code = code.max(DIFFERENT);
                }
            }
            Err(unchecked) => {
                output::error(unchecked.message);
                code = UNCHECKED;
                if unchecked.is_last {
                    break;
                }
            }
        }
    }
    Ok(ExitCode::from(code))
}

/// Lists the schema files of the default folder.
fn default_files() -> Result<Vec<PathBuf>, String> {
    let no_files = || {
        format!(
            "no schema files found in `{FOLDER}/*.json`: pass their paths, or create one with `serenytics schema pull NAME`"
        )
    };
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => no_files(),
        _ => format!("could not read {FOLDER}: {error}"),
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(FOLDER).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err(no_files()) } else { Ok(files) }
}

/// Reads a schema file and returns its schema and the differences from the server.
async fn compare(client: &Client, path: &Path) -> Result<(Schema, Vec<Drift>), Unchecked> {
    let fails = |message| Unchecked { message, is_last: false };
    let failed = |error: Error| Unchecked {
        message: format!("could not check {}: {error}", path.display()),
        is_last: error.is_connection() || error.is_unauthorized(),
    };
    let file = read(path).map_err(fails)?;
    let (_, file) = file.ok_or_else(|| fails(format!("file not found: {}", path.display())))?;
    let schema = file.schema();
    let source = match &schema.source {
        SourceRef::Name(name) => client.source(name).await,
        SourceRef::Uuid(uuid) => client.source_by_uuid(uuid).await,
    };
    let differences = source.map_err(failed)?.drift(&schema).await.map_err(failed)?;
    Ok((schema, differences))
}

/// Prints the result for one file.
fn report(path: &Path, schema: &Schema, differences: &[Drift]) -> Result<(), String> {
    let mut output = io::stdout().lock();
    let same = if differences.is_empty() { ": no differences" } else { "" };
    written(writeln!(output, "{}: {}{same}", path.display(), schema.source))?;
    print(&mut output, differences)
}
