//! Compaction: merges many pushed rows at a time from the write-ahead log into the table.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::commit::Change;
use super::rewrite::{DeletedKeys, rewrite_files};
use super::table::Storage;
use crate::base::Error;
use crate::session::Session;

/// How long to wait for another row before the pushed rows are merged.
const IDLE_TIME: Duration = Duration::from_secs(2);
/// How long to wait after a failed merge before the next one.
const RETRY_DELAY: Duration = Duration::from_secs(2);

/// Merges the current pushed rows of a storage in one commit. Other rows may be pushed at the same
/// time.
pub(crate) async fn merge(storage: &Arc<Storage>, session: &Session) -> Result<(), Error> {
    let writing = storage.write().await;
    let snapshot = writing.snapshot();
    if snapshot.unmerged.is_empty() {
        return Ok(());
    }
    let mut files = writing.new_files(&snapshot.columns)?;
    let written = async {
        let merged = rewrite_files(session, &snapshot, &DeletedKeys::default(), &mut files).await?;
        for batch in snapshot.unmerged.batches(&snapshot.columns)? {
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
    writing.commit(Change { columns, remove, add, pushes: snapshot.unmerged.last() }).await?;
    Ok(())
}

/// Merges the pushed rows of a storage when there are many, or when no more arrive, while the
/// storage is open.
pub(crate) async fn compaction_loop(storage: Weak<Storage>, session: Arc<Session>) {
    let Some(due) = storage.upgrade().map(|storage| storage.due()) else { return };
    let mut seen = None;
    loop {
        let unmerged = match storage.upgrade() {
            Some(storage) => storage.snapshot().unmerged.clone(),
            None => return,
        };
        if unmerged.is_empty() {
            due.notified().await;
        } else if !unmerged.is_due() && seen != Some(unmerged.last()) {
            seen = Some(unmerged.last());
            // Until there are many rows or the time is over.
            let _ = tokio::time::timeout(IDLE_TIME, due.notified()).await;
        } else {
            let Some(storage) = storage.upgrade() else { return };
            if let Err(error) = merge(&storage, &session).await {
                tracing::warn!(%error, "pushed rows were not merged; the merge will be retried");
                storage.report_merge_error(&error);
                drop(storage);
                tokio::time::sleep(RETRY_DELAY).await;
            }
        }
    }
}
