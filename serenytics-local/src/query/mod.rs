//! Queries: from the options of a request to the bytes of its answer.

mod answer;
mod cells;
mod condition;
mod limits;
mod plan;
mod slot;
mod titles;

use std::path::Path;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use serenytics_query::check::check_wire;
use serenytics_query::problem::Problem;
use serenytics_query::schema::{Schema, SourceRef};
use serenytics_query::wire::{Pipeline, ROW_BY_ROW};
use url::Url;

use answer::Layout;
pub(crate) use answer::Pieces;

use crate::error::{Context, Error, Kind};
use crate::storage::{Column, DataFile, Snapshot, query_schema};

/// What runs queries: DataFusion, with one memory limit for all of them.
pub(crate) struct Queries {
    memory: Arc<dyn MemoryPool>,
    /// For queries whose rows may come in any order.
    parallel: SessionContext,
    /// For queries that give the rows as they were loaded.
    ordered: SessionContext,
}

impl Queries {
    /// Queries that take `memory` bytes between them, and write what does not fit into `folder`.
    pub(crate) fn new(memory: usize, folder: &Path) -> Result<Queries, Error> {
        const CONTEXT: &str = "DataFusion could not be set up";
        std::fs::create_dir_all(folder).context(CONTEXT)?;
        let memory: Arc<dyn MemoryPool> = Arc::new(FairSpillPool::new(memory));
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::clone(&memory))
            .with_temp_file_path(folder)
            .build_arc()
            .context(CONTEXT)?;
        let parallel = SessionConfig::new().with_information_schema(false);
        // One partition, and every file in its turn: statistics would let a limit take the files that are known first.
        let ordered = parallel.clone().with_target_partitions(1).with_collect_statistics(false);
        Ok(Queries {
            memory,
            parallel: SessionContext::new_with_config_rt(parallel, Arc::clone(&runtime)),
            ordered: SessionContext::new_with_config_rt(ordered, runtime),
        })
    }

    /// Answers a request.
    pub(crate) async fn answer(
        &self,
        source: &str,
        snapshot: Arc<Snapshot>,
        options: Pipeline,
    ) -> Result<Pieces, Error> {
        if snapshot.rows == 0 {
            return Err(Error::new(Kind::Empty, "Storage source is empty"));
        }
        let stage = limits::one_stage(options.data_processing_pipeline)?;
        let titles: Vec<_> = snapshot.columns.iter().map(Column::title).collect();
        let schema = Schema::from_titles(SourceRef::Name(source.to_owned().into()), &titles);
        let checked = check_wire(&schema, &stage).map_err(refused)?;
        let titles: Vec<_> = checked.shape.iter().map(titles::title).collect();
        if options.only_headers == Some(true) {
            return answer::headers(&titles);
        }
        let keeps_order = checked.stage.order_by.is_empty() && !plan::is_aggregated(&checked.stage);
        let context = if keeps_order { &self.ordered } else { &self.parallel };
        let rows = scan(context, &snapshot.files, &snapshot.columns)?;
        let batches =
            plan::plan(rows, &checked, &schema, &snapshot)?.execute_stream().await.map_err(answer::run_error)?;
        match layout(options.order.as_deref()) {
            Layout::Rows => answer::rows(&titles, batches, snapshot).await,
            Layout::Columns => answer::columns(&titles, batches, &self.memory).await,
        }
    }

    /// The rows of some files of a storage, in the order of their loading.
    pub(crate) fn rows(&self, files: &[Arc<DataFile>], columns: &[Column]) -> Result<DataFrame, Error> {
        scan(&self.ordered, files, columns)
    }
}

fn layout(order: Option<&str>) -> Layout {
    match order {
        Some(ROW_BY_ROW) => Layout::Rows,
        _ => Layout::Columns,
    }
}

fn refused(problems: Vec<Problem>) -> Error {
    Error::refused_for(problems.into_iter().map(|problem| problem.message).collect())
}

fn scan(context: &SessionContext, files: &[Arc<DataFile>], columns: &[Column]) -> Result<DataFrame, Error> {
    const CONTEXT: &str = "the storage's files could not be read";
    let url = |file: &Arc<DataFile>| {
        let path = file.file.path();
        let url = Url::from_file_path(path)
            .map_err(|()| Error::new(Kind::Failed, format!("{} is no absolute path", path.display())))?;
        ListingTableUrl::try_new(url, None).context(CONTEXT)
    };
    let urls = files.iter().map(url).collect::<Result<_, _>>()?;
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(ListingOptions::new(Arc::new(ParquetFormat::default())))
        .with_schema(query_schema(columns));
    let statistics = context.runtime_env().cache_manager.get_file_statistic_cache();
    let table: Arc<dyn TableProvider> =
        Arc::new(ListingTable::try_new(config).context(CONTEXT)?.with_cache(statistics));
    context.read_table(table).context(CONTEXT)
}
