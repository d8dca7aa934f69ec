//! Data that the catalogue does not know: it is never deleted, because the catalogue may be the damaged part.

use std::io;
use std::path::{Path, PathBuf};

use serenytics_engine::{TableState, Warehouse};
use uuid::Uuid;

use crate::base::{Context, Error, Kind, UnknownFolder};

/// The file of the catalogue in the data folder.
pub(super) const CATALOGUE: &str = "catalogue.sqlite";

const CONTEXT: &str = "could not open the data folder";

/// Returns an error if the folder has storages but no catalogue. A new catalogue would know none of them.
pub(super) fn check_catalogue(folder: &Path, warehouse: &Warehouse) -> Result<(), Error> {
    let storages = warehouse.tables()?.len();
    // A catalogue has bytes from its first commit on. SQLite would start a new one, and discard the log of the old one.
    if storages == 0 || has_bytes(&folder.join(CATALOGUE))? {
        return Ok(());
    }
    let folder = folder.display();
    Err(Error::new(
        Kind::Failed,
        format!(
            "the data folder {folder} has {storages} storages, but `{CATALOGUE}` is missing or empty: restore the file \
             from a backup, run `serenytics recover {folder}`, or move the folder `storages` elsewhere to start without \
             its data"
        ),
    ))
}

/// Moves storages and attached files that are not in `sources` to the folder `unknown`, and logs each. A source that
/// was being deleted when the server was killed leaves them, and so does a catalogue from an older backup.
pub(super) fn set_aside(folder: &Path, warehouse: &Warehouse, sources: &[Uuid]) -> Result<(), Error> {
    let unknown = UnknownFolder::of(folder);
    for id in warehouse.tables()? {
        if !sources.contains(&id) {
            let target = unknown.storage(id).context(CONTEXT)?;
            warehouse.set_aside(id, &target)?;
            tracing::warn!(path = %target.display(), "moved a storage that the catalogue does not know");
        }
    }
    for (id, file) in attached_files(&folder.join("uploads")).context(CONTEXT)? {
        if !sources.contains(&id) {
            let target = unknown.upload(id).context(CONTEXT)?;
            std::fs::rename(file, &target).context(CONTEXT)?;
            tracing::warn!(path = %target.display(), "moved a file whose source the catalogue does not know");
        }
    }
    Ok(())
}

/// Tells the warehouse what each storage contains at least, and logs the storages whose folders are missing.
pub(super) fn expect(warehouse: &Warehouse, states: Vec<(Uuid, TableState)>) -> Result<(), Error> {
    let found = warehouse.tables()?;
    for (id, state) in states {
        if !found.contains(&id) {
            tracing::error!(storage = %id, rows = state.rows, "the folder of a storage is missing");
        }
        warehouse.expect(id, state);
    }
    Ok(())
}

/// Returns the files that are attached to sources, with the uuid of the source.
fn attached_files(uploads: &Path) -> io::Result<Vec<(Uuid, PathBuf)>> {
    let entries = match std::fs::read_dir(uploads) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let id = entry.file_name().to_str().and_then(|name| Uuid::parse_str(name).ok());
        files.extend(id.map(|id| (id, entry.path())));
    }
    Ok(files)
}

pub(super) fn has_bytes(file: &Path) -> Result<bool, Error> {
    match std::fs::metadata(file) {
        Ok(metadata) => Ok(metadata.len() > 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).context(CONTEXT),
    }
}
