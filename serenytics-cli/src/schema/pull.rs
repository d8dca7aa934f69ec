//! `serenytics schema pull`: writes the columns and measures of a source to a schema file.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serenytics_core::{Client, DataSource, Error};
use serenytics_query::schema_file::SchemaFile;

use super::{FOLDER, SERVER, connect, print, read};
use crate::output::written;

/// The arguments of `schema pull`.
#[derive(Args)]
#[command(after_help = SERVER, after_long_help = format!("\
If the file already describes this source, the command updates it and prints what changed. It keeps what the server does not know: the \
names in queries (`field`), which columns are never NULL (no `nullable`), the types of measures without a `formula`, and value formulas.

In a new file, every column is nullable, and a measure has the type of its formula. A measure whose formula a file cannot declare is a float. \
Edit the file if you know better.

{SERVER}"))]
pub(crate) struct PullArguments {
    /// Name of the source; with --uuid also its uuid
    #[arg(value_name = "NAME")]
    source: String,
    /// Identify the source by its uuid in the file, which still matches after a rename
    #[arg(long)]
    uuid: bool,
    /// File to write; by default `schemas/NAME.json`
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the file.
pub(crate) async fn run(arguments: PullArguments) -> Result<(), String> {
    let client = connect()?;
    let source = find(&client, &arguments).await.map_err(|error| error.to_string())?;
    let is_default = arguments.output.is_none();
    let path = match arguments.output {
        Some(path) => path,
        None => default_path(&source)?,
    };
    let before = before(&path, &source)?;
    let file = match &before {
        Some((_, before)) => source.schema_file_after(before).await,
        None => source.schema_file().await,
    };
    let mut file = file.map_err(|error| error.to_string())?;
    if arguments.uuid {
        file.uuid = Some(source.uuid().to_owned());
    }
    // A new file differs only in what a schema file cannot declare.
    let declared = before.as_ref().map_or(&file, |(_, before)| before).schema();
    let differences = source.drift(&declared).await.map_err(|error| error.to_string())?;
    let text = file.to_json()?;
    let is_current = before.is_some_and(|(before, _)| before == text);
    if !is_current {
        replace(&path, &text, is_default).map_err(|error| format!("could not write {}: {error}", path.display()))?;
    }
    let mut output = io::stdout().lock();
    let done = if is_current { "already up to date" } else { "written" };
    let count = counted(file.columns.len());
    written(writeln!(output, "{}: {done}: source `{}`, {count}", path.display(), file.source))?;
    print(&mut output, &differences)
}

/// Finds the source by its name or, with `--uuid`, also by its uuid.
async fn find(client: &Client, arguments: &PullArguments) -> Result<DataSource, Error> {
    match client.source(&arguments.source).await {
        Err(unknown) if arguments.uuid && unknown.is_not_found() => {
            let found = client.source_by_uuid(&arguments.source).await;
            found.map_err(|error| if error.is_not_found() { unknown } else { error })
        }
        found => found,
    }
}

/// Returns the path of the file of a source. Two names can lead to the same file name, such as `a/b` and `a:b`: the
/// second source gets the start of its uuid as a suffix.
fn default_path(source: &DataSource) -> Result<PathBuf, String> {
    let name = file_name(source.name());
    let path = Path::new(FOLDER).join(format!("{name}.json"));
    let is_other = |file: &SchemaFile| file.uuid.is_none() && file.source != source.name();
    // A file that cannot be read is reported by the next step.
    let is_taken = read(&path).is_ok_and(|before| before.is_some_and(|(_, file)| is_other(&file)));
    if !is_taken {
        return Ok(path);
    }
    let start: String = source.uuid().chars().take(8).collect();
    Ok(Path::new(FOLDER).join(format!("{name}-{start}.json")))
}

/// Reads the existing file, if any. It must describe the same source: overwriting another file would lose its edits.
fn before(path: &Path, source: &DataSource) -> Result<Option<(String, SchemaFile)>, String> {
    const ADVICE: &str = "remove it, or choose another file with --output";
    let before = read(path).map_err(|message| format!("{message}; {ADVICE}"))?;
    let Some((_, file)) = &before else { return Ok(None) };
    let is_same = match &file.uuid {
        Some(uuid) => uuid == source.uuid(),
        None => file.source == source.name(),
    };
    if is_same {
        return Ok(before);
    }
    Err(format!("{} describes another source, {}; {ADVICE}", path.display(), file.schema().source))
}

/// Returns the file name for a source, without extension: its name, with `_` for characters that are invalid or lead to another folder.
fn file_name(source: &str) -> String {
    let is_apart = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let mut name: String = source.chars().map(|c| if is_apart(c) { '_' } else { c }).collect();
    if name.starts_with('.') {
        name.replace_range(..1, "_");
    }
    name
}

/// Writes a file atomically: completely or not at all. Its folder must exist, unless `creates_folder` is true.
fn replace(path: &Path, text: &str, creates_folder: bool) -> io::Result<()> {
    // Write to the target of a symbolic link, so that the link stays.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if creates_folder {
        std::fs::create_dir_all(folder)?;
    } else if !folder.is_dir() {
        // A folder that was misspelled would be created, and the file not found there.
        let message = format!("the folder {} does not exist: create it first", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    let partial = folder.join(format!(".schema-{}.partial", std::process::id()));
    let mut file = File::create_new(&partial)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let renamed = written.and_then(|()| std::fs::rename(&partial, &path));
    if renamed.is_err() {
        // The first error is the one to report; a left-over partial file is harmless.
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
    fn file_name_stays_in_the_folder() {
        for (source, file) in [
            ("sales", "sales.json"),
            ("Sales 2024 (é)", "Sales 2024 (é).json"),
            ("../../etc/passwd", "_._.._etc_passwd.json"),
            (".hidden", "_hidden.json"),
            ("a/b\\c:d\n", "a_b_c_d_.json"),
        ] {
            assert_eq!(file_name(source) + ".json", file);
        }
    }
}
