//! A cache of the sources that receive pushes, so that a push does not query the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::{Catalogue, Source};
use crate::base::Error;

/// The cached sources.
#[derive(Debug, Default)]
pub(super) struct PushCache {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    sources: HashMap<Uuid, Arc<Source>>,
    /// Counts the changes of sources: a source that was read before the last change may be stale.
    changes: u64,
}

impl PushCache {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes a source, after it was changed in the database.
    pub(super) fn forget(&self, uuid: Uuid) {
        let mut known = self.known();
        known.sources.remove(&uuid);
        known.changes += 1;
    }
}

impl Catalogue {
    /// Finds the source with this uuid, for a push.
    pub(crate) async fn pushed_source(&self, uuid: Uuid) -> Result<Option<Arc<Source>>, Error> {
        let changes = {
            let known = self.pushed.known();
            if let Some(source) = known.sources.get(&uuid) {
                return Ok(Some(Arc::clone(source)));
            }
            known.changes
        };
        let Some(source) = self.anyones_source(uuid).await?.map(Arc::new) else { return Ok(None) };
        let mut known = self.pushed.known();
        if known.changes == changes {
            known.sources.insert(uuid, Arc::clone(&source));
        }
        Ok(Some(source))
    }
}
