//! The session: DataFusion's contexts, and the memory pool that all queries share.

mod checked_file;
mod cooperative;
mod data_files;

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use url::Url;

pub(crate) use self::checked_file::{CheckedFile, Checksums};
use self::cooperative::Cooperative;
pub(crate) use self::data_files::DataFiles;
use crate::base::{Context, Error, ErrorKind};

/// The URL of data files, without their paths.
const DATA_FILES: &str = "file:///";

/// The DataFusion contexts of a warehouse, which share one memory pool.
pub(crate) struct Session {
    memory: Arc<dyn MemoryPool>,
    /// For queries that may return rows in any order.
    pub(crate) parallel: SessionContext,
    /// For queries with conditions or joins. It lacks the optimizer rule that answers from
    /// statistics: DataFusion assumes that a column with an equality condition has one distinct
    /// value, even if no row is left.
    pub(crate) filtered: SessionContext,
    /// For queries with ranks. It has one partition, so that each sort gets a large share of the
    /// memory.
    pub(crate) ranked: SessionContext,
    /// For queries that return rows in the order of loading.
    pub(crate) ordered: SessionContext,
}

impl Session {
    /// Opens a session whose queries use up to `memory` bytes and spill to files in `folder`.
    pub(crate) fn open(memory: usize, folder: &Path) -> Result<Session, Error> {
        const CONTEXT: &str = "DataFusion could not be set up";
        std::fs::create_dir_all(folder).context(CONTEXT)?;
        let memory: Arc<dyn MemoryPool> = Arc::new(FairSpillPool::new(memory));
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::clone(&memory))
            .with_temp_file_path(folder)
            .build_arc()
            .context(CONTEXT)?;
        let files = Arc::new(DataFiles::default());
        runtime.register_object_store(&Url::parse(DATA_FILES).context(CONTEXT)?, Arc::clone(&files) as _);
        let mut parallel = SessionConfig::new().with_information_schema(false).with_extension(files);
        // This rule skips rows by the column of a `min` or `max`, but ignores columns inside
        // expressions: https://github.com/apache/datafusion/issues/24816.
        parallel.options_mut().optimizer.enable_aggregate_dynamic_filter_pushdown = false;
        // One partition reads one file after the other. With statistics, a limit could start with
        // any file.
        let single = parallel.clone().with_target_partitions(1);
        let ordered = single.clone().with_collect_statistics(false);
        // Sorts can be nested, and several queries run at the same time.
        let ranked = single.with_sort_spill_reservation_bytes(1 << 20);
        let parallel = SessionContext::new_with_config_rt(parallel, Arc::clone(&runtime));
        Ok(Session {
            memory,
            filtered: cooperative(&parallel),
            parallel,
            ranked: cooperative(&SessionContext::new_with_config_rt(ranked, Arc::clone(&runtime))),
            ordered: SessionContext::new_with_config_rt(ordered, runtime),
        })
    }

    /// Returns how many bytes of memory queries use now.
    pub(crate) fn memory_used(&self) -> usize {
        self.memory.reserved()
    }

    /// Makes an empty reservation of the queries' memory. Errors show `name`.
    pub(crate) fn reserve(&self, name: &str) -> Reservation {
        Reservation { reservation: MemoryConsumer::new(name).register(&self.memory) }
    }
}

/// Memory of the queries that is reserved for something else. It is freed on drop.
pub(crate) struct Reservation {
    reservation: MemoryReservation,
}

impl Reservation {
    /// Reserves more memory. Fails if there is not enough.
    pub(crate) fn grow(&self, bytes: usize) -> Result<(), Error> {
        self.reservation.try_grow(bytes).map_err(run_error)
    }
}

/// Returns a copy of a context whose joins and windows yield, without the rule that answers from
/// statistics.
fn cooperative(context: &SessionContext) -> SessionContext {
    let state = context.state();
    let rules = state.physical_optimizers().iter().filter(|other| other.name() != "aggregate_statistics");
    let rules = rules.cloned().chain([Arc::new(Cooperative) as Arc<_>]).collect();
    SessionContext::new_with_state(
        SessionStateBuilder::new_from_existing(state).with_physical_optimizer_rules(rules).build(),
    )
}

/// Converts an error of a running query to an error of the engine.
pub(crate) fn run_error(error: DataFusionError) -> Error {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => {
            tracing::info!(%error, "a query needs too much memory");
            let message = "the query needs more memory than queries may use: select fewer columns or use \
                           fewer groups";
            Error::new(ErrorKind::Limit, message)
        }
        DataFusionError::ArrowError(error, _)
            if matches!(**error, ArrowError::CastError(_) | ArrowError::ArithmeticOverflow(_)) =>
        {
            Error::rejected(format!(
                "a formula returns an integer that does not fit 64 bits ({error}): make it a float by putting \
                 `1.0 *` in front of it"
            ))
        }
        _ => Error::failed("the query failed", error),
    }
}
