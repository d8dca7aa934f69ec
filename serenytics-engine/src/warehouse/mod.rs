//! The warehouse: the crate's API over tables, loads and queries.

mod table;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use serenytics_query::wire::Pipeline;
use uuid::Uuid;

pub use self::table::{PausedWrites, Table};
use crate::base::{Context, Error, QueryMetrics};
use crate::load::{Loaded, RowsFile, reload};
use crate::query::{Answer, ByteStream, CsvOptions, ExportOptions, Input, JoinedTable, Queries, QueryLimits};
use crate::session::Session;
use crate::storage::{Storages, TableState};

/// A folder of tables, and the engine that queries them.
///
/// The tables are in the subfolder `storages`. Queries that exceed their memory write to the
/// subfolder `spill`.
pub struct Warehouse {
    session: Arc<Session>,
    queries: Queries,
    storages: Storages,
    metrics: QueryMetrics,
}

impl Warehouse {
    /// Opens the warehouse in a folder, creating it if needed.
    ///
    /// Deletes the subfolder `spill` with everything in it: temporary files that a killed process
    /// left.
    ///
    /// Only one warehouse may have the folder open at a time: a second one, in this process or
    /// another, corrupts its data. The warehouse does not lock the folder, so the caller must hold
    /// a lock as long as the warehouse exists.
    ///
    /// # Errors
    /// The folder cannot be read or written.
    pub fn open(folder: &Path, limits: QueryLimits) -> Result<Warehouse, Error> {
        let spill = folder.join("spill");
        if spill.exists() {
            // Left over from a process that was killed.
            std::fs::remove_dir_all(&spill).context("could not open the folder of the warehouse")?;
        }
        let metrics = QueryMetrics::default();
        let session = Arc::new(Session::open(limits.memory, &spill)?);
        let queries = Queries::new(Arc::clone(&session), limits, metrics.clone());
        let storages = Storages::open(folder.join("storages"), Arc::clone(&session))?;
        Ok(Warehouse { session, queries, storages, metrics })
    }

    /// Returns the ids of the tables that have files.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn tables(&self) -> Result<Vec<Uuid>, Error> {
        self.storages.ids()
    }

    /// Moves the folder of a table, with its rows and its write-ahead log, to the path `target` in
    /// the same file system. Call it before the table is used.
    ///
    /// # Errors
    /// The folder cannot be moved.
    pub fn set_aside(&self, id: Uuid, target: &Path) -> Result<(), Error> {
        self.storages.set_aside(id, target)
    }

    /// Moves the folder of a table back from the path `source`, in the same file system.
    ///
    /// # Errors
    /// The folder cannot be moved.
    pub fn take_up(&self, id: Uuid, source: &Path) -> Result<(), Error> {
        self.storages.take_up(id, source)
    }

    /// Returns the metrics of queries, to be added to a registry.
    #[must_use]
    pub fn metrics(&self) -> &QueryMetrics {
        &self.metrics
    }

    /// Returns how many bytes of memory queries use now.
    #[must_use]
    pub fn memory_used(&self) -> usize {
        self.session.memory_used()
    }

    /// Returns the table with this id. It is empty if nothing was loaded yet.
    ///
    /// # Errors
    /// The table's files cannot be read or written.
    pub async fn table(&self, id: Uuid) -> Result<Table, Error> {
        Ok(Table::new(self.storages.get(id).await?, Arc::clone(&self.session)))
    }

    /// Sets what a table contains at least, before the table is used. Using a table that contains less fails with the kind
    /// [`Damaged`](crate::ErrorKind::Damaged).
    pub fn expect(&self, id: Uuid, state: TableState) {
        self.storages.expect(id, state);
    }

    /// Returns the states of the tables that were used.
    pub async fn states(&self) -> Vec<(Uuid, TableState)> {
        self.storages.states().await
    }

    /// Loads a file into a table that is damaged, and returns the table. The files of the damaged table are moved to the
    /// path `aside`, in the same file system, and are not deleted.
    ///
    /// # Errors
    /// The file is invalid. The error names the line and the column. The table is still damaged then.
    pub async fn reload_damaged(&self, id: Uuid, file: RowsFile, aside: &Path) -> Result<(Table, Loaded), Error> {
        let replacement = self.storages.begin_replacement(id).await?;
        let loaded = match reload(&replacement.storage, file).await {
            Ok(loaded) => loaded,
            Err(error) => {
                self.storages.cancel_replacement(replacement)?;
                return Err(error);
            }
        };
        self.storages.finish_replacement(replacement, aside).await?;
        Ok((self.table(id).await?, loaded))
    }

    /// Accepts what is left of a damaged table, which was not used before. Returns its state. Data files of lost commits are
    /// moved to the path `aside`, in the same file system.
    ///
    /// # Errors
    /// Other files of the table are damaged, so that it cannot be used without them. Nothing is changed then.
    pub async fn accept_damaged(&self, id: Uuid, aside: &Path) -> Result<TableState, Error> {
        Ok(self.storages.accept(id, aside).await?.state())
    }

    /// Drops a table. Its files are removed once no query reads them.
    ///
    /// # Errors
    /// A table that cannot be opened cannot be removed either.
    pub async fn drop_table(&self, id: Uuid) -> Result<(), Error> {
        self.storages.remove(id).await
    }

    /// Returns the current rows of a table as the input of a query.
    ///
    /// Queries call the table `name`. `configuration["measures"]` defines the measures that they
    /// may use.
    ///
    /// # Errors
    /// The table's files cannot be read or written.
    pub async fn input(&self, id: Uuid, name: String, configuration: Value) -> Result<Input, Error> {
        let snapshot = self.storages.get(id).await?.snapshot();
        Ok(Input::storage(id, name, configuration, snapshot))
    }

    /// Returns an inner join of the current rows of tables as the input of a query.
    ///
    /// # Errors
    /// A key is not a column, or joins columns whose types are never equal.
    pub async fn join(&self, name: String, configuration: Value, tables: Vec<JoinedTable>) -> Result<Input, Error> {
        let mut parts = Vec::with_capacity(tables.len());
        for table in tables {
            let snapshot = self.storages.get(table.id).await?.snapshot();
            parts.push((table, snapshot));
        }
        Input::join(name, configuration, parts)
    }

    /// Runs a query and returns its answer as JSON. The first chunk is ready on return, so most
    /// errors are returned before the answer begins.
    ///
    /// The answer may come from the result cache, which never returns rows of an older version of
    /// a table than the input's.
    ///
    /// # Errors
    /// The query is invalid, needs more than the [`QueryLimits`], or too many queries are waiting.
    pub async fn query(&self, input: Input, options: Pipeline) -> Result<Answer, Error> {
        self.queries.answer(input, options).await
    }

    /// Runs a query and returns its answer as CSV with a header, otherwise like
    /// [`query`](Self::query).
    ///
    /// # Errors
    /// The same as [`query`](Self::query).
    pub async fn query_csv(&self, input: Input, options: Pipeline, csv: CsvOptions) -> Result<Answer, Error> {
        self.queries.answer_csv(input, options, csv).await
    }

    /// Returns all rows as a file. The first chunk is ready on return.
    ///
    /// # Errors
    /// Same as [`check_export`](Input::check_export) and [`query`](Self::query).
    pub async fn export(&self, input: Input, options: ExportOptions) -> Result<ByteStream, Error> {
        self.queries.export(input, options).await
    }

    /// Removes the answers that read a table from the result cache, which frees their memory.
    ///
    /// # Errors
    /// The cache cannot be emptied.
    pub fn invalidate_cache(&self, table: Uuid) -> Result<(), Error> {
        self.queries.invalidate(table)
    }

    /// Merges the write-ahead logs into the tables. Dropping a warehouse without this call loses
    /// nothing: the rows stay in the logs.
    pub async fn close(&self) {
        self.storages.merge_all().await;
    }
}

impl std::fmt::Debug for Warehouse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Warehouse").finish_non_exhaustive()
    }
}
