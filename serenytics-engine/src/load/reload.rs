//! Reload: replaces all rows and columns of a storage with those of a file.

use std::sync::Arc;

use super::file::RowsFile;
use super::loaded::Loaded;
use super::reading::{begin_reading, columns_of, warnings_of};
use crate::base::Error;
use crate::storage::{Change, Storage};

/// Loads a file. An error leaves the storage unchanged.
pub(crate) async fn reload(storage: &Arc<Storage>, file: RowsFile) -> Result<Loaded, Error> {
    let warnings = warnings_of(&file).await?;
    let columns = Arc::new(columns_of(&file).await?);
    let mut writing = storage.write().await;
    let mut files = writing.new_files(&columns)?;
    let written = async {
        let mut batches = begin_reading(file, Arc::clone(&columns));
        while let Some(batch) = batches.next().await? {
            files.write(&batch).await?;
        }
        Ok(())
    };
    if let Err(error) = written.await {
        files.discard().await;
        return Err(error);
    }
    let add = files.finish().await?;
    // The rows that were pushed up to now are replaced too.
    writing.pause().await;
    let before = writing.snapshot();
    let change = Change { columns, remove: before.files.to_vec(), add, pushes: before.unmerged.last() };
    Ok(Loaded { rows: writing.commit(change).await?.rows, warnings })
}
