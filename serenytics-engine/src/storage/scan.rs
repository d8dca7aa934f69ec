//! Scans: reads the rows of a storage, from its files and from memory, as DataFusion data frames.

use std::sync::Arc;

use datafusion::catalog::{MemTable, TableProvider};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::prelude::{DataFrame, SessionContext};
use url::Url;

use super::snapshot::{DataFile, Snapshot};
use crate::base::{Context, Error, ErrorKind};
use crate::rows::{Column, cast_to, query_schema};
use crate::session::DataFiles;

const FAILED: &str = "the storage's files could not be read";

/// Returns the rows of some files of a storage.
pub(crate) fn scan_files(
    context: &SessionContext,
    files: &[Arc<DataFile>],
    columns: &[Column],
) -> Result<DataFrame, Error> {
    let known = context.state_ref().read().config().get_extension::<DataFiles>();
    let known = known.ok_or_else(|| Error::new(ErrorKind::Failed, "the session reads no data files"))?;
    let url = |file: &Arc<DataFile>| {
        let path = file.file.path();
        let url = Url::from_file_path(path)
            .map_err(|()| Error::new(ErrorKind::Failed, format!("{} is not an absolute path", path.display())))?;
        let url = ListingTableUrl::try_new(url, None).context(FAILED)?;
        known.add(url.prefix(), &file.content);
        Ok(url)
    };
    let urls = files.iter().map(url).collect::<Result<_, Error>>()?;
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(ListingOptions::new(Arc::new(ParquetFormat::default())))
        .with_schema(query_schema(columns));
    let statistics = context.runtime_env().cache_manager.get_file_statistic_cache();
    let table: Arc<dyn TableProvider> = Arc::new(ListingTable::try_new(config).context(FAILED)?.with_cache(statistics));
    context.read_table(table).context(FAILED)
}

/// Returns the unmerged rows of a storage.
fn scan_unmerged(context: &SessionContext, snapshot: &Snapshot) -> Result<DataFrame, Error> {
    const FAILED: &str = "the pushed rows could not be read";
    let schema = query_schema(&snapshot.columns);
    let mut batches = snapshot.unmerged.batches(&snapshot.columns)?;
    for batch in &mut batches {
        *batch = cast_to(batch, &schema).context(FAILED)?;
    }
    let table = MemTable::try_new(schema, vec![batches]).context(FAILED)?;
    context.read_table(Arc::new(table)).context(FAILED)
}

/// Returns the rows of a storage in parts. All rows of a part come before those of the next one.
pub(crate) fn scan_parts(context: &SessionContext, snapshot: &Snapshot) -> Result<Vec<DataFrame>, Error> {
    let mut parts = Vec::new();
    if !snapshot.files.is_empty() || snapshot.unmerged.is_empty() {
        parts.push(scan_files(context, &snapshot.files, &snapshot.columns)?);
    }
    if !snapshot.unmerged.is_empty() {
        parts.push(scan_unmerged(context, snapshot)?);
    }
    Ok(parts)
}
