//! The session of a client: its connection to the server, and caches of the server's sources.
//!
//! Resources contain a session rather than the client that created them.

mod measures;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Url;

use crate::api_key::ApiKey;
use crate::transport::{Connection, Deadline, Request};

pub(crate) use measures::{Measures, add_measures};

/// A connection to a server with its caches. Cheap to clone; clones share the caches.
#[derive(Clone)]
pub(crate) struct Session {
    connection: Connection,
    caches: Arc<Caches>,
}

#[derive(Default)]
struct Caches {
    /// The uuids of sources that were found by name.
    uuids: Mutex<HashMap<String, String>>,
    /// The measures of sources, by the source's uuid.
    measures: Mutex<HashMap<String, Arc<Measures>>>,
}

impl Session {
    /// Creates a session with empty caches.
    pub(crate) fn new(connection: Connection) -> Session {
        Session { connection, caches: Arc::default() }
    }

    /// Returns a session of the same server that redacts another secret. It has its own, empty
    /// caches.
    pub(crate) fn with_token(&self, token: ApiKey) -> Session {
        Session::new(self.connection.with_token(token))
    }

    /// Returns a session with the same caches and another deadline for whole calls.
    pub(crate) fn with_timeout(&self, timeout: Duration) -> Session {
        Session { connection: self.connection.clone().with_timeout(timeout), caches: Arc::clone(&self.caches) }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the server's URL.
    pub(crate) fn url(&self) -> &Url {
        self.connection.url()
    }

    pub(crate) fn api_key(&self) -> &ApiKey {
        self.connection.api_key()
    }

    /// Returns the deadline of a call that starts now.
    pub(crate) fn deadline(&self) -> Deadline {
        self.connection.deadline()
    }

    /// Starts a GET of a path, given as its segments.
    pub(crate) fn get(&self, path: &[&str], deadline: Deadline) -> Request<'_> {
        self.connection.get(path, deadline)
    }

    /// Starts a POST to a path.
    pub(crate) fn post(&self, path: &[&str], deadline: Deadline) -> Request<'_> {
        self.connection.post(path, deadline)
    }

    /// Starts a PUT to a path.
    pub(crate) fn put(&self, path: &[&str], deadline: Deadline) -> Request<'_> {
        self.connection.put(path, deadline)
    }

    /// Starts a DELETE of a path.
    pub(crate) fn delete(&self, path: &[&str], deadline: Deadline) -> Request<'_> {
        self.connection.delete(path, deadline)
    }
}

/// The caches.
impl Session {
    /// Returns the uuid of the source with this name, if it was found before.
    pub(crate) fn source_uuid(&self, name: &str) -> Option<String> {
        locked(&self.caches.uuids).get(name).cloned()
    }

    /// Remembers which uuid the source with this name has.
    pub(crate) fn remember_uuid(&self, name: &str, uuid: &str) {
        locked(&self.caches.uuids).insert(name.to_owned(), uuid.to_owned());
    }

    /// Forgets the uuid of the source with this name.
    pub(crate) fn forget_name(&self, name: &str) {
        locked(&self.caches.uuids).remove(name);
    }

    /// Forgets all names of the source with this uuid: it may have another one now.
    pub(crate) fn forget_names_of(&self, uuid: &str) {
        locked(&self.caches.uuids).retain(|_, known| known != uuid);
    }

    /// Returns the measures of the source with this uuid, if its configuration was read before.
    pub(crate) fn measures(&self, uuid: &str) -> Option<Arc<Measures>> {
        locked(&self.caches.measures).get(uuid).cloned()
    }

    /// Remembers the measures of a source whose configuration was just read.
    pub(crate) fn remember_measures(&self, uuid: &str, measures: Measures) -> Arc<Measures> {
        let measures = Arc::new(measures);
        locked(&self.caches.measures).insert(uuid.to_owned(), Arc::clone(&measures));
        measures
    }

    /// Forgets the measures of the source with this uuid.
    pub(crate) fn forget_measures(&self, uuid: &str) {
        locked(&self.caches.measures).remove(uuid);
    }
}

/// Locks a cache. It stays usable after a panic in another thread: each entry is replaced as a
/// whole.
fn locked<T>(cache: &Mutex<T>) -> MutexGuard<'_, T> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("url", &self.api_key().redact(self.url().as_str().to_owned()))
            .field("api_key", self.api_key())
            .field("deadlines", &self.connection.deadlines())
            .finish_non_exhaustive()
    }
}
