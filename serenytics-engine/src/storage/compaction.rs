//! Merges: pushed rows on their way from the journal into the table, many at a time.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::replace::{Replaced, rewrite_files};
use crate::error::Error;
use crate::query::Queries;
use crate::storage::{Change, Storage};

/// How long no row comes before the last ones are merged.
const IDLE: Duration = Duration::from_secs(2);
/// How long the next try waits after one that failed.
const PATIENCE: Duration = Duration::from_secs(2);

/// Merges the pushed rows of a storage, all that there are now, in one commit. Others are pushed meanwhile.
pub(crate) async fn merge(storage: &Arc<Storage>, queries: &Queries) -> Result<(), Error> {
    let writing = storage.write().await;
    let snapshot = writing.snapshot();
    if snapshot.pending.is_empty() {
        return Ok(());
    }
    let mut files = writing.new_files(&snapshot.columns)?;
    let written = async {
        let merged = rewrite_files(queries, &snapshot, &Replaced::default(), &mut files).await?;
        for batch in snapshot.pending.batches(&snapshot.columns)? {
            files.write(&batch).await?;
        }
        Ok(merged)
    };
    let remove = match written.await {
        Ok(merged) => merged,
        Err(error) => {
            files.discard().await;
            return Err(error);
        }
    };
    let add = files.finish().await?;
    let columns = Arc::clone(&snapshot.columns);
    writing.commit(Change { columns, remove, add, pushes: snapshot.pending.last() }).await?;
    Ok(())
}

/// Merges the pushed rows of a storage whenever there are many, or no more come, as long as the storage is open.
pub(crate) async fn merging(storage: Weak<Storage>, queries: Arc<Queries>) {
    let Some(due) = storage.upgrade().map(|storage| storage.due()) else { return };
    let mut seen = None;
    loop {
        let pending = match storage.upgrade() {
            Some(storage) => storage.snapshot().pending.clone(),
            None => return,
        };
        if pending.is_empty() {
            due.notified().await;
        } else if !pending.is_due() && seen != Some(pending.last()) {
            seen = Some(pending.last());
            // What comes first: many rows, or the time.
            let _ = tokio::time::timeout(IDLE, due.notified()).await;
        } else {
            let Some(storage) = storage.upgrade() else { return };
            if let Err(error) = merge(&storage, &queries).await {
                tracing::warn!(%error, "pushed rows were not merged; it is tried again");
                storage.tell_unmerged(&error);
                drop(storage);
                tokio::time::sleep(PATIENCE).await;
            }
        }
    }
}
