//! `serenytics query`: on files, a data folder and a server, in every format, with its mistakes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serenytics_core::Client;
use support::{Serving, serenytics};
use tempfile::TempDir;

const CSV: &str = "country,order date,revenue,quantity\n\
                   FR,2024-01-02,10.5,1\n\
                   FR,2024-02-03,20,2\n\
                   US,2024-02-04,,3\n\
                   \"D|E\x07\",2024-02-05,7.25,9007199254740993\n";

const MISTAKES: i32 = 1;
const FAILED: i32 = 2;

/// A folder with a CSV file.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sales.csv"), CSV).unwrap();
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = serenytics();
    command.arg("query").args(arguments).current_dir(folder);
    command
}

/// Returns the exit code, the standard output and the standard error.
fn printed(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    printed(command(folder, arguments).output().unwrap())
}

/// Runs a query without mistakes and returns what it prints.
fn shown(folder: &Path, arguments: &[&str]) -> String {
    let (code, output, errors) = run(folder, arguments);
    assert_eq!((code, errors.as_str()), (0, ""), "{arguments:?}");
    output
}

const GROUPS: &str = "from \"sales.csv\" where quantity < 9 group_by country select sum(revenue) as total, count() \
                      order_by total desc";

#[test]
fn file_is_queried_in_every_format() {
    let folder = folder();
    let cases = [
        (
            "table",
            "┌─────────┬───────┬───────┐\n\
             │ country ┆ total ┆ count │\n\
             ╞═════════╪═══════╪═══════╡\n\
             │ US      ┆  NULL ┆     1 │\n\
             │ FR      ┆  30.5 ┆     2 │\n\
             └─────────┴───────┴───────┘\n",
        ),
        ("csv", "country,total,count\nUS,,1\nFR,30.5,2\n"),
        ("tsv", "country\ttotal\tcount\nUS\t\t1\nFR\t30.5\t2\n"),
        (
            "json",
            "[\n{\"country\":\"US\",\"total\":null,\"count\":1},\n{\"country\":\"FR\",\"total\":30.5,\"count\":2}\n]\n",
        ),
        ("jsonl", "{\"country\":\"US\",\"total\":null,\"count\":1}\n{\"country\":\"FR\",\"total\":30.5,\"count\":2}\n"),
        (
            "markdown",
            "| country | total | count |\n\
             |---------|-------|-------|\n\
             | US      |  NULL |     1 |\n\
             | FR      |  30.5 |     2 |\n",
        ),
    ];
    for (format, expected) in cases {
        assert_eq!(shown(folder.path(), &[GROUPS, "--format", format]), expected, "{format}");
    }
    assert_eq!(shown(folder.path(), &[GROUPS, "--format", "csv", "--output", "out.csv"]), "");
    assert_eq!(std::fs::read_to_string(folder.path().join("out.csv")).unwrap(), cases[1].1);
}

#[test]
fn cells_cannot_break_a_table() {
    let folder = folder();
    let query = "from \"sales.csv\" where quantity > 9 select country, quantity";
    let cell = |format| shown(folder.path(), &[query, "--format", format]).lines().last().unwrap().to_owned();
    assert_eq!(cell("markdown"), "| D\\|E\\u{7} | 9007199254740993 |");
    assert_eq!(cell("csv"), "D|E\u{7},9007199254740993");
}

#[test]
fn parameters_fill_the_query() {
    let folder = folder();
    let rows = |arguments: &[&str]| shown(folder.path(), &[arguments, &["--format", "csv"]].concat());
    let query = "from \"sales.csv\" where `order date` >= {since}, country in {countries}? select quantity limit {n}";
    assert_eq!(rows(&[query, "-p", "since=2024-02-01", "-p", "n=2"]), "quantity\n2\n3\n");
    let both = ["-p", "since=2024-01-01", "-p", "n=9", "--param", "countries=US", "--param", "countries=FR"];
    assert_eq!(rows(&[&[query][..], &both].concat()), "quantity\n1\n2\n3\n");
    let (code, _, errors) = run(folder.path(), &[query, "-p", "since=yesterday", "-p", "m=3"]);
    assert_eq!(code, MISTAKES);
    for message in ["`\"yesterday\"` is not a datetime", "the parameter `n` has no value", "no parameter `m`"] {
        assert!(errors.contains(message), "{message}: {errors}");
    }
}

#[test]
fn query_is_read_from_a_file_or_the_standard_input() {
    let folder = folder();
    std::fs::write(folder.path().join("query.txt"), format!("// Countries by revenue.\n{GROUPS}\n")).unwrap();
    let expected = shown(folder.path(), &[GROUPS]);
    assert_eq!(shown(folder.path(), &["--file", "query.txt"]), expected);
    let mut child = command(folder.path(), &["-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(GROUPS.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap(), expected);
}

#[test]
fn every_mistake_is_underlined() {
    let query = "from \"sales.csv\" where revnue > 2, country > 3 select sum(country)";
    let expected = "\
error[SRN020]: no column `revnue` in `sales`; did you mean `revenue`?
  |
1 | from \"sales.csv\" where revnue > 2, country > 3 select sum(country)
  |                        ^^^^^^

error[SRN021]: `country` is a text column and cannot be compared with the integer `3`
  |
1 | from \"sales.csv\" where revnue > 2, country > 3 select sum(country)
  |                                              ^
  |
help: write a string in quotes: `\"3\"`

error[SRN023]: `sum` needs a numeric column, but `country` is a text column
  |
1 | from \"sales.csv\" where revnue > 2, country > 3 select sum(country)
  |                                                           ^^^^^^^

";
    assert_eq!(run(folder().path(), &[query]), (MISTAKES, String::new(), expected.to_owned()));
}

#[test]
fn types_and_separators_of_files_can_be_forced() {
    let folder = folder();
    std::fs::write(folder.path().join("zip.txt"), "zip;n\n75001;1\n").unwrap();
    let columns = |arguments: &[&str]| {
        shown(folder.path(), &[&["from \"zip.txt\"", "--separator", ";", "--show", "columns"], arguments].concat())
    };
    assert_eq!(columns(&[]), "zip: zip, int, or NULL\nn: n, int, or NULL\n");
    assert_eq!(columns(&["--type", "zip=str"]), "zip: zip, str, or NULL\nn: n, int, or NULL\n");
    std::fs::write(folder.path().join("tabs.tsv"), "a\tb\n1\t2\n").unwrap();
    assert_eq!(shown(folder.path(), &["from \"tabs.tsv\"", "--format", "csv"]), "a,b\n1,2\n");
}

#[test]
fn query_is_shown_as_code() {
    let folder = folder();
    let query = "from \"sales.csv\" where `order date` >= {since} select count()";
    let show = |what| shown(folder.path(), &[query, "-p", "since=2024-01-01", "--show", what]);
    let rust = "\
use serenytics::prelude::*;

#[derive(Source)]
#[source(name = \"sales\")]
pub struct Sales {
    country: Option<String>,
    #[column(name = \"order date\")]
    order_date: Option<DateTime>,
    revenue: Option<f64>,
    quantity: Option<i64>,
}

let q = query! {
    from Sales where order_date >= {since} select count()
};
";
    assert_eq!(show("rust"), rust);
    assert_eq!(show("columns"), "count: count(), int\n");
    let pipeline: serde_json::Value = serde_json::from_str(&show("pipeline")).unwrap();
    assert_eq!(pipeline["data_processing_pipeline"][0]["where"][0]["value"], "2024-01-01T00:00:00");
    assert!(show("python").starts_with("options = {\n"));
}

#[test]
fn source_of_a_server_or_a_data_folder_is_queried() {
    let folder = folder();
    let data = folder.path().join("data");
    let serving = Serving::start(&data, &["--api-key", "key"]);
    let client = Client::builder().url(&serving.url).api_key("key").build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let source = client.create_storage("my sales").await.unwrap();
        source.reload_from_csv(folder.path().join("sales.csv")).send().await.unwrap();
    });
    let query = "from `my sales` select sum(quantity) as total where quantity < 9";
    let on_server = |query| {
        let mut command = command(folder.path(), &[query, "--format", "csv"]);
        printed(command.env("SERENYTICS_API_KEY", "key").env("SERENYTICS_API_DOMAIN", &serving.url).output().unwrap())
    };
    assert_eq!(on_server(query), (0, "total\n6\n".to_owned(), String::new()));
    let (code, _, errors) = on_server("from sales");
    assert_eq!(code, FAILED);
    assert!(errors.ends_with("to query the file, write `from \"sales.csv\"`\n"), "{errors}");
    // The server has the folder open.
    let (code, _, errors) = run(folder.path(), &[query, "--local", "data"]);
    assert_eq!(code, FAILED);
    assert!(errors.contains("in use"), "{errors}");
    serving.stop("TERM");
    assert_eq!(shown(folder.path(), &[query, "--local", "data", "--format", "csv"]), "total\n6\n");
}

#[test]
fn failures_say_what_to_do() {
    let folder = folder();
    let query = "from \"sales.csv\"";
    let cases: [(&[&str], &str); 6] = [
        (&["from \"nope.csv\""], "could not open nope.csv"),
        (&["from sales"], "no API key"),
        (&["from sales", "--local", "nowhere"], "nowhere is not a data folder"),
        (&["from sales", "--type", "a=str"], "put the path of a file in double quotes"),
        (&[query, "--type", "contry=str"], "no column `contry`; did you mean `country`?"),
        (&[query, "--output", "no/folder"], "could not create no/folder"),
    ];
    for (arguments, message) in cases {
        let (code, _, errors) = run(folder.path(), arguments);
        assert_eq!(code, FAILED, "{arguments:?}: {errors}");
        assert!(errors.contains(message), "{arguments:?}: {errors}");
    }
}

#[test]
fn closed_pipe_is_not_an_error() {
    let folder = folder();
    let rows: String = (0..100_000).map(|n| format!("{n},some text that fills a pipe\n")).collect();
    std::fs::write(folder.path().join("many.csv"), format!("n,text\n{rows}")).unwrap();
    let mut child = command(folder.path(), &["from \"many.csv\"", "--format", "csv"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(printed(child.wait_with_output().unwrap()), (0, String::new(), String::new()));
}

#[test]
fn query_of_a_file_leaves_nothing_behind() {
    let folder = folder();
    let temporary = tempfile::tempdir().unwrap();
    for query in ["from \"sales.csv\"", "from \"sales.csv\" select nothing"] {
        let output = command(folder.path(), &[query]).env("TMPDIR", temporary.path()).output().unwrap();
        assert!(output.status.code().is_some_and(|code| code <= MISTAKES));
        assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "{query}");
    }
}
