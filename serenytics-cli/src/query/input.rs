//! What a query reads: a file that is loaded for this query only, or a source of a server or a data folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::TryStreamExt;
use serde::Deserialize;
use serde_json::Value;
use serenytics_core::{Client, DataSource};
use serenytics_engine::{LoadOptions, QueryLimits, RowsFile, Table, Warehouse};
use serenytics_local::Local;
use serenytics_query::query::{Query, TextSource};
use serenytics_query::remote_schema::RemoteSchema;
use serenytics_query::schema::Schema;
use serenytics_query::schema_file::SchemaFile;
use serenytics_query::suggest::{listed, nearest};
use serenytics_query::vocabulary::ColumnType;
use serenytics_query::wire::{ColumnTitle, Pipeline};
use tempfile::TempDir;
use uuid::Uuid;

use crate::output::warning;

/// The memory of a query on a file.
const MEMORY: usize = 2 << 30;
/// The time limit of a query on a file. A person stops it with ctrl-c.
const TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Where sources are, and how files are read.
pub(super) struct Origin {
    pub(super) local: Option<PathBuf>,
    pub(super) types: Vec<(String, ColumnType)>,
    pub(super) separator: Option<u8>,
}

/// The source of a query, with its columns.
pub(super) struct Input {
    file: SchemaFile,
    rows: Rows,
}

enum Rows {
    File(Box<Loaded>),
    Source(Box<Stored>),
}

/// A source of a server, which may run in this process.
struct Stored {
    client: Client,
    source: DataSource,
    local: Option<Local>,
}

/// A file in a temporary warehouse.
struct Loaded {
    warehouse: Warehouse,
    id: Uuid,
    name: String,
    /// The folder of the warehouse. It is removed at the end.
    _folder: TempDir,
}

impl Input {
    /// Opens the source of a query.
    pub(super) async fn open(source: &TextSource, origin: Origin) -> Result<Input, String> {
        match source {
            TextSource::Text(path) => Input::file(Path::new(path), origin).await,
            TextSource::Name(_) if !origin.types.is_empty() || origin.separator.is_some() => {
                Err("--type and --separator are for files: put the path of a file in double quotes".to_owned())
            }
            TextSource::Name(name) => {
                let (client, local) = match &origin.local {
                    Some(folder) => {
                        let local = local(folder).await?;
                        (local.client(), Some(local))
                    }
                    None => (Client::from_env().map_err(|error| error.to_string())?, None),
                };
                let source = client.source(name).await.map_err(|error| unknown_source(name, &error))?;
                let file = source.schema_file().await.map_err(|error| error.to_string())?;
                Ok(Input { file, rows: Rows::Source(Box::new(Stored { client, source, local })) })
            }
        }
    }

    /// Loads a file into a temporary warehouse.
    async fn file(path: &Path, origin: Origin) -> Result<Input, String> {
        let shown = path.display();
        let file = File::open(path).map_err(|error| format!("could not open {shown}: {error}"))?;
        let is_tsv = path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy().to_ascii_lowercase();
            name.trim_end_matches(".gz").ends_with(".tsv")
        });
        let separator = origin.separator.unwrap_or(if is_tsv { b'\t' } else { b',' });
        let types = origin.types.clone();
        let options = LoadOptions { separator, forced: origin.types.into_iter().collect() };
        let folder = tempfile::tempdir().map_err(|error| format!("could not create a temporary folder: {error}"))?;
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        let limits = QueryLimits { memory: MEMORY, time: TIME, at_once, cache: 0 };
        let failed = |error: serenytics_engine::Error| format!("could not load {shown}: {error}");
        let warehouse = Warehouse::open(folder.path(), limits).map_err(failed)?;
        let id = Uuid::new_v4();
        let table: Table = warehouse.table(id).await.map_err(failed)?;
        let loaded = table.reload(RowsFile::csv(file, options)).await.map_err(failed)?;
        loaded.warnings.iter().for_each(warning);
        check_types(&types, &table.columns())?;
        let name = path.file_stem().map_or_else(|| "rows".to_owned(), |stem| stem.to_string_lossy().into_owned());
        let name = name.trim_end_matches(".csv").trim_end_matches(".tsv").to_owned();
        let title = |column: serenytics_engine::Column| ColumnTitle {
            name: column.name,
            type_name: column.column_type.word().to_owned(),
        };
        let remote = RemoteSchema { columns: table.columns().into_iter().map(title).collect(), measures: Vec::new() };
        let file = remote.file(&name, None, None);
        Ok(Input { file, rows: Rows::File(Box::new(Loaded { warehouse, id, name, _folder: folder })) })
    }

    /// Returns the columns.
    pub(super) fn schema(&self) -> Schema {
        self.file.schema()
    }

    /// Returns the columns as a schema file.
    pub(super) fn schema_file(&self) -> &SchemaFile {
        &self.file
    }

    /// Runs a query and returns its rows.
    pub(super) async fn rows(self, query: &Query<Vec<Value>>) -> Result<Vec<Vec<Value>>, String> {
        match self.rows {
            Rows::File(loaded) => loaded.rows(query).await,
            Rows::Source(stored) => {
                let Stored { client, source, local } = *stored;
                let rows = client.fetch_from(&source, query).await.map_err(|error| error.to_string());
                if let Some(local) = local {
                    local.shutdown().await;
                }
                rows
            }
        }
    }
}

/// Rejects a type of a column that the file does not have.
fn check_types(types: &[(String, ColumnType)], columns: &[serenytics_engine::Column]) -> Result<(), String> {
    let names = || columns.iter().map(|column| column.name.as_str());
    let Some((unknown, _)) = types.iter().find(|(name, _)| names().all(|column| column != name)) else { return Ok(()) };
    Err(match nearest(unknown, names()) {
        Some(near) => format!("--type: the file has no column `{unknown}`; did you mean `{near}`?"),
        None => format!("--type: the file has no column `{unknown}`; its columns are {}", listed(names())),
    })
}

/// An answer of the engine.
#[derive(Deserialize)]
struct Answer {
    data: Vec<Vec<Value>>,
}

impl Loaded {
    async fn rows(self, query: &Query<Vec<Value>>) -> Result<Vec<Vec<Value>>, String> {
        let failed = |error: &dyn std::fmt::Display| format!("the query failed: {error}");
        let pipeline: Pipeline = serde_json::from_str(query.as_json()).map_err(|error| failed(&error))?;
        let input = self.warehouse.input(self.id, self.name, Value::Null).await.map_err(|error| failed(&error))?;
        let answer = self.warehouse.query(input, pipeline).await.map_err(|error| failed(&error))?;
        let chunks: Vec<_> = answer.chunks.try_collect().await.map_err(|error| failed(&error))?;
        let answer: Answer = serde_json::from_slice(&chunks.concat()).map_err(|error| failed(&error))?;
        Ok(answer.data)
    }
}

/// Opens a data folder in this process.
async fn local(folder: &Path) -> Result<Local, String> {
    if !folder.is_dir() {
        return Err(format!("{} is not a data folder", folder.display()));
    }
    Local::open(folder).await.map_err(|error| error.to_string())
}

/// Describes a source that was not found, which may have been meant as a file.
fn unknown_source(name: &str, error: &serenytics_core::Error) -> String {
    let path = ["", ".csv", ".csv.gz", ".tsv"].map(|end| format!("{name}{end}"));
    match path.iter().find(|path| error.is_not_found() && Path::new(path).is_file()) {
        Some(path) => format!("{error}; to query the file, write `from \"{path}\"`"),
        None => error.to_string(),
    }
}
