//! Reload: a file takes the place of everything that a storage held.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::csv::CsvFile;
use super::options::LoadOptions;
use crate::catalogue::Source;
use crate::error::{Context, Error};
use crate::storage::{Change, Storage};

/// Loads the file that is attached to a source, and tells how many rows it had. On an error nothing is changed.
pub(crate) async fn reload(storage: &Storage, source: &Source, file: &Path) -> Result<u64, Error> {
    const CONTEXT: &str = "the file could not be loaded";
    check_format(source)?;
    let options = LoadOptions::of(source)?;
    let file =
        File::open(file).map_err(|_| Error::refused("no file was uploaded to the source: upload one, then reload"))?;
    let file = CsvFile::new(file, options);
    let columns = {
        let file = file.clone();
        Arc::new(spawn_blocking(move || file.columns()).await.context(CONTEXT)??)
    };

    let mut writing = storage.write().await;
    let mut files = writing.new_files(&columns)?;
    let (sender, mut batches) = mpsc::channel(2);
    let reader = {
        let columns = Arc::clone(&columns);
        spawn_blocking(move || file.rows(&columns, |batch| sender.blocking_send(batch).is_ok()))
    };
    let written = async {
        while let Some(batch) = batches.recv().await {
            files.write(&batch).await?;
        }
        reader.await.context(CONTEXT)?
    };
    if let Err(error) = written.await {
        files.discard().await;
        return Err(error);
    }
    let add = files.finish().await?;
    // What was pushed up to now goes as well.
    writing.pause().await;
    let before = writing.snapshot();
    let change = Change { columns, remove: before.files.to_vec(), add, pushes: before.pending.last() };
    Ok(writing.commit(change).await?.rows)
}

/// Refuses formats that are not read; the file's name alone tells which it is.
fn check_format(source: &Source) -> Result<(), Error> {
    let name = source.original_file_name.as_deref().unwrap_or_default().to_lowercase();
    if name.ends_with(".csv") || name.ends_with(".csv.gz") {
        return Ok(());
    }
    Err(Error::refused(if name.ends_with("pickle") {
        "the file is a pandas pickle, which the embedded engine does not read: send the rows as a .csv or .csv.gz file \
         (reload_data_from_file), or by batch"
            .to_owned()
    } else {
        format!("originalFileName is {name:?} and has to end in .csv or .csv.gz")
    }))
}
