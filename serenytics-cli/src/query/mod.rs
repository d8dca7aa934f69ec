//! `serenytics query`: runs a query that is written as text, on a file, a data folder or a server.

mod code;
mod input;
mod mistakes;
mod output;

use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, ValueEnum};
use serenytics_query::query::{Parameters, TextQuery};
use serenytics_query::vocabulary::ColumnType;

use self::input::{Input, Origin};
use self::output::Output;
use crate::output::{error, written};

/// The arguments of `query`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct QueryArguments {
    /// Query, or `-` to read it from the standard input
    #[arg(value_name = "QUERY", required_unless_present = "file", conflicts_with = "file", allow_hyphen_values = true)]
    query: Option<String>,
    /// File that contains the query
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Value of a parameter, `{name}` in the query; repeat it for a list
    #[arg(long = "param", short, value_name = "NAME=VALUE", value_parser = pair)]
    parameters: Vec<(String, String)>,
    /// Data folder to query in this process, instead of a server; no server may have it open
    #[arg(long, value_name = "DIR")]
    local: Option<PathBuf>,
    /// Type of a column of a file, instead of the inferred one: str, int, float or datetime (repeatable)
    #[arg(long = "type", value_name = "COLUMN=TYPE", value_parser = typed)]
    types: Vec<(String, ColumnType)>,
    /// Separator of a CSV file; by default a tab for .tsv and a comma for other files
    #[arg(long, value_name = "CHARACTER", value_parser = separator)]
    separator: Option<u8>,
    /// Format of the rows
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// File to write the rows to, instead of the standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show something about the query instead of running it
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with_all = ["format", "output"])]
    show: Option<Show>,
}

const EXAMPLES: &str = "\
Examples:
  serenytics query 'from \"sales.csv\" group_by country select sum(revenue) as total order_by total desc'
  serenytics query 'from sales where revenue > {least}' --param least=20 --format csv
  serenytics query --local data 'from sales limit 10'

A source in double quotes is a file: CSV, plain or gzipped. Any other source is on the server, or in the folder of
--local. Put a name with other characters than letters, digits and underscores in backquotes.

Environment variables:
  SERENYTICS_API_KEY     API key for the server
  SERENYTICS_API_DOMAIN  URL of the server; by default the hosted platform

Exit status:
  0  the query ran
  1  the query has mistakes
  2  the query could not be run";

const MISTAKES: u8 = 1;
const FAILED: u8 = 2;

/// The formats of rows.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people
    Table,
    /// Comma-separated values with a header
    Csv,
    /// Tab-separated values with a header
    Tsv,
    /// One JSON list of objects
    Json,
    /// One JSON object per line
    Jsonl,
    /// A table in Markdown
    Markdown,
}

/// What can be shown of a query.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Show {
    /// The columns of the result, with their origins and types
    Columns,
    /// The JSON that is sent to the server
    Pipeline,
    /// The options of `get_data` in the official Python client
    Python,
    /// The source as a struct, and the query as `query!`
    Rust,
}

/// Runs the command and returns the exit code.
pub(crate) async fn run(arguments: QueryArguments) -> ExitCode {
    tokio::select! {
        // Dropping the run removes its temporary files.
        _ = tokio::signal::ctrl_c() => ExitCode::from(130),
        done = query(arguments) => match done {
            Ok(code) => code,
            Err(message) => {
                error(message);
                ExitCode::from(FAILED)
            }
        }
    }
}

async fn query(arguments: QueryArguments) -> Result<ExitCode, String> {
    let begun = Instant::now();
    let text = text(&arguments)?;
    let parsed = TextQuery::parse(&text);
    let Some(source) = parsed.source() else {
        return Ok(wrong(&text, &parsed.problems()));
    };
    let origin = Origin { local: arguments.local, types: arguments.types, separator: arguments.separator };
    let input = Input::open(source, origin).await?;
    let mut parameters = Parameters::new();
    for (name, value) in arguments.parameters {
        parameters.entry(name).or_default().push(value);
    }
    let query = match parsed.query(&input.schema(), &parameters) {
        Ok(query) => query,
        Err(problems) => return Ok(wrong(&text, &problems)),
    };
    if let Some(show) = arguments.show {
        let shown = code::shown(show, &text, &parsed, &input, &query)?;
        return written(writeln!(std::io::stdout(), "{shown}")).map(|()| ExitCode::SUCCESS);
    }
    let rows = input.rows(&query).await?;
    let count = rows.len();
    Output::new(arguments.format, arguments.output.as_deref())?.write(query.shape(), rows)?;
    if arguments.format == Format::Table && arguments.output.is_none() && std::io::stdout().is_terminal() {
        let plural = if count == 1 { "" } else { "s" };
        written(writeln!(std::io::stdout(), "{count} row{plural} in {:.3} s", begun.elapsed().as_secs_f64()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn wrong(text: &str, problems: &[serenytics_query::query::TextProblem]) -> ExitCode {
    // There is no other place to report them.
    let _ = write!(std::io::stderr(), "{}", mistakes::shown(text, problems));
    ExitCode::from(MISTAKES)
}

/// Returns the text of the query: the argument, or the content of a file or of the standard input.
fn text(arguments: &QueryArguments) -> Result<String, String> {
    let unreadable = |what: &str, error: std::io::Error| format!("could not read the query from {what}: {error}");
    match (&arguments.query, &arguments.file) {
        (Some(text), _) if text != "-" => Ok(text.clone()),
        (_, Some(path)) => {
            std::fs::read_to_string(path).map_err(|error| unreadable(&path.display().to_string(), error))
        }
        _ => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| unreadable("the standard input", error))?;
            Ok(text)
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn typed(text: &str) -> Result<(String, ColumnType), String> {
    // A column's name may contain `=`, a type's name does not.
    let (name, word) = text.rsplit_once('=').ok_or("expected COLUMN=TYPE")?;
    let column_type = ColumnType::from_word(word)
        .ok_or_else(|| format!("unknown type `{word}`; the types are str, int, float and datetime"))?;
    Ok((name.to_owned(), column_type))
}

fn separator(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => Err("expected one character, such as `;`, or `\\t` for a tab".to_owned()),
    }
}
