//! Data sources: their configuration in the catalogue, their rows in the warehouse, and their attached files.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use serenytics_engine::{
    Answer, BatchRequest, ByteStream, CsvOptions, ErrorKind, ExportOptions, Input, Loaded, Push, RowsFile, Table,
    TableState, Warehouse,
};
use serenytics_query::wire::Pipeline;
use uuid::Uuid;

use crate::access::{Account, same_secret};
use crate::base::{Context, Error, Kind, UnknownFolder, Uploads};
use crate::catalogue::{Catalogue, STORAGE, Source, forced_types, joined};

/// Finds, reads and deletes data sources.
pub(crate) struct Sources {
    catalogue: Catalogue,
    warehouse: Arc<Warehouse>,
    uploads: Arc<Uploads>,
    unknown: UnknownFolder,
    /// The storages that received a push since the start.
    pushed: Mutex<HashSet<Uuid>>,
}

impl Sources {
    /// Creates the service.
    pub(crate) fn new(
        catalogue: Catalogue,
        warehouse: Arc<Warehouse>,
        uploads: Arc<Uploads>,
        unknown: UnknownFolder,
    ) -> Sources {
        Sources { catalogue, warehouse, uploads, unknown, pushed: Mutex::default() }
    }

    /// Returns the source of an account with this uuid. The error for a source of another account is the same as for an
    /// unknown one.
    pub(crate) async fn find(&self, account: &Account, uuid: &str) -> Result<Source, Error> {
        let unknown = || Sources::unknown(uuid);
        let parsed = Uuid::parse_str(uuid).map_err(|_| unknown())?;
        self.catalogue.source(account, parsed).await?.ok_or_else(unknown)
    }

    /// Returns the source with this uuid, of any account: only for callers who have proved that they can read it.
    pub(crate) async fn find_of_any_account(&self, uuid: &str) -> Result<Source, Error> {
        let unknown = || Sources::unknown(uuid);
        let parsed = Uuid::parse_str(uuid).map_err(|_| unknown())?;
        self.catalogue.anyones_source(parsed).await?.ok_or_else(unknown)
    }

    /// Returns the source with this uuid and this push token, of any account.
    pub(crate) async fn find_by_token(&self, uuid: &str, token: &str) -> Result<Arc<Source>, Error> {
        // The error for an unknown source is the same as for a wrong token, so that it does not reveal the source.
        let refused =
            || Error::new(Kind::Unauthorized, "the token in the path is not the push token of the data source");
        let parsed = Uuid::parse_str(uuid).map_err(|_| refused())?;
        let source = self.catalogue.pushed_source(parsed).await?.ok_or_else(refused)?;
        if same_secret(token, &source.token) { Ok(source) } else { Err(refused()) }
    }

    /// Returns the error for a uuid that no source has.
    pub(crate) fn unknown(uuid: &str) -> Error {
        Error::not_found(format!("there is no data source with uuid {uuid:?}"))
    }

    /// Returns true if a source has not been deleted.
    pub(crate) async fn exists(&self, source: &Source) -> Result<bool, Error> {
        Ok(self.catalogue.source(&source.account, source.uuid).await?.is_some())
    }

    /// Returns the table of a storage.
    pub(crate) async fn table(&self, source: &Source) -> Result<Table, Error> {
        Ok(self.warehouse.table(source.uuid).await?)
    }

    /// Replaces all rows of a storage with those of a file. A damaged storage is replaced, and
    /// its files are moved to the folder `unknown`.
    pub(crate) async fn reload(&self, source: &Source, file: RowsFile) -> Result<Loaded, Error> {
        let uuid = source.uuid;
        let (table, loaded) = match self.warehouse.table(uuid).await {
            Ok(table) => {
                let loaded = table.reload(file).await?;
                (table, loaded)
            }
            Err(error) if error.kind() == ErrorKind::Damaged => {
                let aside = self.unknown.storage(uuid).context("could not move a damaged storage")?;
                let reloaded = self.warehouse.reload_damaged(uuid, file, &aside).await?;
                tracing::warn!(storage = %uuid, path = %aside.display(), "replaced a damaged storage and moved its files");
                reloaded
            }
            Err(error) => return Err(error.into()),
        };
        self.record(uuid, &table.state()).await;
        Ok(loaded)
    }

    /// Adds the rows of a file to a storage.
    pub(crate) async fn update(&self, source: &Source, file: RowsFile, key: &str) -> Result<Loaded, Error> {
        let table = self.table(source).await?;
        let loaded = table.update(file, key).await?;
        self.record(source.uuid, &table.state()).await;
        Ok(loaded)
    }

    /// Runs a batch on a storage.
    pub(crate) async fn batch(&self, source: &Source, request: BatchRequest) -> Result<(), Error> {
        let table = self.table(source).await?;
        table.batch(request, forced_types(source)?).await?;
        self.record(source.uuid, &table.state()).await;
        Ok(())
    }

    /// Appends a row to a storage.
    pub(crate) async fn push(&self, source: &Source, push: Push) -> Result<(), Error> {
        let table = self.table(source).await?;
        table.push(push).await?;
        // The engine itself stores the number of the last row. The catalogue only has to know that there are rows.
        let pushed = || self.pushed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recorded = pushed().contains(&source.uuid);
        if !is_recorded {
            self.record(source.uuid, &table.state()).await;
            pushed().insert(source.uuid);
        }
        Ok(())
    }

    /// Records what a storage contains at least from now on. A write is acknowledged after it. An error is only logged: the
    /// catalogue then knows less.
    async fn record(&self, uuid: Uuid, state: &TableState) {
        if let Err(error) = self.catalogue.record_storage(uuid, state).await {
            tracing::warn!(storage = %uuid, errors = ?error.messages(), "the state of a storage was not recorded");
        }
    }

    /// Records what all storages contain, after their pushed rows were merged.
    pub(crate) async fn record_all(&self) {
        for (uuid, state) in self.warehouse.states().await {
            self.record(uuid, &state).await;
        }
    }

    /// Runs a query on a source. The answer is JSON.
    pub(crate) async fn query(&self, source: Source, options: Pipeline) -> Result<Answer, Error> {
        let input = self.input(source).await?;
        Ok(self.warehouse.query(input, options).await?)
    }

    /// Runs a query on a source. The answer is CSV.
    pub(crate) async fn query_csv(&self, source: Source, options: Pipeline, csv: CsvOptions) -> Result<Answer, Error> {
        let input = self.input(source).await?;
        Ok(self.warehouse.query_csv(input, options, csv).await?)
    }

    /// Exports all rows of a source as a file.
    pub(crate) async fn export(&self, source: Source, options: ExportOptions) -> Result<ByteStream, Error> {
        let input = self.input(source).await?;
        Ok(self.warehouse.export(input, options).await?)
    }

    /// Returns the input of a query on a source: its table, or the tables that it joins.
    pub(crate) async fn input(&self, source: Source) -> Result<Input, Error> {
        if !source.is_join() {
            return Ok(self.warehouse.input(source.uuid, source.name, source.json_content).await?);
        }
        let tables = joined(&source)?;
        for table in &tables {
            let uuid = table.id;
            let refused = |why| Error::refused(format!("the join `{}` joins the source {uuid}, {why}", source.name));
            let part =
                self.catalogue.source(&source.account, uuid).await?.ok_or_else(|| refused("which does not exist"))?;
            if part.kind != STORAGE {
                return Err(refused("which is not a storage"));
            }
        }
        Ok(self.warehouse.join(source.name, source.json_content, tables).await?)
    }

    /// Removes the stored answers of queries on a source, or on the storages that it joins.
    pub(crate) fn invalidate_cache(&self, source: &Source) -> Result<(), Error> {
        if !source.is_join() {
            return Ok(self.warehouse.invalidate_cache(source.uuid)?);
        }
        for table in joined(source)? {
            self.warehouse.invalidate_cache(table.id)?;
        }
        Ok(())
    }

    /// Deletes a source with its rows and its attached file. Returns false if it did not exist.
    pub(crate) async fn delete(&self, source: &Source) -> Result<bool, Error> {
        let uuid = source.uuid;
        let existed = self.catalogue.delete_source(uuid).await?;
        if source.is_join() {
            return Ok(existed);
        }
        self.warehouse.drop_table(uuid).await?;
        let file = self.uploads.file(uuid);
        if file.exists() {
            std::fs::remove_file(file).context("could not remove the attached file")?;
        }
        Ok(existed)
    }
}
