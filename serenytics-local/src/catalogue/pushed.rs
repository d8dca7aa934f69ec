//! The sources that rows were pushed to, so that not each push asks the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::{Catalogue, Source};
use crate::error::Error;

/// Sources as they are in the database.
#[derive(Debug, Default)]
pub(super) struct PushedSources {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    sources: HashMap<Uuid, Arc<Source>>,
    /// How many changes there were of any source: what was read before the last one may be old.
    changes: u64,
}

impl PushedSources {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a source, after it was changed in the database.
    pub(super) fn forget(&self, uuid: Uuid) {
        let mut known = self.known();
        known.sources.remove(&uuid);
        known.changes += 1;
    }
}

impl Catalogue {
    /// The source with this uuid, for a push.
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
