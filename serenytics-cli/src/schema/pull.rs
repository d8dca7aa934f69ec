//! `serenytics schema pull`: a source's columns and measures as a schema file.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serenytics_core::{Client, DataSource, Error};
use serenytics_query::schema_file::SchemaFile;

use super::{FOLDER, SERVER, closed, connect, print, read};

/// The arguments of `schema pull`.
#[derive(Args)]
#[command(after_help = SERVER, after_long_help = format!("\
A file that declares the source already is written anew, and keeps what no server can tell: the names in queries (`field`), the columns \
without NULL (no `nullable`), the types of measures, and value formulas. What changed since is told. In a new file every column may be \
NULL and each measure is a float: correct by hand what you know better.

{SERVER}"))]
pub(crate) struct PullArguments {
    /// The source's name; with --uuid it may be its uuid
    #[arg(value_name = "NAME")]
    source: String,
    /// Let the file find the source by its uuid, which never changes, and not by its name
    #[arg(long)]
    uuid: bool,
    /// The file to write; without it `schemas/NAME.json`
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the file.
pub(crate) async fn run(arguments: PullArguments) -> Result<(), String> {
    let client = connect()?;
    let source = find(&client, &arguments).await.map_err(|error| error.to_string())?;
    let path = arguments.output.unwrap_or_else(|| Path::new(FOLDER).join(file_name(source.name())));
    let before = before(&path, &source)?;
    let file = match &before {
        Some((_, before)) => source.schema_file_after(before).await,
        None => source.schema_file().await,
    };
    let mut file = file.map_err(|error| error.to_string())?;
    if arguments.uuid {
        file.uuid = Some(source.uuid().to_owned());
    }
    // Of a new file only what cannot be declared differs.
    let declared = before.as_ref().map_or(&file, |(_, before)| before).schema();
    let differences = source.drift(&declared).await.map_err(|error| error.to_string())?;
    let text = file.to_json()?;
    let is_current = before.is_some_and(|(before, _)| before == text);
    if !is_current {
        replace(&path, &text).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    }
    let mut output = io::stdout().lock();
    let done = if is_current { "is as the server has it" } else { "written" };
    writeln!(output, "{}: {done}: source `{}`, {}", path.display(), file.source, counted(file.columns.len()))
        .map_err(closed)?;
    print(&mut output, &differences)
}

/// The source of the arguments: a name, which with `--uuid` may be a uuid.
async fn find(client: &Client, arguments: &PullArguments) -> Result<DataSource, Error> {
    match client.source(&arguments.source).await {
        Err(unknown) if arguments.uuid && unknown.is_not_found() => {
            let found = client.source_by_uuid(&arguments.source).await;
            found.map_err(|error| if error.is_not_found() { unknown } else { error })
        }
        found => found,
    }
}

/// The file as it is, which must be one of the same source: what people wrote into another one would be lost.
fn before(path: &Path, source: &DataSource) -> Result<Option<(String, SchemaFile)>, String> {
    const OTHERWISE: &str = "remove it, or give another file with --output";
    let before = read(path).map_err(|message| format!("{message}; {OTHERWISE}"))?;
    let Some((_, file)) = &before else { return Ok(None) };
    let is_same = match &file.uuid {
        Some(uuid) => uuid == source.uuid(),
        None => file.source == source.name(),
    };
    if is_same {
        return Ok(before);
    }
    Err(format!("{} declares another source, {}; {OTHERWISE}", path.display(), file.schema().source))
}

/// The name of a source's file: that of the source, without what means another folder or cannot stand in a file's name.
fn file_name(source: &str) -> String {
    let is_apart = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let mut name: String = source.chars().map(|c| if is_apart(c) { '_' } else { c }).collect();
    if name.starts_with('.') {
        name.replace_range(..1, "_");
    }
    name + ".json"
}

/// Writes a file whole or not at all.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link stays one.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let partial = folder.join(format!(".schema-{}.partial", std::process::id()));
    let mut file = File::create_new(&partial)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let renamed = written.and_then(|()| std::fs::rename(&partial, &path));
    if renamed.is_err() {
        // What went wrong before is told; that the rest stays is no more than untidy.
        let _ = std::fs::remove_file(&partial);
    }
    renamed
}

fn counted(columns: usize) -> String {
    if columns == 1 { "1 column".to_owned() } else { format!("{columns} columns") }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn no_name_of_a_source_leaves_the_folder() {
        for (source, file) in [
            ("sales", "sales.json"),
            ("Sales 2024 (é)", "Sales 2024 (é).json"),
            ("../../etc/passwd", "_._.._etc_passwd.json"),
            (".hidden", "_hidden.json"),
            ("a/b\\c:d\n", "a_b_c_d_.json"),
        ] {
            assert_eq!(file_name(source), file);
        }
    }
}
