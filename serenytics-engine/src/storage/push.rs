//! Pushes: rows that come one by one and are written to the write-ahead log together, all that wait in one write.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{OwnedMutexGuard, mpsc, oneshot};
use tokio::task::spawn_blocking;

use super::commit::in_doubt;
use super::table::Storage;
use super::wal::{Entry, WriteAheadLog};
use crate::base::{Context, Error, ErrorKind};
use crate::rows::{Column, ForcedTypes, JsonRow, Row, RowTypes};

/// How many pushes of a storage wait for the writer; more wait before they are taken.
pub(super) const QUEUE: usize = 1024;
/// How many bytes are written at once, unless one row has more.
const BYTES: usize = 8 * 1024 * 1024;

const FAILED: &str = "the row could not be written to the journal, and nothing of it was kept";

/// A row to push.
pub struct Push {
    /// The row's fields.
    pub fields: Vec<(String, Value)>,
    /// The row as JSON, which is written to the log.
    pub json: Bytes,
    /// The types of columns that the row adds. An error is returned only if the row adds columns.
    pub forced: Result<ForcedTypes, Error>,
    /// A value that is dropped when the row is written, such as a permit for the memory that the row uses. It stays
    /// until then even if the caller of the push is cancelled.
    pub guard: Box<dyn Send + Sync>,
}

/// A push, and who waits for it.
pub(super) struct Waiting {
    push: Push,
    done: oneshot::Sender<Result<(), Error>>,
}

impl Waiting {
    fn end(self, result: Result<(), Error>) {
        // Whoever waited may have left.
        let _ = self.done.send(result);
    }
}

impl Storage {
    /// Appends a row. It is on the disk, and seen by every query from now on, when this returns.
    pub(crate) async fn push(&self, push: Push) -> Result<(), Error> {
        let (done, result) = oneshot::channel();
        self.pushes.send(Waiting { push, done }).await.map_err(|_| Error::shutting_down())?;
        result.await.context("the server is shutting down: the row may or may not have been written")?
    }

    /// Writes a group of pushes, and tells each of them what became of it.
    async fn write_pushes(self: &Arc<Self>, types: &mut RowTypes, group: Vec<Waiting>) {
        match self.write_group(types, &group).await {
            Ok(results) => group.into_iter().zip(results).for_each(|(waiting, result)| waiting.end(result)),
            Err(error) => {
                group.into_iter().for_each(|waiting| waiting.end(Err(error.duplicate())));
            }
        }
    }

    /// The write-ahead log, unless the table may have a change that is not known here.
    async fn known_wal(&self) -> Result<OwnedMutexGuard<WriteAheadLog>, Error> {
        let wal = Arc::clone(&self.wal).lock_owned().await;
        if self.outcome_unknown.load(Ordering::Acquire) { Err(in_doubt()) } else { Ok(wal) }
    }

    /// Writes the rows of a group that fit; an error is that of all of them.
    async fn write_group(
        self: &Arc<Self>,
        types: &mut RowTypes,
        group: &[Waiting],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        self.wait_for_room().await?;
        let mut wal = match self.known_wal().await {
            Ok(wal) => wal,
            Err(_) => {
                // The log is read again, which may have other columns.
                drop(self.write().await);
                self.known_wal().await?
            }
        };
        types.follow(&self.snapshot().columns);
        // A batch that runs counts on the columns.
        let mut _kept = None;
        if group.iter().any(|waiting| types.lacks_column_of(&waiting.push.fields)) {
            drop(wal);
            _kept = Some(self.schema_lock.lock().await);
            wal = self.known_wal().await?;
            types.follow(&self.snapshot().columns);
        }
        if self.is_deleted() {
            return Err(Error::not_found("the data source was deleted in the meantime"));
        }

        let mut entries = Vec::with_capacity(group.len());
        let mut rows = Vec::with_capacity(group.len());
        let mut results = Vec::with_capacity(group.len());
        for Waiting { push, .. } in group {
            results.push(typed(types, push).map(|(columns, row)| {
                entries.push(Entry { columns, row: push.json.clone() });
                rows.push((row, push.json.len()));
            }));
        }
        if !entries.is_empty() {
            let written = spawn_blocking(move || {
                let written = wal.append(entries);
                (wal, written)
            });
            // The write-ahead log stays locked until readers see its rows.
            let (_wal, written) = written.await.context(FAILED)?;
            written.context(FAILED)?;
            let count = rows.len();
            let after = self.publish(|newest| newest.with_pushed(types.columns(), rows));
            self.tell_pushed(count, &after);
        }
        Ok(results)
    }
}

/// The columns that a row brings, and its cells. On an error nothing is changed.
fn typed(types: &mut RowTypes, push: &Push) -> Result<(Vec<Column>, Row), Error> {
    if !types.lacks_column_of(&push.fields) {
        if types.columns().is_empty() {
            return Err(Error::rejected(
                "the row has no value, and the storage no column yet: push a row with a value first, which tells the \
                 types of the columns",
            ));
        }
        return Ok((Vec::new(), types.row(&push.fields)?));
    }
    let forced = push.forced.as_ref().map_err(Error::duplicate)?;
    let new = types.new_columns(&push.fields, forced)?;
    let mut with_new = RowTypes::new(Arc::clone(types.columns()));
    with_new.add(new.clone());
    let row = with_new.row(&push.fields)?;
    *types = with_new;
    Ok((new, row))
}

/// The rows of write-ahead log entries, with the columns that a storage has after them.
pub(super) fn replayed(
    columns: &Arc<Vec<Column>>,
    entries: Vec<Entry>,
) -> Result<(RowTypes, Vec<(Row, usize)>), Error> {
    const CONTEXT: &str = "a row of the journal could not be read";
    let mut types = RowTypes::new(Arc::clone(columns));
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        types.add(entry.columns);
        let row: JsonRow = serde_json::from_slice(&entry.row).context(CONTEXT)?;
        let JsonRow::Object(fields) = row else { return Err(Error::new(ErrorKind::Failed, CONTEXT)) };
        rows.push((types.row(&fields)?, entry.row.len()));
    }
    Ok((types, rows))
}

/// Writes the pushes of a storage, one group after the other, as long as the storage is open.
pub(super) async fn writer_loop(storage: Weak<Storage>, mut pushes: mpsc::Receiver<Waiting>) {
    let mut types = RowTypes::default();
    while let Some(first) = pushes.recv().await {
        let mut bytes = first.push.json.len();
        let mut group = vec![first];
        while bytes < BYTES
            && let Ok(next) = pushes.try_recv()
        {
            bytes += next.push.json.len();
            group.push(next);
        }
        let Some(storage) = storage.upgrade() else { return };
        storage.write_pushes(&mut types, group).await;
    }
}
