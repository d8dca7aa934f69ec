//! Scans: the rows of a storage, of its files and those that are pending, and of storages that are joined.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::common::JoinType;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::logical_expr::cast;
use datafusion::prelude::{DataFrame, Expr, SessionContext};
use serenytics_query::vocabulary::ColumnType;
use url::Url;

use super::condition::{column, one_zero};
use super::input::{Input, Key, Part};
use crate::error::{Context, Error, Kind};
use crate::storage::{Column, DataFile, Snapshot, cast_to, query_schema};

const FAILED: &str = "the storage's files could not be read";

/// The rows of some files of a storage.
pub(super) fn files(context: &SessionContext, files: &[Arc<DataFile>], columns: &[Column]) -> Result<DataFrame, Error> {
    let url = |file: &Arc<DataFile>| {
        let path = file.file.path();
        let url = Url::from_file_path(path)
            .map_err(|()| Error::new(Kind::Failed, format!("{} is no absolute path", path.display())))?;
        ListingTableUrl::try_new(url, None).context(FAILED)
    };
    let urls = files.iter().map(url).collect::<Result<_, _>>()?;
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(ListingOptions::new(Arc::new(ParquetFormat::default())))
        .with_schema(query_schema(columns));
    let statistics = context.runtime_env().cache_manager.get_file_statistic_cache();
    let table: Arc<dyn TableProvider> = Arc::new(ListingTable::try_new(config).context(FAILED)?.with_cache(statistics));
    context.read_table(table).context(FAILED)
}

/// The pending rows of a storage.
fn pending(context: &SessionContext, snapshot: &Snapshot) -> Result<DataFrame, Error> {
    const FAILED: &str = "the pushed rows could not be read";
    let schema = query_schema(&snapshot.columns);
    let mut batches = snapshot.pending.batches(&snapshot.columns)?;
    for batch in &mut batches {
        *batch = cast_to(batch, &schema).context(FAILED)?;
    }
    let table = MemTable::try_new(schema, vec![batches]).context(FAILED)?;
    context.read_table(Arc::new(table)).context(FAILED)
}

/// The rows of a storage, in parts: the rows of each part come before those of the next one.
fn parts(context: &SessionContext, snapshot: &Snapshot) -> Result<Vec<DataFrame>, Error> {
    let mut parts = Vec::new();
    if !snapshot.files.is_empty() || snapshot.pending.is_empty() {
        parts.push(files(context, &snapshot.files, &snapshot.columns)?);
    }
    if !snapshot.pending.is_empty() {
        parts.push(pending(context, snapshot)?);
    }
    Ok(parts)
}

/// The rows that a query is over, in any order. Its columns are called as queries call them.
pub(super) fn rows(context: &SessionContext, input: &Input) -> Result<DataFrame, Error> {
    let mut joined: Option<DataFrame> = None;
    for part in &input.parts {
        let parts = parts(context, &part.snapshot)?.into_iter().map(Ok);
        let rows = parts.reduce(|one, other| one?.union(other?).context(FAILED));
        let rows = rows.ok_or_else(nothing)??;
        joined = Some(match joined {
            None if !input.is_join() => rows,
            None => named(rows, part)?,
            Some(left) => {
                // NULL equals nothing, NULL included.
                left.join_on(named(rows, part)?, JoinType::Inner, part.keys.iter().map(equal)).context(FAILED)?
            }
        });
    }
    joined.ok_or_else(nothing)
}

/// The rows of a storage that a query is over, in parts that follow each other.
pub(super) fn rows_in_order(context: &SessionContext, input: &Input) -> Result<Vec<DataFrame>, Error> {
    input
        .parts
        .iter()
        .map(|part| parts(context, &part.snapshot))
        .collect::<Result<Vec<_>, _>>()
        .map(|parts| parts.concat())
}

fn nothing() -> Error {
    Error::new(Kind::Failed, "a query reads nothing")
}

/// The rows of a storage with the names that its columns have in a join.
fn named(rows: DataFrame, part: &Part) -> Result<DataFrame, Error> {
    let columns = part.snapshot.columns.iter().zip(part.columns());
    let columns = columns.map(|(stored, (name, _))| column(&stored.name).alias(name));
    rows.select(columns.collect::<Vec<_>>()).context(FAILED)
}

fn equal(key: &Key) -> Expr {
    let side = |name: &str| match key.is_float {
        true => one_zero(cast(column(name), DataType::Float64), ColumnType::Float),
        false => column(name),
    };
    side(&key.left).eq(side(&key.right))
}
