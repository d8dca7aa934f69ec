//! `serenytics schema check`: schema files against what the server has.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serenytics_core::{Client, Error};
use serenytics_query::drift::Drift;
use serenytics_query::schema::{Schema, SourceRef};

use super::{FOLDER, SERVER, closed, connect, print, read};

/// The arguments of `schema check`.
#[derive(Args)]
#[command(after_help = format!("{CODES}\n\n{SERVER}"), after_long_help = format!("\
A difference is `breaking` when queries that fit the file fail, or their rows cannot be read: a column or a measure is gone, a column \
became a measure, or has another type. It is `additive` when nothing fails by itself: a column or a measure is new, a type is not known \
to this version, or an integer became a float or the other way around. Value formulas, NULLs and the types of measures cannot be compared.

{CODES}

{SERVER}"))]
pub(crate) struct CheckArguments {
    /// The files; without any, all of the folder `schemas`
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// End with 1 for every difference, additive ones too
    #[arg(long)]
    strict: bool,
}

const CODES: &str = "\
Ends with 0 if nothing differs or only additions, 1 if something breaks, 2 if a file could not be checked.";

const DIFFERENT: u8 = 1;
const UNCHECKED: u8 = 2;

/// Why a file could not be checked.
struct Unchecked {
    message: String,
    /// Whether no other file could be checked either.
    is_last: bool,
}

/// Checks the files, prints what differs, and gives what the process ends with.
pub(crate) async fn run(arguments: CheckArguments) -> ExitCode {
    match check(arguments).await {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(UNCHECKED)
        }
    }
}

async fn check(arguments: CheckArguments) -> Result<ExitCode, String> {
    let files = if arguments.files.is_empty() { all()? } else { arguments.files };
    let client = connect()?;
    let mut code = 0;
    for path in &files {
        match compared(&client, path).await {
            Ok((schema, differences)) => {
                tell(path, &schema, &differences)?;
                if differences.iter().any(|drift| arguments.strict || drift.is_breaking()) {
                    code = code.max(DIFFERENT);
                }
            }
            Err(unchecked) => {
                eprintln!("error: {}", unchecked.message);
                code = UNCHECKED;
                if unchecked.is_last {
                    break;
                }
            }
        }
    }
    Ok(ExitCode::from(code))
}

/// The files of the folder of schema files.
fn all() -> Result<Vec<PathBuf>, String> {
    let none = || {
        format!(
            "no files: there is no *.json in the folder `{FOLDER}` here; name them, or write one with `serenytics schema pull NAME`"
        )
    };
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => none(),
        _ => format!("{FOLDER} cannot be read: {error}"),
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(FOLDER).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err(none()) } else { Ok(files) }
}

/// The schema of a file, and what differs.
async fn compared(client: &Client, path: &Path) -> Result<(Schema, Vec<Drift>), Unchecked> {
    let fails = |message| Unchecked { message, is_last: false };
    let refused = |error: Error| Unchecked {
        message: format!("{} cannot be checked: {error}", path.display()),
        is_last: error.is_connection() || error.is_unauthorized(),
    };
    let file = read(path).map_err(fails)?;
    let (_, file) = file.ok_or_else(|| fails(format!("there is no file {}", path.display())))?;
    let schema = file.schema();
    let source = match &schema.source {
        SourceRef::Name(name) => client.source(name).await,
        SourceRef::Uuid(uuid) => client.source_by_uuid(uuid).await,
    };
    let differences = source.map_err(refused)?.drift(&schema).await.map_err(refused)?;
    Ok((schema, differences))
}

/// Prints a file and what differs.
fn tell(path: &Path, schema: &Schema, differences: &[Drift]) -> Result<(), String> {
    let mut output = io::stdout().lock();
    let same = if differences.is_empty() { ": as declared" } else { "" };
    writeln!(output, "{}: {}{same}", path.display(), schema.source).map_err(closed)?;
    print(&mut output, differences)
}
