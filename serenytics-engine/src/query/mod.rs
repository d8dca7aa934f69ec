//! Queries: from the options of a request to the bytes of its answer.

mod aggregate;
mod answer;
mod cells;
mod columns;
mod condition;
mod csv;
mod export;
mod formula;
mod input;
mod limits;
mod names;
mod plan;
mod ranks;
mod scan;
mod slot;
mod titles;
mod turn;
mod yielding;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use prometheus_client::metrics::counter::Counter;
use serenytics_query::check::check_wire;
use serenytics_query::problem::Problem;
use serenytics_query::wire::{Pipeline, ROW_BY_ROW};

use answer::Layout;
pub(crate) use answer::Pieces;
pub(crate) use export::{ExportFormat, ExportOptions, check_export};
pub(crate) use input::Input;
pub(crate) use limits::check_measures;
use turn::Turns;
use yielding::Yielding;

use crate::error::{Context, Error, Kind};
use crate::metrics::Metrics;
use crate::storage::{Column, DataFile};

/// How much of the machine queries may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueryLimits {
    /// How many bytes of memory all of them take between them.
    pub(crate) memory: usize,
    /// How long one runs.
    pub(crate) time: Duration,
    /// How many run at the same time.
    pub(crate) at_once: usize,
}

/// What runs queries: DataFusion, with one memory limit for all of them.
pub(crate) struct Queries {
    turns: Turns,
    rows_read: Counter,
    memory: Arc<dyn MemoryPool>,
    /// For queries whose rows may come in any order.
    parallel: SessionContext,
    /// For such queries over some of the rows, or over joined ones. Of a column that has to equal a value, DataFusion
    /// takes it for known how many distinct values are left, also when no row is: its rule that answers from statistics
    /// is left out.
    filtered: SessionContext,
    /// For queries with places among all rows: one partition, so that each of the sorts has a good part of the memory.
    ranked: SessionContext,
    /// For queries that give the rows as they were loaded.
    ordered: SessionContext,
}

impl Queries {
    /// Queries with these limits, which write what does not fit into their memory into `folder`.
    pub(crate) fn new(limits: QueryLimits, folder: &Path, metrics: &Arc<Metrics>) -> Result<Queries, Error> {
        const CONTEXT: &str = "DataFusion could not be set up";
        std::fs::create_dir_all(folder).context(CONTEXT)?;
        let memory: Arc<dyn MemoryPool> = Arc::new(FairSpillPool::new(limits.memory));
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::clone(&memory))
            .with_temp_file_path(folder)
            .build_arc()
            .context(CONTEXT)?;
        let mut parallel = SessionConfig::new().with_information_schema(false);
        // It leaves out rows by the columns of which a query has a `min` or `max`, and forgets those of expressions:
        // https://github.com/apache/datafusion/issues/24816.
        parallel.options_mut().optimizer.enable_aggregate_dynamic_filter_pushdown = false;
        // One partition, and every file in its turn: statistics would let a limit take the files that are known first.
        let single = parallel.clone().with_target_partitions(1);
        let ordered = single.clone().with_collect_statistics(false);
        // Several sorts stand on each other there, and several queries beside each other.
        let ranked = single.with_sort_spill_reservation_bytes(1 << 20);
        let parallel = SessionContext::new_with_config_rt(parallel, Arc::clone(&runtime));
        Ok(Queries {
            turns: Turns::new(limits.at_once, limits.time, Arc::clone(metrics)),
            rows_read: metrics.rows_read.clone(),
            memory,
            filtered: yielding(&parallel),
            parallel,
            ranked: yielding(&SessionContext::new_with_config_rt(ranked, Arc::clone(&runtime))),
            ordered: SessionContext::new_with_config_rt(ordered, runtime),
        })
    }

    /// How many bytes of memory queries hold now.
    pub(crate) fn memory_held(&self) -> usize {
        self.memory.reserved()
    }

    /// Answers a request as JSON, when it is its turn.
    pub(crate) async fn answer(&self, input: Input, options: Pipeline) -> Result<Pieces, Error> {
        let layout = layout(options.order.as_deref());
        self.answer_in(layout, input, options).await
    }

    /// Answers a request as CSV with a header, when it is its turn.
    pub(crate) async fn answer_csv(&self, input: Input, options: Pipeline) -> Result<Pieces, Error> {
        self.answer_in(Layout::Csv, input, options).await
    }

    async fn answer_in(&self, layout: Layout, input: Input, options: Pipeline) -> Result<Pieces, Error> {
        let mut turn = self.turns.take().await?;
        let pieces = turn.run(self.begin(layout, input, options)).await?;
        Ok(turn.over(pieces))
    }

    /// Checks, plans and starts a query.
    async fn begin(&self, layout: Layout, input: Input, options: Pipeline) -> Result<Pieces, Error> {
        check_has_rows(&input)?;
        let mut stage = limits::one_stage(options.data_processing_pipeline)?;
        let columns = names::columns(&mut stage, &input)?;
        let checked = check_wire(&columns.schema, &stage).map_err(refused)?;
        let titles: Vec<_> = checked.shape.iter().map(titles::title).collect();
        if options.only_headers == Some(true) {
            return answer::headers(&titles);
        }
        let parts = if input.is_join() || plan::is_reordered(&checked.stage, &columns) {
            let context = match checked.stage.conditions.is_empty() && !input.is_join() {
                _ if !columns.ranks.is_empty() => &self.ranked,
                true => &self.parallel,
                false => &self.filtered,
            };
            vec![scan::rows(context, &input)?]
        } else {
            scan::rows_in_order(&self.ordered, &input)?
        };
        let mut batches = Vec::with_capacity(parts.len());
        for rows in parts {
            let rows = plan::plan(rows, &checked, &columns)?;
            batches.push(rows.execute_stream().await.map_err(answer::run_error)?);
        }
        let batches = answer::in_turn(batches, plan::limit(&checked.stage));
        match layout {
            Layout::Rows => answer::rows(&titles, batches, input, self.rows_read.clone()).await,
            Layout::Columns => answer::columns(&titles, batches, &self.memory, &self.rows_read).await,
            Layout::Csv => csv::rows(&titles, batches, input, self.rows_read.clone()).await,
        }
    }

    /// All rows of a source, as a file.
    pub(crate) async fn export(&self, input: Input, options: ExportOptions) -> Result<Pieces, Error> {
        let mut turn = self.turns.take().await?;
        let pieces = turn.run(export::export(self, input, options)).await?;
        Ok(turn.over(pieces))
    }

    /// Memory of the queries, for something else that has to be held.
    pub(crate) fn reserve(&self, name: &str) -> Reserved {
        Reserved { reservation: MemoryConsumer::new(name).register(&self.memory) }
    }

    /// The rows of some files of a storage, in the order of their loading.
    pub(crate) fn rows(&self, files: &[Arc<DataFile>], columns: &[Column]) -> Result<DataFrame, Error> {
        scan::files(&self.ordered, files, columns)
    }
}

/// Refuses a source without rows, in the platform's words.
fn check_has_rows(input: &Input) -> Result<(), Error> {
    if input.is_empty() {
        return Err(Error::new(Kind::Empty, "Storage source is empty"));
    }
    Ok(())
}

/// Memory that is taken from the queries until this is dropped.
pub(crate) struct Reserved {
    reservation: MemoryReservation,
}

impl Reserved {
    /// Takes more; an error if there is none.
    pub(crate) fn grow(&self, bytes: usize) -> Result<(), Error> {
        self.reservation.try_grow(bytes).map_err(answer::run_error)
    }
}

/// The context without the rule that answers from statistics, and with one that has joins and windows yield.
fn yielding(context: &SessionContext) -> SessionContext {
    let state = context.state();
    let rules = state.physical_optimizers().iter().filter(|other| other.name() != "aggregate_statistics");
    let rules = rules.cloned().chain([Arc::new(Yielding) as Arc<_>]).collect();
    SessionContext::new_with_state(
        SessionStateBuilder::new_from_existing(state).with_physical_optimizer_rules(rules).build(),
    )
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
