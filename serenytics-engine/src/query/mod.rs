//! Runs queries: from the options of a request to the bytes of its answer.
//!
//! A query whose answer is stored is answered from the cache (`cache`). Another one waits for a slot
//! (`admission`). Its names are resolved and checked, and it becomes a DataFusion plan (`plan`, with
//! the formulas of `formula` and the shared parts of `expression`). Its rows become bytes (`answer`).

mod admission;
mod answer;
mod cache;
mod expression;
mod failure;
mod formula;
mod input;
mod large;
mod limits;
mod plan;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use serenytics_query::check::check_wire;
use serenytics_query::problem::Problem;
use serenytics_query::wire::{Pipeline, ROW_BY_ROW, Stage};
use uuid::Uuid;

use self::admission::QuerySlots;
pub use self::answer::{Answer, ByteStream, CacheStatus, CsvOptions, ExportFormat, ExportOptions};
use self::answer::{Layout, title};
use self::cache::ResultCache;
pub use self::input::{Input, JoinKey, JoinedTable};
use self::large::LargeQueries;
pub use self::limits::check_measures;
use crate::base::{Error, QueryMetrics};
use crate::session::{Session, run_error};

/// The limits of queries.
#[derive(Debug, Clone, Copy)]
pub struct QueryLimits {
    /// How many bytes of memory all queries may use together.
    pub memory: usize,
    /// How long one query may run.
    pub time: Duration,
    /// How many queries may run at the same time.
    pub at_once: usize,
    /// How many bytes of memory the result cache may use. 0 disables it.
    pub cache: usize,
}

/// Runs queries on a session.
pub(crate) struct Queries {
    session: Arc<Session>,
    slots: QuerySlots,
    large: LargeQueries,
    cache: ResultCache,
    metrics: QueryMetrics,
}

impl Queries {
    /// Runs queries on this session, within these limits.
    pub(crate) fn new(session: Arc<Session>, limits: QueryLimits, metrics: QueryMetrics) -> Queries {
        let slots = QuerySlots::new(limits.at_once, limits.time, metrics.clone());
        let cache = ResultCache::new(limits.cache, metrics.clone());
        Queries { session, slots, large: LargeQueries::default(), cache, metrics }
    }

    /// Returns the answer of a query as JSON: from the cache, or after waiting for a slot.
    pub(crate) async fn answer(&self, input: Input, options: Pipeline) -> Result<Answer, Error> {
        let unknown = options.unknown_settings();
        if !unknown.is_empty() {
            return Err(Error::rejected_for(unknown));
        }
        let layout = layout(options.order.as_deref());
        self.answer_in(layout, input, options).await
    }

    /// Returns the answer of a query as CSV with a header, otherwise like [`answer`](Self::answer).
    pub(crate) async fn answer_csv(&self, input: Input, options: Pipeline, csv: CsvOptions) -> Result<Answer, Error> {
        self.answer_in(Layout::Csv(csv), input, options).await
    }

    async fn answer_in(&self, layout: Layout, input: Input, options: Pipeline) -> Result<Answer, Error> {
        let key = self.cache.key(layout, &input, &options);
        let run = async {
            let mut slot = self.slots.acquire().await?;
            let files = input.files();
            let is_large = limits::is_large(&options.data_processing_pipeline, &input.configuration);
            let answer = begin(Arc::clone(&self.session), self.metrics.rows_read.clone(), layout, input, options);
            let answer = failure::explained(files, answer);
            let chunks = match is_large {
                true => slot.run(self.large.run(answer)).await?,
                false => slot.run(answer).await?,
            };
            Ok(slot.track(chunks))
        };
        self.cache.answer(key, run).await
    }

    /// Removes the answers that read a table from the cache.
    pub(crate) fn invalidate(&self, table: Uuid) -> Result<(), Error> {
        self.cache.invalidate(table)
    }

    /// Waits for a slot and returns all rows of a source as a file.
    pub(crate) async fn export(&self, input: Input, options: ExportOptions) -> Result<ByteStream, Error> {
        let mut slot = self.slots.acquire().await?;
        let files = input.files();
        let chunks = slot.run(failure::explained(files, answer::export(&self.session, input, options))).await?;
        Ok(slot.track(chunks))
    }
}

/// Checks, plans and starts a query.
async fn begin(
    session: Arc<Session>,
    rows_read: Counter,
    layout: Layout,
    input: Input,
    options: Pipeline,
) -> Result<ByteStream, Error> {
    input.check_has_rows()?;
    let mut stage = limits::one_stage(options.data_processing_pipeline)?;
    let columns = plan::resolve(&mut stage, &input)?;
    let checked = check_wire(&columns.schema, &stage).map_err(|problems| rejected(&problems, &stage))?;
    let titles: Vec<_> = checked.shape.iter().map(title).collect();
    if options.only_headers == Some(true) {
        return answer::headers(&titles);
    }
    let parts = if input.is_join() || plan::is_reordered(&checked.stage, &columns) {
        let context = match checked.stage.conditions.is_empty() && !input.is_join() {
            _ if !columns.ranks.is_empty() => &session.ranked,
            true => &session.parallel,
            false => &session.filtered,
        };
        vec![plan::rows(context, &input)?]
    } else {
        plan::rows_in_order(&session.ordered, &input)?
    };
    let mut batches = Vec::with_capacity(parts.len());
    for rows in parts {
        let rows = plan::plan(rows, &checked, &columns)?;
        batches.push(rows.execute_stream().await.map_err(run_error)?);
    }
    let batches = answer::chained(batches, plan::limit(&checked.stage));
    match layout {
        Layout::Rows => answer::rows(&titles, batches, input, rows_read).await,
        Layout::Columns => answer::columns(&titles, batches, &session, &rows_read).await,
        Layout::Csv(csv) => answer::csv::rows(&titles, batches, input, rows_read, csv).await,
    }
}

fn layout(order: Option<&str>) -> Layout {
    match order {
        Some(ROW_BY_ROW) => Layout::Rows,
        _ => Layout::Columns,
    }
}

/// Returns the error of an invalid stage: for each problem its place, and what to write instead.
fn rejected(problems: &[Problem], stage: &Stage) -> Error {
    let sentence = |Problem { message, help, position, .. }: &Problem| {
        let help = help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        let place = stage.place(*position).map(|place| format!(" ({place})")).unwrap_or_default();
        format!("{message}{help}{place}")
    };
    Error::rejected_for(problems.iter().map(sentence).collect())
}
