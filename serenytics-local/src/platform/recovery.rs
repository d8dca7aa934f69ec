//! Recovery: lists the storages of a data folder that the catalogue does not know or that are damaged, and takes them up.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use serenytics_engine::{QueryLimits, Warehouse};
use uuid::Uuid;

use super::unknown::{CATALOGUE, expect, has_bytes};
use crate::access::Account;
use crate::base::{Context, Error, FolderLock, UnknownFolder};
use crate::catalogue::{Catalogue, STORAGE, Source};
use crate::sources::Sources;

const FAILED: &str = "could not recover the data folder";

/// A data folder that is opened for recovery. No server can use it at the same time.
pub struct Recovery {
    folder: PathBuf,
    warehouse: Warehouse,
    unknown: UnknownFolder,
    /// `None` if the file does not exist.
    catalogue: Option<Catalogue>,
    _lock: FolderLock,
}

/// A storage without a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownStorage {
    /// The name of its folder, to pass to [`Recovery::restore`]: its uuid, with a suffix such as `.1` for other copies.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
}

/// A storage whose files are missing or were changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedStorage {
    /// Its uuid, to pass to [`Recovery::accept`].
    pub uuid: String,
    /// The name of its source.
    pub source: String,
    /// The number of rows that the catalogue knows. It can be outdated, because pushed rows are not counted at once.
    pub rows: u64,
    /// What is damaged.
    pub error: String,
}

impl Recovery {
    /// Opens a data folder, which must exist. This changes nothing that the next start of a server would not change.
    ///
    /// # Errors
    /// The folder does not exist, or is in use by a server.
    pub async fn open(folder: impl Into<PathBuf>) -> Result<Recovery, Error> {
        let folder = folder.into();
        if !folder.is_dir() {
            return Err(Error::refused(format!("the data folder {} does not exist", folder.display())));
        }
        let lock = FolderLock::take(&folder)?;
        let folder = folder.canonicalize().context(FAILED)?;
        let limits = QueryLimits { memory: 64 << 20, time: Duration::from_secs(60), at_once: 1, cache: 0 };
        let warehouse = Warehouse::open(&folder, limits)?;
        let file = folder.join(CATALOGUE);
        let catalogue = if has_bytes(&file)? { Some(Catalogue::open(&file).await?) } else { None };
        if let Some(catalogue) = &catalogue {
            expect(&warehouse, catalogue.storages().await?)?;
        }
        Ok(Recovery { unknown: UnknownFolder::of(&folder), folder, warehouse, catalogue, _lock: lock })
    }

    /// Returns true if the folder has a catalogue. Otherwise [`restore`](Self::restore) creates one.
    #[must_use]
    pub fn has_catalogue(&self) -> bool {
        self.catalogue.is_some()
    }

    /// Returns the storages without a source.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub async fn unknown(&self) -> Result<Vec<UnknownStorage>, Error> {
        let known = self.sources().await?;
        let mut unknown = Vec::new();
        for uuid in self.warehouse.tables()? {
            if !known.contains(&uuid) {
                let path = self.folder.join("storages").join(uuid.to_string());
                unknown.push(UnknownStorage { name: uuid.to_string(), path });
            }
        }
        for (name, path) in self.unknown.storages().context(FAILED)? {
            if !unknown.iter().any(|other| other.name == name) {
                unknown.push(UnknownStorage { name, path });
            }
        }
        unknown.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(unknown)
    }

    /// Returns the damaged storages. This opens every storage.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn damaged(&self) -> Result<Vec<DamagedStorage>, Error> {
        let Some(catalogue) = &self.catalogue else { return Ok(Vec::new()) };
        let states = catalogue.storages().await?;
        let mut damaged = Vec::new();
        for uuid in catalogue.all_sources().await? {
            let Some(source) = catalogue.anyones_source(uuid).await? else { continue };
            let rows = states.iter().find(|(other, _)| *other == uuid).map_or(0, |(_, state)| state.rows);
            if source.is_join() || (rows == 0 && !self.warehouse.tables()?.contains(&uuid)) {
                continue;
            }
            if let Err(error) = self.warehouse.table(uuid).await {
                let error = error.messages().join("; ");
                damaged.push(DamagedStorage { uuid: uuid.to_string(), source: source.name, rows, error });
            }
        }
        Ok(damaged)
    }

    /// Creates a source for an unknown storage and moves the storage back. Its name is `recovered-<uuid>` by default.
    /// Returns the source's uuid, which is that of the storage unless another source has it, and its number of rows.
    ///
    /// # Errors
    /// There is no such storage, or it is damaged. Nothing is changed then.
    pub async fn restore(
        &mut self,
        storage: &str,
        name: Option<&str>,
        account: Option<&str>,
    ) -> Result<(String, u64), Error> {
        let unknown = self.unknown().await?.into_iter().find(|unknown| unknown.name == storage);
        let Some(UnknownStorage { path, .. }) = unknown else {
            return Err(Error::not_found(format!("there is no unknown storage `{storage}` in the data folder")));
        };
        let account = account.map_or_else(|| Ok(Account::default_account()), Account::new)?;
        let own = storage.get(..36).and_then(|uuid| Uuid::parse_str(uuid).ok());
        let taken = [self.sources().await?, self.warehouse.tables()?].concat();
        let is_in_place = path.starts_with(self.folder.join("storages"));
        let uuid = own.filter(|uuid| is_in_place || !taken.contains(uuid)).unwrap_or_else(Uuid::new_v4);
        if !is_in_place {
            self.warehouse.take_up(uuid, &path)?;
        }
        let rows = match self.register(uuid, name, account).await {
            Ok(rows) => rows,
            Err(error) => {
                if !is_in_place {
                    self.warehouse.set_aside(uuid, &path)?;
                }
                return Err(error);
            }
        };
        self.unknown.restore_upload(uuid, &self.folder.join("uploads")).context(FAILED)?;
        Ok((uuid.to_string(), rows))
    }

    async fn register(&mut self, uuid: Uuid, name: Option<&str>, account: Account) -> Result<u64, Error> {
        let state = self.warehouse.table(uuid).await?.state();
        let catalogue = self.catalogue().await?;
        let name = name.map_or_else(|| format!("recovered-{uuid}"), str::to_owned);
        let source = Source { uuid, ..Source::new(account, STORAGE, name, json!({})) };
        catalogue.insert_source(&source).await?;
        catalogue.record_storage(uuid, &state).await?;
        Ok(state.rows)
    }

    /// Accepts what is left of a damaged storage, without the rows that are lost. Returns its number of rows.
    ///
    /// # Errors
    /// The storage cannot be read without its damaged files. Nothing is changed then.
    pub async fn accept(&mut self, uuid: &str) -> Result<u64, Error> {
        let unknown = || Sources::unknown(uuid);
        let uuid = Uuid::parse_str(uuid).map_err(|_| unknown())?;
        let Some(catalogue) = &self.catalogue else {
            return Err(Error::refused("the data folder has no catalogue: restore its storages first"));
        };
        if catalogue.anyones_source(uuid).await?.is_none() {
            return Err(unknown());
        }
        let aside = self.unknown.files(uuid).context(FAILED)?;
        let state = self.warehouse.accept_damaged(uuid, &aside).await?;
        catalogue.record_storage(uuid, &state).await?;
        Ok(state.rows)
    }

    async fn sources(&self) -> Result<Vec<Uuid>, Error> {
        match &self.catalogue {
            Some(catalogue) => catalogue.all_sources().await,
            None => Ok(Vec::new()),
        }
    }

    /// Returns the catalogue, creating it if needed.
    async fn catalogue(&mut self) -> Result<Catalogue, Error> {
        if let Some(catalogue) = &self.catalogue {
            return Ok(catalogue.clone());
        }
        // SQLite would discard the log of a catalogue that is missing.
        for log in ["catalogue.sqlite-wal", "catalogue.sqlite-shm"] {
            self.unknown.keep(&self.folder.join(log)).context(FAILED)?;
        }
        let catalogue = Catalogue::open(&self.folder.join(CATALOGUE)).await?;
        self.catalogue = Some(catalogue.clone());
        Ok(catalogue)
    }

    /// Closes the data folder.
    pub async fn close(self) {
        if let Some(catalogue) = &self.catalogue {
            catalogue.close().await;
        }
    }
}

impl fmt::Debug for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recovery").field("folder", &self.folder).finish_non_exhaustive()
    }
}
