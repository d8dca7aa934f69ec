//! Pushes: rows that come one by one and are written to the journal together, all that wait in one write.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{OwnedMutexGuard, mpsc, oneshot};
use tokio::task::spawn_blocking;

use super::columns::Column;
use super::commit::in_doubt;
use super::journal::{Entry, Journal};
use super::table::Storage;
use crate::api::Paid;
use crate::catalogue::Source;
use crate::error::{Context, Error, Kind};
use crate::load::{BatchRow, Row, RowTypes, forced_types};

/// How many pushes of a storage wait for the writer; more wait before they are taken.
pub(super) const QUEUE: usize = 1024;
/// How many bytes are written at once, unless one row has more.
const BYTES: usize = 8 * 1024 * 1024;

const FAILED: &str = "the row could not be written to the journal, and nothing of it was kept";

/// A row to push.
pub(crate) struct Push {
    /// The source, whose options may force the types of new columns.
    pub(crate) source: Arc<Source>,
    /// The row's fields.
    pub(crate) fields: Vec<(String, Value)>,
    /// The row as JSON.
    pub(crate) json: Bytes,
    /// What pays for them while they wait, whether or not the client still does.
    pub(crate) _paid: Paid,
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
        const CONTEXT: &str = "the engine stops";
        let (done, result) = oneshot::channel();
        self.pushes.send(Waiting { push, done }).await.map_err(|_| Error::new(Kind::Failed, CONTEXT))?;
        result.await.context(CONTEXT)?
    }

    /// Writes a group of pushes, and tells each of them what became of it.
    async fn write_pushes(self: &Arc<Self>, types: &mut RowTypes, group: Vec<Waiting>) {
        match self.write_group(types, &group).await {
            Ok(results) => group.into_iter().zip(results).for_each(|(waiting, result)| waiting.end(result)),
            Err(error) => {
                let message = error.messages().join("; ");
                group.into_iter().for_each(|waiting| waiting.end(Err(Error::new(error.kind(), message.clone()))));
            }
        }
    }

    /// The journal, unless the table may have a change that is not known here.
    async fn known_journal(&self) -> Result<OwnedMutexGuard<Journal>, Error> {
        let journal = Arc::clone(&self.journal).lock_owned().await;
        if self.is_in_doubt.load(Ordering::Acquire) { Err(in_doubt()) } else { Ok(journal) }
    }

    /// Writes the rows of a group that fit; an error is that of all of them.
    async fn write_group(
        self: &Arc<Self>,
        types: &mut RowTypes,
        group: &[Waiting],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        self.wait_for_room().await?;
        let mut journal = match self.known_journal().await {
            Ok(journal) => journal,
            Err(_) => {
                // The log is read again, which may have other columns.
                drop(self.write().await);
                self.known_journal().await?
            }
        };
        types.follow(&self.snapshot().columns);
        // A batch that runs counts on the columns.
        let mut _kept = None;
        if group.iter().any(|waiting| types.lacks_column_of(&waiting.push.fields)) {
            drop(journal);
            _kept = Some(self.shape.lock().await);
            journal = self.known_journal().await?;
            types.follow(&self.snapshot().columns);
        }
        if self.is_given_up() {
            return Err(Error::not_found("the data source was deleted meanwhile"));
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
                let written = journal.append(entries);
                (journal, written)
            });
            // The journal stays locked until readers see its rows.
            let (_journal, written) = written.await.context(FAILED)?;
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
            return Err(Error::refused(
                "the row has no value, and the storage no column yet: push a row with a value first, which tells the \
                 types of the columns",
            ));
        }
        return Ok((Vec::new(), types.row(&push.fields)?));
    }
    let new = types.new_columns(&push.fields, &forced_types(&push.source)?)?;
    let mut with_new = RowTypes::new(Arc::clone(types.columns()));
    with_new.add(new.clone());
    let row = with_new.row(&push.fields)?;
    *types = with_new;
    Ok((new, row))
}

/// The rows of journal entries, with the columns that a storage has after them.
pub(super) fn replayed(
    columns: &Arc<Vec<Column>>,
    entries: Vec<Entry>,
) -> Result<(RowTypes, Vec<(Row, usize)>), Error> {
    const CONTEXT: &str = "a row of the journal could not be read";
    let mut types = RowTypes::new(Arc::clone(columns));
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        types.add(entry.columns);
        let row: BatchRow = serde_json::from_slice(&entry.row).context(CONTEXT)?;
        let BatchRow::Object(fields) = row else { return Err(Error::new(Kind::Failed, CONTEXT)) };
        rows.push((types.row(&fields)?, entry.row.len()));
    }
    Ok((types, rows))
}

/// Writes the pushes of a storage, one group after the other, as long as the storage is open.
pub(super) async fn writing(storage: Weak<Storage>, mut pushes: mpsc::Receiver<Waiting>) {
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
