//! The expected content of a storage after a kill, derived from the sent and the acknowledged operations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A logical clock that orders the starts and ends of operations.
static CLOCK: AtomicU64 = AtomicU64::new(1);

pub fn moment() -> u64 {
    CLOCK.fetch_add(1, Ordering::SeqCst)
}

/// An operation, with the time of its acknowledgement if it was acknowledged.
#[derive(Debug, Clone)]
struct Operation {
    begun: u64,
    acknowledged: Option<u64>,
}

impl Operation {
    fn begin() -> Operation {
        Operation { begun: moment(), acknowledged: None }
    }
}

/// Rows with ids, added by pushes and batches, and removed by reloads.
#[derive(Debug)]
pub struct Rows {
    uuid: String,
    shared: SharedRows,
}

#[derive(Debug, Clone)]
pub struct SharedRows {
    pub uuid: String,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// The insertions of this round with the ids of their rows. Each insertion is atomic.
    added: Vec<(Operation, Vec<u64>)>,
    /// The rows at the start of the server.
    known: BTreeSet<u64>,
    /// The reloads of this round by tag.
    reloads: BTreeMap<u64, Operation>,
    /// The tag at the start of the server.
    tag: Option<u64>,
}

impl SharedRows {
    /// Records the start of an insertion. Returns its index and the ids of its rows.
    pub fn add(&self, count: u64) -> (usize, Vec<u64>) {
        let mut state = self.state.lock().unwrap();
        let ids: Vec<u64> = (state.next..state.next + count).collect();
        state.next += count;
        state.added.push((Operation::begin(), ids.clone()));
        (state.added.len() - 1, ids)
    }

    pub fn added(&self, index: usize) {
        self.state.lock().unwrap().added[index].0.acknowledged = Some(moment());
    }

    /// Records the start of a reload and returns its tag.
    pub fn reload(&self) -> u64 {
        let mut state = self.state.lock().unwrap();
        let tag = moment();
        state.reloads.insert(tag, Operation::begin());
        tag
    }

    pub fn reloaded(&self, tag: u64) {
        self.state.lock().unwrap().reloads.get_mut(&tag).unwrap().acknowledged = Some(moment());
    }
}

impl Rows {
    pub fn new(uuid: String) -> Rows {
        Rows { uuid: uuid.clone(), shared: SharedRows { uuid, state: Arc::default() } }
    }

    pub fn uuid(&self) -> String {
        self.uuid.clone()
    }

    pub fn shared(&self) -> SharedRows {
        self.shared.clone()
    }

    /// Compares the ids and the tag in the storage with the operations of this round, and makes them the start of the next
    /// round. Returns the number of acknowledged operations.
    pub fn check(&mut self, ids: &[Value], tag: Option<Option<u64>>) -> u64 {
        let mut state = self.shared.state.lock().unwrap();
        let state = &mut *state;
        let there: BTreeSet<u64> = ids.iter().map(|id| id.as_u64().unwrap()).collect();
        assert_eq!(there.len(), ids.len(), "a row is duplicated");

        let tag = tag.flatten();
        let last = state.reloads.iter().filter(|(_, reload)| reload.acknowledged.is_some()).map(|(tag, _)| *tag).max();
        let unknown = state.reloads.iter().filter(|(_, reload)| reload.acknowledged.is_none()).map(|(tag, _)| *tag);
        let allowed: BTreeSet<Option<u64>> = unknown.map(Some).chain([last.or(state.tag)]).collect();
        assert!(allowed.contains(&tag), "found the reload {tag:?}, expected one of {allowed:?}");
        // The last reload, if it was in this round.
        let reload = tag.and_then(|tag| state.reloads.get(&tag)).cloned();
        let dropped_before = reload.as_ref().map_or(0, |reload| reload.begun);
        let kept_after = reload.as_ref().map_or(0, |reload| reload.acknowledged.unwrap_or(u64::MAX));

        let mut possible = BTreeSet::new();
        if reload.is_none() {
            let lost: Vec<_> = state.known.difference(&there).collect();
            assert!(lost.is_empty(), "rows of an earlier round are lost: {lost:?}");
            possible.clone_from(&state.known);
        }
        let mut acknowledged = state.reloads.values().filter(|reload| reload.acknowledged.is_some()).count() as u64;
        for (operation, ids) in &state.added {
            let found = ids.iter().filter(|id| there.contains(id)).count();
            assert!(found == 0 || found == ids.len(), "found {found} rows of a batch of {}", ids.len());
            possible.extend(ids);
            let Some(end) = operation.acknowledged else { continue };
            acknowledged += 1;
            if end < dropped_before {
                assert_eq!(found, 0, "rows survived a reload: {ids:?}");
            }
            if operation.begun > kept_after || reload.is_none() {
                assert_eq!(found, ids.len(), "acknowledged rows are lost: {ids:?}");
            }
        }
        assert!(there.is_subset(&possible), "unexpected rows: {:?}", there.difference(&possible));

        state.added.clear();
        state.reloads.clear();
        state.known = there;
        state.tag = tag;
        acknowledged
    }
}

/// Rows that each batch replaces completely, with an increasing value.
#[derive(Debug, Default)]
pub struct Keyed {
    shared: Arc<Mutex<Values>>,
}

#[derive(Debug, Default)]
pub struct Values {
    /// The last sent value.
    pub sent: u64,
    /// The last acknowledged value.
    pub acknowledged: u64,
    /// Number of values acknowledged in this round.
    pub count: u64,
}

/// Number of rows that each batch replaces.
pub const KEYS: u64 = 20;

impl Keyed {
    pub fn shared(&self) -> Arc<Mutex<Values>> {
        Arc::clone(&self.shared)
    }

    /// Compares the rows in the storage with the batches. Returns the number of acknowledged batches.
    pub fn check(&mut self, rows: &[Value]) -> u64 {
        let mut values = self.shared.lock().unwrap();
        let keys: BTreeSet<u64> = rows.iter().map(|row| row[0].as_u64().unwrap()).collect();
        let there: BTreeSet<u64> = rows.iter().map(|row| row[1].as_u64().unwrap()).collect();
        assert!(there.len() <= 1, "rows of several batches: {there:?}");
        let value = there.first().copied().unwrap_or(0);
        assert!((values.acknowledged..=values.sent).contains(&value), "unexpected value {value}: {values:?}");
        let expected = if value == 0 { 0 } else { KEYS };
        assert_eq!((rows.len() as u64, keys.len() as u64), (expected, expected), "keys are not unique, or missing");
        values.acknowledged = value;
        std::mem::take(&mut values.count)
    }
}
