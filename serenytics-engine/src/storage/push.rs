//! Pushes: single rows, written to the write-ahead log in groups.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{OwnedMutexGuard, mpsc, oneshot};
use tokio::task::spawn_blocking;

use super::commit::outcome_unknown_error;
use super::table::Storage;
use super::wal::{Entry, WriteAheadLog};
use crate::base::{Context, Error, ErrorKind};
use crate::rows::{Column, ForcedTypes, JsonRow, NumberRule, Row, RowTypes};

/// The number of pushes in a storage's queue. Further pushes wait until there is room.
pub(super) const MAX_QUEUED: usize = 1024;
/// The maximum number of bytes in a group, unless one row is larger.
const GROUP_BYTES: usize = 8 * 1024 * 1024;

const FAILED: &str = "the row could not be written to the write-ahead log; nothing was kept";

/// A row to push.
pub struct Push {
    /// The row's fields.
    pub fields: Vec<(String, Value)>,
    /// The row as JSON, which is written to the log.
    pub json: Bytes,
    /// Returns the forced types. It is called only if the row adds columns or does not fit, so that other pushes do
    /// not read a configuration.
    pub forced: Box<dyn Fn() -> Result<ForcedTypes, Error> + Send + Sync>,
    /// A value that is dropped when the row is written, such as a permit for the memory that the row uses. It stays
    /// until then even if the caller of the push is cancelled.
    pub guard: Box<dyn Send + Sync>,
}

/// A queued push, and the channel to its caller.
pub(super) struct QueuedPush {
    push: Push,
    done: oneshot::Sender<Result<(), Error>>,
}

impl QueuedPush {
    fn end(self, result: Result<(), Error>) {
        // The caller may have been cancelled.
        let _ = self.done.send(result);
    }
}

impl Storage {
    /// Appends a row. When this returns, it is on disk and every new query sees it.
    pub(crate) async fn push(&self, push: Push) -> Result<(), Error> {
        let (done, result) = oneshot::channel();
        self.pushes.send(QueuedPush { push, done }).await.map_err(|_| Error::shutting_down())?;
        result.await.context("the engine is shutting down: the row may or may not have been written")?
    }

    /// Writes a group of pushes and sends each its result.
    async fn write_pushes(self: &Arc<Self>, types: &mut RowTypes, group: Vec<QueuedPush>) {
        match self.write_group(types, &group).await {
            Ok(results) => group.into_iter().zip(results).for_each(|(queued, result)| queued.end(result)),
            Err(error) => {
                group.into_iter().for_each(|queued| queued.end(Err(error.duplicate())));
            }
        }
    }

    /// Locks the write-ahead log. Fails if the table may have an unknown commit.
    async fn known_wal(&self) -> Result<OwnedMutexGuard<WriteAheadLog>, Error> {
        let wal = Arc::clone(&self.wal).lock_owned().await;
        if self.outcome_unknown.load(Ordering::Acquire) { Err(outcome_unknown_error()) } else { Ok(wal) }
    }

    /// Writes the rows of a group that are valid. An error applies to all of them.
    async fn write_group(
        self: &Arc<Self>,
        types: &mut RowTypes,
        group: &[QueuedPush],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        self.wait_for_room().await?;
        let mut wal = match self.known_wal().await {
            Ok(wal) => wal,
            Err(_) => {
                // A new transaction reads the log again, which may change the columns.
                drop(self.write().await);
                self.known_wal().await?
            }
        };
        types.follow(&self.snapshot().columns);
        // A running batch may have locked the columns.
        let mut _kept = None;
        if group.iter().any(|queued| types.lacks_column_of(&queued.push.fields)) {
            drop(wal);
            _kept = Some(self.schema_lock.lock().await);
            wal = self.known_wal().await?;
            types.follow(&self.snapshot().columns);
        }
        if self.is_deleted() {
            return Err(Error::not_found("the data source was deleted in the meantime"));
        }
        self.check_not_retired()?;

        let mut entries = Vec::with_capacity(group.len());
        let mut rows = Vec::with_capacity(group.len());
        let mut results = Vec::with_capacity(group.len());
        for QueuedPush { push, .. } in group {
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
            let (wal, written) = written.await.context(FAILED)?;
            written.context(FAILED)?;
            self.acknowledged.pushed(wal.last());
            let count = rows.len();
            let after = self.publish(|newest| newest.with_pushed(types.columns(), rows));
            self.notify_pushed(count, &after);
        }
        Ok(results)
    }
}

/// Converts a row to cells. Returns the columns that it adds as well. An error changes nothing.
fn typed(types: &mut RowTypes, push: &Push) -> Result<(Vec<Column>, Row), Error> {
    if !types.lacks_column_of(&push.fields) {
        if types.columns().is_empty() {
            return Err(Error::rejected(
                "the row has no value, and the storage has no columns yet: push a row with values first, to define the \
                 columns",
            ));
        }
        let unchanged = types.row(&push.fields, |_| NumberRule::Unchanged);
        let row = unchanged.or_else(|_| {
            let forced = (push.forced)()?;
            types.row(&push.fields, |column| NumberRule::of(&forced, column))
        });
        return Ok((Vec::new(), row?));
    }
    let forced = (push.forced)()?;
    let new = types.new_columns(&push.fields, &forced)?;
    let mut with_new = RowTypes::new(Arc::clone(types.columns()));
    with_new.add(new.clone());
    let row = with_new.row(&push.fields, |column| NumberRule::of(&forced, column))?;
    *types = with_new;
    Ok((new, row))
}

/// Converts write-ahead log entries to rows. Returns the storage's columns after them as well.
pub(super) fn replayed(
    columns: &Arc<Vec<Column>>,
    entries: Vec<Entry>,
) -> Result<(RowTypes, Vec<(Row, usize)>), Error> {
    const CONTEXT: &str = "a row of the write-ahead log could not be read";
    let mut types = RowTypes::new(Arc::clone(columns));
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        types.add(entry.columns);
        let row: JsonRow = serde_json::from_slice(&entry.row).context(CONTEXT)?;
        let JsonRow::Object(fields) = row else { return Err(Error::new(ErrorKind::Failed, CONTEXT)) };
        // The row was accepted already.
        rows.push((types.row(&fields, |_| NumberRule::Any)?, entry.row.len()));
    }
    Ok((types, rows))
}

/// Writes the pushes of a storage group by group, while the storage is open.
pub(super) async fn writer_loop(storage: Weak<Storage>, mut pushes: mpsc::Receiver<QueuedPush>) {
    let mut types = RowTypes::default();
    while let Some(first) = pushes.recv().await {
        let mut bytes = first.push.json.len();
        let mut group = vec![first];
        while bytes < GROUP_BYTES
            && let Ok(next) = pushes.try_recv()
        {
            bytes += next.push.json.len();
            group.push(next);
        }
        let Some(storage) = storage.upgrade() else { return };
        storage.write_pushes(&mut types, group).await;
    }
}
